#include "recovery/executor.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include <atomic>
#include <thread>

#include "recovery/outcome.h"
#include "tests/unit/recovery/fake_watcher.h"

namespace unbrick::recovery {
namespace {

using device::Mode;

const device::PhoneKey kPhone{device::Ecid{0x001A2B3C4D5E6F70}, {}};

Step step(std::string id, std::string kind, Risk risk = Risk::ReadsOnly, std::vector<std::string> modes = {}) {
    Step made;
    made.id = std::move(id);
    made.kind = std::move(kind);
    made.parameters = base::Json::object();
    made.risk = risk;
    made.text_key = "step." + made.id;
    made.stop_text_key = "stop.nothing-changed";
    made.usual = made.longest = std::chrono::seconds(1);
    made.modes = std::move(modes);
    return made;
}

class ExecutorTest : public testing::Test {
protected:
    void SetUp() override {
        folder_.emplace(*base::TemporaryFolder::create());
        journal_.emplace(*Journal::open(folder_->path()));
        texts_ = *knowledge::Texts::load(std::filesystem::path(UNBRICK_SOURCE_FOLDER) / "knowledge", "en");
        watcher_.set(kPhone, Mode::Recovery);
        parts_.registry = &registry_;
        parts_.watcher = &watcher_;
        parts_.texts = &texts_;
        parts_.clock = &clock_;
        parts_.journal = &*journal_;
        parts_.desk = &desk_;
        parts_.case_folder = folder_->path();
        request_.phone = kPhone;
        request_.plan.id = "test";
        request_.plan.action = "none";
        request_.plan.title_key = request_.plan.summary_key = "plan.none.title";
    }
    void kind(std::string name, StepFunction run, Risk least = Risk::ReadsOnly) {
        registry_.add(std::move(name), {std::move(run), [least](const Step&) { return least; }});
    }
    RunEnd run() { return run_plan(parts_, request_, stop_.get_token()); }
    JournalStory story() { return *read_journal(folder_->path()); }
    // Answers the next ask from another thread, with what `answer` makes of it.
    void person(std::function<std::optional<std::string>(const Ask&)> answer) { answer_ = std::move(answer); }

    std::optional<base::TemporaryFolder> folder_;
    std::optional<Journal> journal_;
    knowledge::Texts texts_;
    FakeWatcher watcher_;
    base::PhoneClock clock_{1000};
    StepRegistry registry_;
    std::function<std::optional<std::string>(const Ask&)> answer_;
    std::vector<std::jthread> people_;
    std::vector<Ask> asked_;
    AskDesk desk_{[this](const Ask* ask) {
        if (ask == nullptr) return;
        asked_.push_back(*ask);
        if (!answer_) return;
        if (auto said = answer_(*ask)) people_.emplace_back([this, id = ask->id, said = *said] { (void)desk_.answer(id, said); });
    }};
    ExecutorParts parts_;
    RunRequest request_;
    std::stop_source stop_;
};

TEST_F(ExecutorTest, RunsStepsInOrderAndHandsFactsOn) {
    kind("one", [](StepContext&) { return StepEnd::go_on({{"found", 7}}); });
    kind("two", [](StepContext& context) { return StepEnd::end_plan(context.facts["first"]["found"] == 7 ? "normal-stable" : "failed"); });
    request_.plan.steps = {step("first", "one"), step("second", "two")};
    EXPECT_EQ(run().outcome, "normal-stable");
    const auto last = last_run(story());
    ASSERT_TRUE(last);
    EXPECT_TRUE(last->ended);
    EXPECT_EQ(last->outcome, "normal-stable");
    EXPECT_EQ(last->done, (std::vector<std::string>{"first", "second"}));
}

TEST_F(ExecutorTest, TheJournalIsOnDiskBeforeTheAct) {
    std::string seen;
    kind("act", [&](StepContext& context) -> base::Result<StepEnd> {
        UB_TRY_VOID(context.before_act("setenv", {{"name", "auto-boot"}}));
        // What a restart after SIGKILL here would read:
        const auto last = last_run(*read_journal(folder_->path()));
        seen = last->last_act + " in " + last->interrupted_step;
        return StepEnd::go_on();
    }, Risk::Reversible);
    request_.plan.steps = {step("set", "act", Risk::Reversible)};
    EXPECT_EQ(run().outcome, "done");
    EXPECT_EQ(seen, "setenv in set");
}

TEST_F(ExecutorTest, WithoutAJournalNothingIsDone) {
    bool acted = false;
    kind("act", [&](StepContext& context) -> base::Result<StepEnd> {
        // The disk is full from here on: no byte more goes into any file.
        ::signal(SIGXFSZ, SIG_IGN);
        rlimit before{};
        ::getrlimit(RLIMIT_FSIZE, &before);
        const rlimit full{0, before.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &full);
        auto allowed = context.before_act("reboot");
        ::setrlimit(RLIMIT_FSIZE, &before);
        UB_TRY_VOID(std::move(allowed));
        acted = true;
        return StepEnd::go_on();
    });
    request_.plan.steps = {step("go", "act")};
    EXPECT_EQ(run().outcome, "failed");
    EXPECT_FALSE(acted);
}

TEST_F(ExecutorTest, APlanThatUnderstatesARiskIsRefused) {
    bool ran = false;
    kind("restore", [&](StepContext&) { ran = true; return StepEnd::go_on(); }, Risk::ErasesData);
    request_.plan.steps = {step("restore-erase", "restore", Risk::Reversible)};
    const auto end = run();
    EXPECT_EQ(end.outcome, "refused-by-guard");
    EXPECT_FALSE(ran);
}

TEST_F(ExecutorTest, ErasingNeedsThePhraseOfThisPhoneAndStep) {
    bool ran = false;
    kind("restore", [&](StepContext& context) -> base::Result<StepEnd> {
        ran = context.consent != nullptr && context.consent->covers(kPhone.to_string(), context.run, "restore-erase");
        return StepEnd::end_plan("normal-stable");
    }, Risk::ErasesData);
    request_.plan.steps = {step("restore-erase", "restore", Risk::ErasesData)};
    person([](const Ask& ask) { return std::optional(ask.phrase); });
    EXPECT_EQ(run().outcome, "normal-stable");
    EXPECT_TRUE(ran);
    ASSERT_EQ(asked_.size(), 1u);
    EXPECT_NE(asked_[0].phrase.find("6F70"), std::string::npos);
    EXPECT_NE(asked_[0].phrase.find("restore-erase"), std::string::npos);
    bool journaled = false;
    for (const auto& entry : story().entries)
        journaled |= entry["entry"] == "consent" && entry["phone"] == kPhone.to_string() && entry["step"] == "restore-erase" && entry["run"].is_string();
    EXPECT_TRUE(journaled);
}

TEST_F(ExecutorTest, WrongWordsEraseNothing) {
    for (const std::string words : {"yes", "no", "erase", "erase 6F70 restore-erase", "", "ERASE FFFF restore-erase 0000"}) {
        bool ran = false;
        kind("restore", [&](StepContext&) { ran = true; return StepEnd::go_on(); }, Risk::ErasesData);
        request_.plan.steps = {step("restore-erase", "restore", Risk::ErasesData)};
        person([&](const Ask&) { return std::optional(words); });
        EXPECT_EQ(run().outcome, "consent-refused") << words;
        EXPECT_FALSE(ran) << words;
    }
}

TEST_F(ExecutorTest, APhraseOfAnEarlierRunDoesNotCount) {
    std::string earlier;
    int ran = 0;
    kind("restore", [&](StepContext&) { ++ran; return StepEnd::end_plan("done"); }, Risk::ErasesData);
    request_.plan.steps = {step("restore-erase", "restore", Risk::ErasesData)};
    person([&](const Ask& ask) { earlier = ask.phrase; return std::optional(ask.phrase); });
    run();
    ASSERT_EQ(ran, 1);
    int same = 0;
    person([&](const Ask& ask) { same += ask.phrase == earlier; return std::optional(earlier); });
    const auto end = run();
    // One in ten thousand challenges is the same.
    EXPECT_TRUE(same > 0 || end.outcome == "consent-refused");
}

TEST_F(ExecutorTest, AnswersThatWereGivenBeforeTheQuestionDoNotCount) {
    EXPECT_FALSE(desk_.answer("restore-erase", "erase 6F70"));
    EXPECT_TRUE(asked_.empty());
}

TEST_F(ExecutorTest, GoesOnAfterAnInterruptionAtTheStepThatWasBegun) {
    std::vector<std::string> ran;
    for (const std::string name : {"read", "set", "save", "restart", "wait"})
        kind(name, [&ran, name](StepContext&) { ran.push_back(name); return name == "wait" ? StepEnd::end_plan("normal-stable") : StepEnd::go_on(); });
    const std::vector<std::string> recovery{"recovery"};
    request_.plan.steps = {step("read", "read", Risk::ReadsOnly, recovery), step("set", "set", Risk::Reversible, recovery), step("save", "save", Risk::Reversible, recovery),
                           step("restart", "restart", Risk::Reversible, recovery), step("wait", "wait")};
    LastRun before;
    before.run = "old";
    before.plan = request_.plan;
    before.facts = base::Json::object();
    before.done = {"read", "set"};
    before.interrupted_step = "save";
    request_.resume = before;
    EXPECT_EQ(run().outcome, "normal-stable");
    EXPECT_EQ(ran, (std::vector<std::string>{"save", "restart", "wait"}));

    // Killed after the restart was sent: the phone is up, nothing is repeated.
    ran.clear();
    watcher_.set(kPhone, Mode::Normal);
    request_.resume->done = {"read", "set", "save"};
    request_.resume->interrupted_step = "restart";
    EXPECT_EQ(run().outcome, "normal-stable");
    EXPECT_EQ(ran, std::vector<std::string>{"wait"});
}

TEST_F(ExecutorTest, AStepThatCannotActInThisModeIsNotTried) {
    bool ran = false;
    kind("set", [&](StepContext&) { ran = true; return StepEnd::go_on(); });
    watcher_.set(kPhone, Mode::Normal);
    clock_ = base::PhoneClock(1e6);      // the wait for another mode is over at once, but for the host's slack
    request_.plan.steps = {step("set", "set", Risk::Reversible, {"recovery"})};
    std::jthread cancel([&] { stop_.request_stop(); });
    const auto end = run();
    EXPECT_TRUE(end.outcome == "wrong-mode" || end.outcome == "cancelled");
    EXPECT_FALSE(ran);
}

TEST(JournalTest, EveryPrefixOfAJournalCanBeReadAndContinued) {
    auto folder = *base::TemporaryFolder::create();
    {
        auto journal = *Journal::open(folder.path());
        Plan plan;
        plan.id = "p";
        plan.action = "none";
        plan.title_key = plan.summary_key = "t";
        plan.steps = {step("a", "x"), step("b", "y")};
        (void)journal.append("run", {{"run", "r"}, {"phone", "P"}, {"plan", to_json(plan)}, {"inputs", base::OrderedJson::object()}});
        (void)journal.append("step", {{"run", "r"}, {"step", "a"}, {"state", "running"}});
        (void)journal.append("act", {{"run", "r"}, {"step", "a"}, {"act", "setenv"}});
        (void)journal.append("step", {{"run", "r"}, {"step", "a"}, {"state", "done"}, {"facts", {{"k", 1}}}});
        (void)journal.append("end", {{"run", "r"}, {"outcome", "done"}});
    }
    const auto whole = *base::read_text_file(folder.path() / "journal.jsonl");
    constexpr std::size_t kStep = 17;      // a prime, so that cuts fall everywhere
    for (std::size_t length = whole.size() % kStep; length <= whole.size(); length += kStep) {
        auto other = *base::TemporaryFolder::create();
        ASSERT_TRUE(base::write_file_atomically(other.path() / "journal.jsonl", whole.substr(0, length)));
        const auto story = read_journal(other.path());
        ASSERT_TRUE(story);
        EXPECT_LE(story->damaged, 1u);
        const auto last = last_run(*story);
        EXPECT_TRUE(!last || !last->ended || length >= whole.size() - 1) << length;
        auto journal = Journal::open(other.path());
        ASSERT_TRUE(journal);
        ASSERT_TRUE(journal->append("run", {{"run", "next"}}));
        const auto after = *read_journal(other.path());
        EXPECT_EQ(last_run(after)->run, "next") << length;
    }
}

TEST(OutcomeTest, EachHasATextAndSuccessIsExitZero) {
    const auto texts = *knowledge::Texts::load(std::filesystem::path(UNBRICK_SOURCE_FOLDER) / "knowledge", "en");
    for (const auto& kind : all_outcomes()) {
        EXPECT_TRUE(texts.has("outcome." + std::string(kind.id))) << kind.id;
        EXPECT_EQ(kind.success, kind.exit == base::ExitCode::Done) << kind.id;
    }
    EXPECT_EQ(outcome_kind("what is this").id, "failed");
}

}  // namespace
}  // namespace unbrick::recovery
