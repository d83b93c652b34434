// Every rule of knowledge/rules against the examples that it carries itself: those that must make it apply and
// those that must not.
#include <gtest/gtest.h>

#include <algorithm>

#include "diagnostics/engine.h"

namespace unbrick::diagnostics {
namespace {

const knowledge::Knowledge& loaded() {
    static const auto knowledge = knowledge::Knowledge::load(UNBRICK_SOURCE_FOLDER "/knowledge");
    EXPECT_TRUE(knowledge.has_value());
    return *knowledge;
}

// An example is a text, or evidence as probes give it.
bool applies(const std::string& rule, const base::Json& example) {
    EvidenceSet evidence;
    if (example.is_string()) evidence = read_text(loaded(), example.get<std::string>(), "example");
    else
        for (const auto& item : example.at("evidence"))
            evidence.add({item.at("key").get<std::string>(), item.at("value"), {Origin::Probe, "example", 0, ""}, std::nullopt});
    const auto ids = rules_that_apply(loaded(), evidence);
    return std::find(ids.begin(), ids.end(), rule) != ids.end();
}

TEST(Rules, HaveNoMistakes) {
    const auto mistakes = check_rules(loaded());
    for (const auto& mistake : mistakes) ADD_FAILURE() << mistake;
}

TEST(Rules, ApplyToTheirExamplesAndOnlyToThem) {
    std::size_t rules = 0;
    for (const auto& file : loaded().documents_in("rules"))
        for (const auto& rule : loaded().document(file).at("rules")) {
            const auto id = rule.at("id").get<std::string>();
            ++rules;
            ASSERT_TRUE(rule.contains("tests")) << file << " " << id;
            EXPECT_FALSE(rule.at("tests").at("for").empty()) << file << " " << id;
            EXPECT_FALSE(rule.at("tests").at("against").empty()) << file << " " << id;
            for (const auto& text : rule.at("tests").at("for")) EXPECT_TRUE(applies(id, text)) << file << " " << id << ": " << text;
            for (const auto& text : rule.at("tests").at("against")) EXPECT_FALSE(applies(id, text)) << file << " " << id << ": " << text;
        }
    EXPECT_GT(rules, 200u);
}

}  // namespace
}  // namespace unbrick::diagnostics
