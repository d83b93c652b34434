#include "src/knowledge/check.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <functional>

#include "src/base/file.h"
#include "src/knowledge/library.h"

namespace unbrick::knowledge {
namespace {

namespace fs = std::filesystem;

// A knowledge base small enough to see through, with the shipped schemas, and without a mistake.
class CheckTest : public ::testing::Test {
protected:
    void SetUp() override {
        auto folder = base::TemporaryFolder::create("unbrick-check");
        ASSERT_TRUE(folder);
        folder_.emplace(std::move(*folder));
        fs::copy(fs::path(UNBRICK_SOURCE_FOLDER) / "knowledge/schema", root() / "schema");
        write("texts/en/all.json", R"({"n": "Name {x}", "m": "Meaning", "part.nand": "storage chip"})");
        write("causes.json", R"({"version": "1", "causes": [{"id": "usb_link", "name_key": "n", "family": "host", "prior": {"tool": 0.1}, "plans": {}}]})");
        write("stages.json", R"({"version": "1", "stages": [{"id": "unknown", "name_key": "n", "writes": false}]})");
        write("actions.json", R"({"version": "1", "actions": [{"id": "none", "risk": "reads-only", "rung": 0, "name_key": "n"}]})");
        write("sources.json", R"({"version": "1", "sources": [{"id": "web", "url": "https://example.org/", "kind": "page", "quality": "high"},
                                                              {"id": "lost", "kind": "page", "quality": "low"}]})");
        write("panics.json", panics(R"({"regex": "AMCC|DCS"})", R"([{"cause": "usb_link", "weight": 0.5}])", R"(["web"])"));
    }

    static std::string panics(const std::string& match, const std::string& causes, const std::string& sources, const std::string& id = "amcc") {
        return R"({"version": "1", "bug_types": [], "signatures": [{"id": ")" + id + R"(", "priority": 50, "scope": "panic-string", "match": )" + match +
               R"(, "meaning_key": "m", "severity": "board", "parts": ["nand"], "causes": )" + causes + R"(, "sureness": "low", "sources": )" + sources + "}]}";
    }

    fs::path root() const { return folder_->path(); }
    void write(const fs::path& name, const std::string& text) {
        fs::create_directories((root() / name).parent_path());
        std::ofstream(root() / name) << text;
    }
    // The findings, all in one text.
    std::string findings() {
        std::string all;
        for (const auto& finding : check_knowledge(root()).findings) all += finding.to_string() + "\n";
        return all;
    }
    void expect(const std::string& place, const std::string& reason) {
        const auto all = findings();
        const auto holds = [&](const Finding& finding) {
            return finding.to_string().find(place) == 0 && finding.reason.find(reason) != std::string::npos;
        };
        const auto result = check_knowledge(root());
        EXPECT_TRUE(std::any_of(result.findings.begin(), result.findings.end(), holds)) << "wanted " << place << ": " << reason << "\ngot\n" << all;
    }

    std::optional<base::TemporaryFolder> folder_;
};

TEST_F(CheckTest, FindsNothingWhereNothingIsWrong) { EXPECT_EQ(findings(), ""); }

TEST_F(CheckTest, FindsWhatBreaksASchema) {
    write("panics.json", panics(R"({"regex": "a", "typo": 1})", "[]", R"(["web"])"));
    expect("panics.json#/signatures/0/match", "");
    write("stages.json", R"({"version": "1", "stages": [{"id": "unknown", "name_key": "n", "writes": "maybe"}]})");
    expect("stages.json#/stages/0/writes", "");
}

TEST_F(CheckTest, FindsADocumentWithoutSchema) {
    write("surprise.json", "{}");
    expect("surprise.json", "schema/surprise.schema.json");
}

TEST_F(CheckTest, FindsAnIdThatIsThereTwice) {
    write("stages.json", R"({"version": "1", "stages": [{"id": "unknown", "name_key": "n", "writes": false}, {"id": "unknown", "name_key": "n", "writes": true}]})");
    expect("stages.json#/stages/1", "already at");
}

TEST_F(CheckTest, FindsAMemberThatIsThereTwice) {
    write("texts/en/all.json", R"({"n": "Name {x}", "n": "again", "m": "Meaning", "part.nand": "chip"})");
    expect("texts/en/all.json", "twice");
}

TEST_F(CheckTest, FindsDanglingReferences) {
    write("panics.json", panics(R"({"regex": "a"})", R"([{"cause": "gremlins"}])", R"(["web", "nowhere"])"));
    expect("panics.json#/signatures/0/causes/0/cause", "\"gremlins\" in causes");
    expect("panics.json#/signatures/0/sources/1", "\"nowhere\" in sources");
    write("stages.json", R"({"version": "1", "stages": [{"id": "unknown", "name_key": "no.such.text", "writes": false}]})");
    expect("stages.json#/stages/0/name_key", "in texts");
}

TEST_F(CheckTest, FindsARegularExpressionThatDoesNotCompile) {
    write("panics.json", panics(R"({"regex": "AMCC ("})", "[]", R"(["web"])"));
    expect("panics.json#/signatures/0/match/regex", "does not compile");
}

TEST_F(CheckTest, FindsAWeightWithoutASource) {
    write("panics.json", panics(R"({"regex": "a"})", R"([{"cause": "usb_link", "weight": 0.5}])", "[]"));
    expect("panics.json#/signatures/0/causes/0", "without a source");
    write("panics.json", panics(R"({"regex": "a"})", R"([{"cause": "usb_link", "weight": 0.5}])", R"(["lost"])"));
    expect("panics.json#/signatures/0/causes/0", "none of its sources has an address");
}

TEST_F(CheckTest, FindsANameThatCarriesAWeight) {
    write("errors.json", R"({"version": "1", "domains": [{"id": "D", "name_key": "n", "aliases": [], "priority": 1}], "decoding": [], "actions": [],
        "codes": [{"domain": "D", "code": 1, "symbol": "kOne", "stage": "unknown", "sureness": "name-only", "causes": [{"cause": "usb_link", "weight": 0.5}], "sources": ["web"]}]})");
    expect("errors.json#/codes/0/causes/0", "only a name is known");
}

TEST_F(CheckTest, FindsWhatIsWrongWithARule) {
    const auto rule = [this](const std::string& members) { write("rules/some.json", R"({"version": "1", "rules": [{"id": "r", "when": "x", )" + members + "}]}"); };
    const std::string tests = R"(, "tests": {"for": ["a"], "against": ["b"]})";
    rule(R"("causes": {"usb_link": 1}, "sureness": "high", "sources": ["a page"])" + tests);
    EXPECT_EQ(findings(), "");
    rule(R"("sureness": "high", "sources": ["a page"], "tests": {"for": ["a line"], "against": []})");
    expect("rules/some.json#/rules/0/tests", "no test \"against\"");
    rule(R"("causes": {"gremlins": 1}, "sureness": "high", "sources": ["a page"])" + tests);
    expect("rules/some.json#/rules/0/causes/gremlins", "in causes");
    rule(R"("causes": {"usb_link": 1}, "sureness": "high", "sources": [])" + tests);
    expect("rules/some.json#/rules/0", "without a source");
    rule(R"("causes": {"usb_link": 1}, "sureness": "name-only", "sources": ["a page"])" + tests);
    expect("rules/some.json#/rules/0", "only a name is known");
    rule(R"("causes": {"usb_link": 40}, "sureness": "high", "sources": ["a page"])" + tests);
    expect("rules/some.json#/rules/0/causes", "");
    rule(R"("permits": ["erase-all"], "excludes": ["s"], "sureness": "high", "sources": [])" + tests);
    expect("rules/some.json#/rules/0/permits", "in actions");
    expect("rules/some.json#/rules/0/excludes", "no rule");
}

TEST_F(CheckTest, FindsAReadersPatternThatDoesNotCompile) {
    write("readers/tool.json", R"({"version": "1", "reader": "tool", "recognise": ["ok", "("], "markers": [{"id": "m", "match": ["[z-a]"]}]})");
    expect("readers/tool.json#/recognise/1", "does not compile");
    expect("readers/tool.json#/markers/0/match/0", "does not compile");
}

TEST_F(CheckTest, FindsWhatALanguageLacks) {
    write("texts/de/all.json", R"({"n": "Name", "part.nand": "Chip", "extra": "mehr"})");
    expect("texts/de#/m", "missing");
    expect("texts/de/all.json#/n", "other {names}");
    expect("texts/de/all.json#/extra", "not in English");
}

TEST_F(CheckTest, FindsATextInTwoFiles) {
    write("texts/en/more.json", R"({"m": "Meaning again"})");
    expect("texts/en/more.json#/m", "also in");
}

TEST_F(CheckTest, ReportsManyMistakesAtOnce) {
    write("panics.json", panics(R"({"regex": "("})", R"([{"cause": "gremlins", "weight": 0.5}])", "[]"));
    write("texts/de/all.json", R"({"n": "Name {x}"})");
    EXPECT_GE(check_knowledge(root()).findings.size(), 5u);
}

TEST_F(CheckTest, SurvivesDamageOfEveryKind) {
    const std::string deep = std::string(100000, '[');
    for (const auto& damage : {std::string("{"), std::string("[1,2"), std::string("null"), std::string("[]"), std::string("42"), std::string(""),
                               deep, std::string("\xff\xfe\x00garbage", 10), std::string(R"({"signatures": {"a": 1}})"),
                               std::string(R"({"signatures": [null, 3, "x", []], "causes": 7})"), std::string(R"({"version": "1", "signatures": [{"match": 3, "id": {}, "causes": [{"weight": "x"}], "sources": "web"}]})")}) {
        write("panics.json", damage);
        EXPECT_NE(findings(), "") << damage.substr(0, 40);
        write("texts/en/extra.json", damage);
        write("schema/panics.schema.json", damage);
        check_knowledge(root());
        // Reading goes on without the damaged part, or says why not.
        const auto knowledge = Knowledge::load(root());
        ASSERT_TRUE(knowledge);
        if (const auto texts = Texts::load(root(), "en")) {
            const Library library(*knowledge, *texts);
            library.explain("panic AMCC");
            library.search("amcc");
        }
        fs::remove(root() / "texts/en/extra.json");
        fs::copy_file(fs::path(UNBRICK_SOURCE_FOLDER) / "knowledge/schema/panics.schema.json", root() / "schema/panics.schema.json", fs::copy_options::overwrite_existing);
    }
}

TEST_F(CheckTest, EveryDocumentMayBeDamaged) {
    for (const auto* name : {"causes.json", "stages.json", "actions.json"}) {
        const auto keep = base::read_text_file(root() / name);
        write(name, "{ broken");
        expect(name, "");
        const auto knowledge = Knowledge::load(root());
        ASSERT_FALSE(knowledge);
        EXPECT_EQ(knowledge.error().code(), base::ErrorCode::KnowledgeInvalid);
        write(name, *keep);
    }
}

TEST_F(CheckTest, AFolderThatIsNotThereIsAFinding) {
    const auto result = check_knowledge(root() / "nowhere");
    EXPECT_FALSE(result.findings.empty());
    EXPECT_EQ(result.to_json()["passed"], false);
}

}  // namespace
}  // namespace unbrick::knowledge
