// What the person of a scenario makes of asks.
#include <gtest/gtest.h>

#include "simulator/world/person_rules.h"

namespace unbrick::simulator {
namespace {

using base::Json;

PersonMind mind(const char* json) {
    auto rules = PersonRules::from_json(Json::parse(json));
    EXPECT_TRUE(rules) << (rules ? "" : rules.error().to_string());
    return PersonMind(rules ? std::move(*rules) : PersonRules{});
}

TEST(Person, DeclinesConsentUnlessTheScenarioSaysSo) {
    const Json ask = {{"id", "1"}, {"kind", "consent"}, {"phrase", "erase 1234"}};
    EXPECT_EQ(mind("{}").decide(ask, "black").answer, "no");
    EXPECT_EQ(mind(R"({"consent":"give"})").decide(ask, "black").answer, "erase 1234");
    EXPECT_FALSE(mind(R"({"consent":"silent"})").decide(ask, "black").answer);
}

TEST(Person, TellsWhatTheScreenShows) {
    const Json ask = {{"kind", "question"}, {"question", "screen"},
                      {"choices", Json::array({Json::array({"black", "Black"}), Json::array({"logo", "A logo"}), Json::array({"cable", "A cable"})})}};
    EXPECT_EQ(mind("{}").decide(ask, "computer-and-cable").answer, "cable");
    EXPECT_EQ(mind("{}").decide(ask, "logo").answer, "logo");
    const PersonPlan lie = mind(R"({"truths":{"screen":"logo"}})").decide(ask, "black");
    EXPECT_EQ(lie.answer, "logo");
    EXPECT_TRUE(lie.answer_is_choice);
}

TEST(Person, SeesNothingUnusualWhenNothingIsSaid) {
    const Json ask = {{"kind", "question"}, {"question", "swollen_hot_or_wet"}, {"choices", Json::array({"yes", "no"})}};
    EXPECT_EQ(mind("{}").decide(ask, "black").answer, "no");
    EXPECT_EQ(mind(R"({"truths":{"swollen_hot_or_wet":"yes"}})").decide(ask, "black").answer, "yes");
}

TEST(Person, PerformsButtonsAsAsked) {
    const Json ask = Json::parse(R"({"kind":"buttons","buttons":{"sequence":"dfu","steps":[
        {"action":"press","buttons":["volume-up"],"seconds":0.3},
        {"action":"hold","buttons":["side"],"seconds":10},
        {"action":"hold","buttons":["side","volume-down"],"seconds":5},
        {"action":"hold","buttons":["volume-down"],"seconds":8}]}})");
    const PersonPlan plan = mind(R"({"delay":1})").decide(ask, "black");
    ASSERT_EQ(plan.acts.size(), 6u);
    EXPECT_EQ(plan.acts[0].act, Json::parse(R"({"act":"press","buttons":["volume-up"]})"));
    EXPECT_EQ(plan.acts[1].act, Json::parse(R"({"act":"release","buttons":["volume-up"]})"));
    EXPECT_EQ(plan.acts[2].act, Json::parse(R"({"act":"press","buttons":["side"]})"));
    EXPECT_EQ(plan.acts[3].act, Json::parse(R"({"act":"press","buttons":["volume-down"]})"));
    EXPECT_EQ(plan.acts[4].act, Json::parse(R"({"act":"release","buttons":["side"]})"));
    EXPECT_EQ(plan.acts[5].act, Json::parse(R"({"act":"release","buttons":["volume-down"]})"));
    EXPECT_NEAR(plan.acts[3].at - plan.acts[2].at, 10, 0.01);
    EXPECT_NEAR(plan.acts[4].at - plan.acts[3].at, 5, 0.01);
    EXPECT_NEAR(plan.acts[5].at - plan.acts[4].at, 8, 0.01);
}

TEST(Person, ASequenceWithoutStepsIsPerformedByName) {
    const PersonPlan plan = mind("{}").decide(Json::parse(R"({"kind":"buttons","buttons":{"sequence":"force-restart"}})"), "logo");
    ASSERT_EQ(plan.acts.size(), 1u);
    EXPECT_EQ(plan.acts[0].act.at("combination"), "force-restart");
}

TEST(Person, MayBeWrongLateOrSilent) {
    const Json ask = {{"kind", "act"}, {"act", "other-cable"}};
    PersonMind wrong = mind(R"({"rules":[{"when":{"kind":"act"},"times":1,"do":[{"act":"unplug","after":30}],"answer":{"choice":"done"}}]})");
    const PersonPlan first = wrong.decide(ask, "black");
    ASSERT_EQ(first.acts.size(), 1u);
    EXPECT_EQ(first.acts[0].act.at("act"), "unplug");
    EXPECT_EQ(first.acts[0].at, 30);
    EXPECT_GT(first.answer_at, 30);
    EXPECT_EQ(wrong.decide(ask, "black").acts[0].act.at("act"), "other-cable") << "the second time it is done right";
    const PersonPlan never = mind(R"({"silent":true})").decide(ask, "black");
    EXPECT_TRUE(never.acts.empty());
    EXPECT_FALSE(never.answer);
}

TEST(Person, DamagedRulesAreErrors) {
    EXPECT_FALSE(PersonRules::from_json(Json::parse(R"({"consent":"maybe"})")));
    EXPECT_FALSE(PersonRules::from_json(Json::parse(R"({"rules":[{"do":[{"after":1}]}]})")));
    EXPECT_FALSE(PersonRules::from_json(Json::parse(R"({"rules":[{"answer":{}}]})")));
}

}  // namespace
}  // namespace unbrick::simulator
