// The workbench's inside: one coordinator thread owns all state; phones have a worker each.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>

#include "recovery/plan_library.h"
#include "recovery/step.h"
#include "src/core/case_store.h"
#include "src/core/diagnoser.h"
#include "src/core/phone_entry.h"
#include "src/core/workbench.h"
#include "src/device/recorder.h"

namespace unbrick::core {

class WorkbenchImpl final : public Workbench {
public:
    WorkbenchImpl(WorkbenchOptions options, knowledge::Knowledge knowledge, knowledge::Texts texts,
                  std::unique_ptr<device::Watcher> watcher, std::shared_ptr<device::Recorder> recorder);
    ~WorkbenchImpl() override;
    void submit(Command command) override;
    std::shared_ptr<const AppSnapshot> snapshot() const override;
    void on_change(std::function<void()> wake) override;

private:
    void post(std::function<void()> work);
    void coordinate(const std::stop_token& end);
    void publish();

    void watched(const device::WatchEvent& event);
    void show_phone(PhoneEntry& entry);
    PhoneEntry& entry_of(const device::PhoneKey& key);
    PhoneEntry* find_entry(const device::PhoneKey& key);
    PhoneEntry* entry_with_job(std::string_view job);

    void look(PhoneEntry& entry);        // begins a diagnosis
    void looked(const std::string& key, std::uint64_t number, diagnostics::EvidenceSet probed,
                std::shared_ptr<const diagnostics::Diagnosis> diagnosis, bool last);
    void suggest_next(PhoneEntry& entry);
    std::string title_of(const device::Identity& identity) const;

    void handle(DiagnosePhone& command);
    void handle(DiagnoseText& command);
    void handle(AddEvidence& command);
    void handle(AnswerQuestion& command);
    void handle(RunPlan& command);
    void handle(AnswerRequest& command);
    void handle(CancelJob& command);
    void handle(ContinueCase& command);
    void handle(MeasureLink& command);
    void handle(WriteReport& command);

    struct Start {
        recovery::Plan plan;
        base::Json inputs;
        std::string case_id;             // of a case that goes on
        std::optional<recovery::LastRun> resume;
    };
    void begin_job(PhoneEntry& entry, std::string job_id, Start start);
    base::Status may_run(const PhoneEntry& entry, const recovery::Plan& plan, bool resumed) const;
    void run_job(const std::shared_ptr<Job>& job, const device::PhoneKey& phone, const std::string& title, const Start& start,
                 const std::shared_ptr<const diagnostics::Diagnosis>& before, const std::stop_token& stop);
    void job_ended(const std::string& key, const std::shared_ptr<Job>& job, const recovery::RunEnd& end);
    void notice(bool trouble, std::string text, int exit);
    void read_cases();

    WorkbenchOptions options_;
    knowledge::Knowledge knowledge_;
    knowledge::Texts texts_;
    std::unique_ptr<device::Watcher> watcher_;
    std::shared_ptr<device::Recorder> recorder_;
    Diagnoser diagnoser_;
    recovery::PlanLibrary plans_;
    recovery::StepRegistry steps_;
    CaseStore cases_;
    std::uint64_t subscription_ = 0;

    // The coordinator's.
    std::map<std::string, std::unique_ptr<PhoneEntry>> phones_;   // by key as text; "" is the computer alone
    AppSnapshot app_;
    std::uint64_t next_job_ = 1;
    std::uint64_t next_notice_ = 1;

    mutable std::mutex snapshot_mutex_;
    std::shared_ptr<const AppSnapshot> published_;
    std::function<void()> wake_;

    std::mutex queue_mutex_;
    std::condition_variable_any queue_changed_;
    std::deque<std::function<void()>> queue_;
    std::atomic<bool> changed_{true};
    std::unique_ptr<Worker> files_ = std::make_unique<Worker>();
    std::jthread settle_;
    std::jthread thread_;
};

}  // namespace unbrick::core
