#include <gtest/gtest.h>

#include <filesystem>

#include "src/knowledge/check.h"
#include "src/knowledge/knowledge.h"

namespace unbrick::knowledge {
namespace {

const std::filesystem::path kShipped = std::filesystem::path(UNBRICK_SOURCE_FOLDER) / "knowledge";

TEST(ShippedKnowledge, HasNoMistake) {
    const auto result = check_knowledge(kShipped);
    for (const auto& finding : result.findings) ADD_FAILURE() << finding.to_string();
    EXPECT_GT(result.documents, 50u);
    EXPECT_GT(result.texts, 800u);
}

TEST(ShippedKnowledge, HoldsWhatWasCollected) {
    const auto knowledge = Knowledge::load(kShipped);
    ASSERT_TRUE(knowledge);
    EXPECT_EQ(base::json_at(knowledge->document("errors"), "codes").size(), 556u);
    EXPECT_EQ(base::json_at(knowledge->document("panics"), "signatures").size(), 131u);
    EXPECT_EQ(base::json_at(knowledge->document("devices"), "devices").size(), 145u);
    EXPECT_GE(base::json_at(knowledge->document("symptoms"), "symptoms").size(), 28u);
    EXPECT_TRUE(knowledge->load_errors().empty());
}

}  // namespace
}  // namespace unbrick::knowledge
