#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <thread>

#include "recovery/executor.h"
#include "recovery/guard.h"
#include "recovery/outcome.h"
#include "recovery/plan_library.h"
#include "recovery/restore/restore_step.h"
#include "tests/unit/recovery/fake_watcher.h"

namespace unbrick::recovery {
namespace {

using device::Mode;

const std::filesystem::path kKnowledge = std::filesystem::path(UNBRICK_SOURCE_FOLDER) / "knowledge";

class PlansTest : public testing::Test {
protected:
    void SetUp() override { register_gentle_steps(registry_); restore::register_restore_steps(registry_); }
    knowledge::Knowledge knowledge_ = *knowledge::Knowledge::load(kKnowledge);
    knowledge::Texts texts_ = *knowledge::Texts::load(kKnowledge, "en");
    PlanLibrary plans_ = PlanLibrary::load(knowledge_);
    StepRegistry registry_;
};

TEST_F(PlansTest, AllAreReadAndRunnable) {
    EXPECT_TRUE(plans_.errors().empty()) << testing::PrintToString(plans_.errors());
    EXPECT_GT(plans_.all().size(), 20u);
    for (const auto& plan : plans_.all()) {
        const auto checked = check_plan(plan, registry_);
        EXPECT_TRUE(checked) << (checked ? "" : checked.error().to_string());
        EXPECT_TRUE(texts_.has(plan.title_key)) << plan.id;
        EXPECT_TRUE(texts_.has(plan.summary_key)) << plan.id;
        for (const auto& step : plan.steps) {
            EXPECT_TRUE(texts_.has(step.text_key)) << step.text_key;
            EXPECT_TRUE(texts_.has(step.stop_text_key)) << step.stop_text_key;
            EXPECT_LE(step.usual, step.longest) << plan.id << " " << step.id;
            const auto outcome = base::json_string(step.parameters, "outcome").value_or("done");
            EXPECT_EQ(outcome_kind(outcome).id, outcome) << plan.id;
        }
        EXPECT_NE(plan.to_text().find(plan.steps.back().id), std::string::npos);
        EXPECT_TRUE(plan_from_json(base::Json(to_json(plan)), "again"));
    }
}

TEST_F(PlansTest, ActionsOfTheKnowledgeHaveTheirPlans) {
    for (const auto& action : base::json_at(knowledge_.document("actions"), "actions")) {
        const auto id = base::json_string(action, "plan").value_or("");
        ASSERT_NE(plans_.find(id), nullptr) << id;
    }
}

// Every plan in every state of a phone, with a person who says yes to all but types no phrase: nothing that
// erases may ever be reached without a consent that was typed for it.
TEST_F(PlansTest, NoPlanErasesInAnyModeWithoutConsent) {
    std::atomic<int> erased{0}, runs{0}, refused{0};
    StepRegistry registry;
    for (const auto& name : registry_.kinds()) {
        const auto* real = registry_.find(name);
        registry.add(name, {[&](StepContext& context) -> base::Result<StepEnd> {
                                 if (real_risk(*context.step, registry_) == Risk::ErasesData) {
                                     ++erased;
                                     EXPECT_NE(context.consent, nullptr);
                                 }
                                 return StepEnd::go_on();
                             },
                             real->least_risk});
    }
    const device::PhoneKey phone{device::Ecid{0xABCDEF0123456789}, {}};
    for (const auto& plan : plans_.all()) {
        for (const auto mode : {Mode::Unknown, Mode::Normal, Mode::Recovery, Mode::Dfu, Mode::Kis, Mode::Wtf, Mode::PortDfu, Mode::Restore}) {
            auto folder = *base::TemporaryFolder::create();
            auto journal = *Journal::open(folder.path());
            FakeWatcher watcher;
            watcher.set(phone, mode);
            std::stop_source stop;
            std::jthread person;
            AskDesk* answer_to = nullptr;
            AskDesk desk([&](const Ask* ask) {
                if (ask == nullptr) return;
                EXPECT_EQ(ask->kind, AskKind::Consent);
                EXPECT_FALSE(ask->phrase.empty());
                person = std::jthread([&, id = ask->id] { (void)answer_to->answer(id, "no"); });
            });
            answer_to = &desk;
            const base::PhoneClock clock(1);
            ExecutorParts parts;
            parts.registry = &registry;
            parts.knowledge = &knowledge_;
            parts.texts = &texts_;
            parts.clock = &clock;
            parts.journal = &journal;
            parts.desk = &desk;
            parts.case_folder = folder.path();
            // Steps with modes are let through as if the phone had got there: the guard must hold in any.
            RunRequest request;
            request.plan = plan;
            for (auto& step : request.plan.steps) step.modes.clear();
            parts.watcher = &watcher;
            request.phone = phone;
            const auto end = run_plan(parts, request, stop.get_token());
            ++runs;
            if (plan.risk() == Risk::ErasesData) {
                EXPECT_EQ(end.outcome, "consent-refused") << plan.id;
                ++refused;
            }
        }
    }
    EXPECT_EQ(erased, 0);
    EXPECT_GT(runs, 100);
    EXPECT_GT(refused, 0);
}

}  // namespace
}  // namespace unbrick::recovery
