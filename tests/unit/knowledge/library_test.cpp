#include "src/knowledge/library.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "src/knowledge/numbers.h"

namespace unbrick::knowledge {
namespace {

class LibraryTest : public ::testing::Test {
protected:
    static const Knowledge& knowledge() {
        static const auto loaded = Knowledge::load(std::filesystem::path(UNBRICK_SOURCE_FOLDER) / "knowledge");
        return *loaded;
    }
    static const Texts& texts() {
        static const auto loaded = Texts::load(std::filesystem::path(UNBRICK_SOURCE_FOLDER) / "knowledge", "en");
        return *loaded;
    }
    static const Library& library() {
        static const Library one(knowledge(), texts());
        return one;
    }
    static std::vector<std::string> ids(const std::vector<Entry>& entries) {
        std::vector<std::string> all;
        for (const auto& entry : entries) all.push_back(entry.id);
        return all;
    }
};

TEST(Numbers, ReadsHowPeopleWriteThem) {
    EXPECT_EQ(code_number("4013"), 4013);
    EXPECT_EQ(code_number(" (4013) "), 4013);
    EXPECT_EQ(code_number("-50"), -50);
    EXPECT_EQ(code_number("0xE"), 14);
    EXPECT_EQ(code_number("0xE8000013"), 0xE8000013);
    EXPECT_FALSE(code_number("fourteen"));
    EXPECT_FALSE(code_number(""));
    EXPECT_FALSE(code_number("0x"));
    EXPECT_FALSE(code_number("0xFFFFFFFFFFFFFFFFFF"));
}

TEST(Numbers, TheSame32BitsAreOneCode) {
    EXPECT_TRUE(same_code(0xE8000013, static_cast<std::int32_t>(0xE8000013)));
    EXPECT_TRUE(same_code(14, 14));
    EXPECT_FALSE(same_code(14, 15));
    EXPECT_FALSE(same_code(0x1E8000013, static_cast<std::int32_t>(0xE8000013)));
}

TEST(Numbers, ReadsOnlyTheSensorArray) {
    const auto numbers = numbers_in_sensor_array("SMC PANIC 0x999\nS.sensor array: 0 : 0x800, 4096\nother 0x400\\nF.sensor array 0x41\\n7");
    EXPECT_TRUE(numbers.contains(0x800));
    EXPECT_TRUE(numbers.contains(4096));
    EXPECT_TRUE(numbers.contains(0x41));
    EXPECT_FALSE(numbers.contains(0x400));
    EXPECT_FALSE(numbers.contains(0x999));
    EXPECT_FALSE(numbers.contains(7));
}

TEST_F(LibraryTest, ExplainsACodeInItsDomain) {
    const auto entries = library().explain("AMRestoreErrorDomain/14");
    ASSERT_EQ(entries.size(), 1u);
    EXPECT_EQ(entries[0].id, "AMRestoreErrorDomain/14");
    EXPECT_FALSE(entries[0].causes.empty());
    EXPECT_FALSE(entries[0].sources.empty());
    EXPECT_FALSE(entries[0].steps.empty());
}

TEST_F(LibraryTest, KeepsDomainsApart) {
    const auto entries = library().explain("0xE");
    const auto all = ids(entries);
    EXPECT_EQ(all.at(0), "AMRestoreErrorDomain/14");
    EXPECT_NE(std::find(all.begin(), all.end(), "AMAuthInstallErrorDomain/14"), all.end());
}

TEST_F(LibraryTest, FindsTheHostNumbers) {
    EXPECT_EQ(ids(library().explain("4013")).at(0), "com.apple.MobileDevice.MobileRestore/4013");
    EXPECT_EQ(ids(library().explain("error 9")).at(0), "AMRestoreErrorDomain/9");
    EXPECT_EQ(ids(library().explain("tss/94")).at(0), "TSS/94");
    // 0xE8000013, written as a negative decimal number.
    EXPECT_FALSE(library().explain("-402653165").empty());
}

TEST_F(LibraryTest, ANameAloneCarriesNoWeight) {
    for (const auto& code : base::json_at(knowledge().document("errors"), "codes")) {
        if (base::json_string(code, "sureness") != "name-only") continue;
        for (const auto& cause : base::json_at(code, "causes")) EXPECT_FALSE(cause.contains("weight")) << code;
    }
}

TEST_F(LibraryTest, DecodesTheSigningStatus) {
    const auto entries = library().explain("3232");   // 3100 + 132, in no list of its own
    ASSERT_FALSE(entries.empty());
    EXPECT_EQ(entries[0].id, "TSS/132");
}

TEST_F(LibraryTest, ExplainsAPanicByTheSpecificSignature) {
    const auto entries = library().explain(
        "panic userspace watchdog timeout: no successful checkins from thermalmonitord\\nMissing sensor(s): mic1 prs0 ");
    const auto all = ids(entries);
    EXPECT_NE(std::find(all.begin(), all.end(), "sensor_mic1"), all.end());
    EXPECT_NE(std::find(all.begin(), all.end(), "sensor_prs0"), all.end());
    EXPECT_EQ(std::find(all.begin(), all.end(), "wd_generic"), all.end());
}

TEST_F(LibraryTest, ReadsTheSensorArrayNotTheWholeText) {
    const auto all = ids(library().explain_panic("SMC PANIC - ASSERT: x\nS.sensor array: 0x800 \n0x400"));
    EXPECT_NE(std::find(all.begin(), all.end(), "smc_13_800"), all.end());
    EXPECT_EQ(std::find(all.begin(), all.end(), "smc_13_400"), all.end());
    EXPECT_EQ(std::find(all.begin(), all.end(), "smc_panic_generic"), all.end());
}

TEST_F(LibraryTest, SurvivesHostileQueries) {
    EXPECT_TRUE(library().explain_panic("").empty());
    EXPECT_TRUE(library().explain_panic(std::string(200000, 'A')).empty());
    EXPECT_FALSE(library().entry("article", "../../../etc/passwd"));
    EXPECT_FALSE(library().entry("no-such-kind", "x"));
    EXPECT_TRUE(library().search("  ").empty());
    EXPECT_TRUE(library().explain("qqqqqqqqqqqq").empty());
    EXPECT_FALSE(library().list("nonsense"));
}

TEST_F(LibraryTest, SearchReachesEveryKind) {
    const auto kinds_of = [](const std::vector<Hit>& hits) {
        std::set<std::string> kinds;
        for (const auto& hit : hits) kinds.insert(hit.kind);
        return kinds;
    };
    EXPECT_TRUE(kinds_of(library().search("activation lock")).contains("article"));
    EXPECT_TRUE(kinds_of(library().search("activation lock")).contains("symptom"));
    EXPECT_TRUE(kinds_of(library().search("iphone 11")).contains("model"));
    EXPECT_TRUE(kinds_of(library().search("4013")).contains("code"));
    EXPECT_TRUE(kinds_of(library().search("thermalmonitord")).contains("panic"));
}

TEST_F(LibraryTest, EveryEntryIsReadable) {
    for (const auto& kind : Library::kinds()) {
        const auto hits = library().list(kind);
        ASSERT_TRUE(hits);
        ASSERT_FALSE(hits->empty()) << kind;
        for (const auto& hit : *hits) EXPECT_EQ(hit.title.find('['), std::string::npos) << kind << " " << hit.id << ": a text is missing: " << hit.title;
    }
    const auto entry = library().entry("article", "myths");
    ASSERT_TRUE(entry);
    EXPECT_EQ(entry->to_text(texts()).find("[article."), std::string::npos);
    EXPECT_TRUE(entry->to_json().contains("text"));
}

}  // namespace
}  // namespace unbrick::knowledge
