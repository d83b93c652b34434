// The program unbrick-rehearse itself.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/base/file.h"
#include "tests/wire_mux/world_fixture.h"

namespace unbrick::tests {
namespace {

using ::testing::HasSubstr;

const std::string kProgram = UNBRICK_BUILD_FOLDER "/unbrick-rehearse";

class Rehearse : public ::testing::Test {
protected:
    Outcome run(const std::string& arguments) {
        return run_command(kProgram + " " + arguments, {{"TMPDIR", folder_->path().string()}});
    }
    bool nothing_left() const {
        for (const auto& entry : std::filesystem::directory_iterator(folder_->path()))
            if (base::starts_with(entry.path().filename().string(), "unbrick-rehearsal")) return false;
        return true;
    }
    base::Result<base::TemporaryFolder> folder_ = base::TemporaryFolder::create();
};

TEST_F(Rehearse, EndsWithTheCommandsCodeAndWritesTheVerdict) {
    const std::string verdict = (folder_->path() / "v.json").string();
    EXPECT_EQ(run("healthy --verdict " + verdict + " -- sh -c 'exit 7'").code, 7);
    auto json = base::load_json(verdict);
    ASSERT_TRUE(json);
    EXPECT_EQ(json->at("mode"), "normal");
    EXPECT_TRUE(json->at("stable").get<bool>());
    EXPECT_TRUE(nothing_left());
}

TEST_F(Rehearse, AKilledCommandGives128AndTheSignal) {
    EXPECT_EQ(run("healthy -- sh -c 'kill -9 $$'").code, 137);
    EXPECT_TRUE(nothing_left());
}

TEST_F(Rehearse, ASignalEndsCommandAndWorld) {
    const Outcome ended = run("healthy -- sleep 50 & p=$!; sleep 1; kill -TERM $p; wait $p");
    EXPECT_EQ(ended.code, 128 + 15);
    EXPECT_TRUE(nothing_left());
}

TEST_F(Rehearse, AMissingCommandIsSaid) {
    EXPECT_NE(run("healthy -- /nonexistent/program").code, 0);
    EXPECT_TRUE(nothing_left());
}

TEST_F(Rehearse, ListsEveryScenarioAsJson) {
    const Outcome listed = run("--list --json");
    auto json = base::parse_json(listed.output, "list");
    ASSERT_TRUE(json);
    EXPECT_GE(json->size(), 30u);
}

TEST_F(Rehearse, ADamagedScenarioIsAMessageWithFilePointerAndReason) {
    auto text = base::read_text_file(UNBRICK_SOURCE_FOLDER "/simulator/scenarios/healthy.json");
    ASSERT_TRUE(text);
    const std::string file = (folder_->path() / "damaged.json").string();
    ASSERT_TRUE(base::write_file_atomically(file, base::replace_all(*text, "\"battery\": 82", "\"battery\": 820")));
    const Outcome outcome = run(file);
    EXPECT_EQ(outcome.code, 2);
    EXPECT_THAT(outcome.output, HasSubstr(file));
    EXPECT_THAT(outcome.output, HasSubstr("/phones/0/battery"));
    ASSERT_TRUE(base::write_file_atomically(file, text->substr(0, 200)));
    EXPECT_EQ(run(file).code, 2);
    EXPECT_EQ(run("no-such-scenario").code, 2);
    EXPECT_EQ(run("").code, 2);
    EXPECT_EQ(run("healthy --speed 0").code, 2);
}

TEST_F(Rehearse, ThePersonHearsAsksAndTypesAnswers) {
    const std::string script = (folder_->path() / "asker.py").string();
    ASSERT_TRUE(base::write_file_atomically(script, R"(
import json, os, socket, sys
s = socket.socket(socket.AF_UNIX); s.connect(os.environ["UNBRICK_REHEARSAL"]); f = s.makefile("rw")
def tell(o):
    f.write(json.dumps(o) + "\n"); f.flush(); return json.loads(f.readline())
tell({"ask": {"id": "q1", "kind": "question", "question": "screen", "choices": [["black", "Black"], ["cable", "A cable"]]}})
print(sys.stdin.readline().strip())
tell({"ask": {"id": "c1", "kind": "consent", "phrase": "erase Anna"}})
print(sys.stdin.readline().strip())
)"));
    const Outcome outcome = run("recovery-loop -- python3 " + script + " --json");
    EXPECT_THAT(outcome.output, HasSubstr(R"({"answer":"q1","choice":"cable"})"));
    EXPECT_THAT(outcome.output, HasSubstr(R"({"answer":"c1","text":"no"})")) << "consent is never given unless the scenario says so";
}

TEST_F(Rehearse, WhatTheCallerTypesReachesTheCommand) {
    const Outcome outcome = run_command("echo hello | " + kProgram + " healthy -- cat");
    EXPECT_EQ(outcome.output, "hello\n");
}

}  // namespace
}  // namespace unbrick::tests
