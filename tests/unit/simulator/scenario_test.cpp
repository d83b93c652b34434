// The scenario files, and what the phones of a world say at the end.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "simulator/world/scenario.h"
#include "simulator/world/schema_check.h"
#include "simulator/world/verdict.h"
#include "src/base/file.h"

namespace unbrick::simulator {
namespace {

TEST(Scenarios, EveryFileIsRightAndNamedByItsId) {
    auto scenarios = all_scenarios();
    ASSERT_TRUE(scenarios) << scenarios.error().to_string();
    EXPECT_GE(scenarios->size(), 30u);
    std::set<std::uint64_t> ecids;
    for (const Scenario& scenario : *scenarios) {
        EXPECT_TRUE(find_scenario(scenario.id)) << scenario.id;
        EXPECT_TRUE(scenario.expected.contains("cause")) << scenario.id;
        for (const ScenarioPhone& phone : scenario.phones)
            EXPECT_TRUE(ecids.insert(phone.nature.ecid).second) << scenario.id << " uses the ECID of another scenario";
    }
}

TEST(Scenarios, CausesAndActionsAreThoseOfTheKnowledgeBase) {
    auto causes = base::load_json(UNBRICK_SOURCE_FOLDER "/knowledge/causes.json");
    auto actions = base::load_json(UNBRICK_SOURCE_FOLDER "/knowledge/actions.json");
    auto scenarios = all_scenarios();
    ASSERT_TRUE(causes && actions && scenarios);
    const std::string known_causes = causes->dump(), known_actions = actions->dump();
    for (const Scenario& scenario : *scenarios) {
        EXPECT_THAT(known_causes, testing::HasSubstr("\"" + scenario.expected.at("cause").get<std::string>() + "\"")) << scenario.id;
        EXPECT_THAT(known_actions, testing::HasSubstr("\"" + scenario.expected.at("action").get<std::string>() + "\"")) << scenario.id;
    }
}

TEST(Scenarios, TwoPhonesWithOneEcidAreRefused) {
    auto folder = base::TemporaryFolder::create();
    auto json = base::load_json(UNBRICK_SOURCE_FOLDER "/simulator/scenarios/two-phones.json");
    ASSERT_TRUE(folder && json);
    (*json)["phones"][1]["ecid"] = (*json)["phones"][0]["ecid"];
    const auto file = folder->path() / "twins.json";
    ASSERT_TRUE(base::write_file_atomically(file, json->dump()));
    auto scenario = load_scenario(file);
    ASSERT_FALSE(scenario);
    EXPECT_THAT(scenario.error().message(), testing::HasSubstr("/phones/1/ecid"));
}

TEST(Schema, MistakesCarryTheirPlace) {
    const base::Json schema = base::Json::parse(R"({"properties":{"a":{"items":{"type":"integer"}}}})");
    auto mistakes = check_schema(schema, base::Json::parse(R"({"a":[1,"x"]})"));
    ASSERT_TRUE(mistakes);
    ASSERT_FALSE(mistakes->empty());
    EXPECT_EQ(mistakes->front().pointer, "/a/1");
}

base::Json verdict_of(const char* scenario_id, const std::function<void(PhoneUnit&)>& before = {}) {
    auto scenario = find_scenario(scenario_id);
    EXPECT_TRUE(scenario);
    Timeline timeline(50);
    std::vector<std::unique_ptr<PhoneUnit>> units;
    units.push_back(std::make_unique<PhoneUnit>(scenario->phones.front(), timeline, 0));
    if (before) before(*units.front());
    return settle_and_judge(units, timeline);
}

TEST(Verdict, AKickOutGivenJustBeforeTheEndCounts) {
    const base::Json verdict = verdict_of("recovery-loop", [](PhoneUnit& unit) {
        unit.phone().set_variable("auto-boot", "true");
        unit.phone().save_variables();
        unit.phone().reboot("test");
    });
    EXPECT_EQ(verdict.at("mode"), "normal");
    EXPECT_TRUE(verdict.at("stable").get<bool>());
    EXPECT_GE(verdict.at("stable_for").get<double>(), kStableSeconds);
}

TEST(Verdict, WithoutSavingItComesBackToRecovery) {
    const base::Json verdict = verdict_of("recovery-loop", [](PhoneUnit& unit) {
        unit.phone().set_variable("auto-boot", "true");
        unit.phone().reboot("test");
    });
    EXPECT_EQ(verdict.at("mode"), "recovery");
    EXPECT_FALSE(verdict.at("stable").get<bool>());
}

TEST(Verdict, ALoopAndASilentPhoneAreNotStable) {
    EXPECT_FALSE(verdict_of("boot-loop-sensor").at("stable").get<bool>());
    EXPECT_FALSE(verdict_of("lockdown-silent").at("stable").get<bool>());
    EXPECT_TRUE(verdict_of("healthy").at("stable").get<bool>());
}

}  // namespace
}  // namespace unbrick::simulator
