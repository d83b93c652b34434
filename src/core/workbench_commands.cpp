// What the workbench does with each command. All on the coordinator's thread, except what is handed to a worker.
#include <fmt/core.h>

#include "diagnostics/readers/text_reader.h"
#include "recovery/outcome.h"
#include "src/base/exit_code.h"
#include "src/base/file.h"
#include "src/base/log.h"
#include "src/base/phone_clock.h"
#include "src/core/memory.h"
#include "src/core/rehearsal.h"
#include "src/core/report.h"
#include "src/core/workbench_impl.h"
#include "src/device/link_measurement.h"

namespace unbrick::core {

namespace {

diagnostics::Evidence attempt(std::string key, std::string value) {
    diagnostics::Evidence evidence;
    evidence.key = std::move(key);
    evidence.value = std::move(value);
    evidence.from = {diagnostics::Origin::EarlierAttempt, "unbrick", 0, ""};
    evidence.when = std::chrono::system_clock::now();
    return evidence;
}

device::PhoneKey key_from(std::string_view text) {
    device::PhoneKey key;
    key.ecid = device::Ecid::parse(text);
    if (key.ecid) return key;
    constexpr std::string_view kPort = "port ";
    if (!base::starts_with(text, kPort)) return key;
    text.remove_prefix(kPort.size());
    const auto dash = text.find('-');
    if (dash == std::string_view::npos) return key;
    key.port.bus = static_cast<int>(base::parse_int(text.substr(0, dash)).value_or(0));
    key.port.path = std::string(text.substr(dash + 1));
    return key;
}

}  // namespace

void WorkbenchImpl::handle(DiagnosePhone& command) {
    auto* entry = find_entry(command.phone);
    if (entry == nullptr) return notice(true, texts_.get("core.no_such_phone", {{"phone", command.phone.to_string()}}), static_cast<int>(base::ExitCode::NoPhone));
    if (!entry->busy()) look(*entry);
}

void WorkbenchImpl::handle(DiagnoseText& command) {
    files_->add([this, command](const std::stop_token& stop) {
        diagnostics::EvidenceSet evidence;
        const auto take = [&](base::Result<diagnostics::EvidenceSet> read) {
            if (read) evidence.append(*read);
            else notice(true, read.error().to_string(), static_cast<int>(base::exit_code_for(read.error().code())));
        };
        for (const auto& file : command.files) {
            if (stop.stop_requested()) return;
            take(diagnostics::read_text_file(knowledge_, file));
        }
        for (const auto& text : command.texts) evidence.append(diagnostics::read_text(knowledge_, text, "text", diagnostics::Origin::Person));
        for (const auto& code : command.error_codes) take(diagnostics::read_error_code(knowledge_, code));
        for (const auto& symptom : command.symptoms) take(diagnostics::read_symptom(knowledge_, symptom));
        if (!command.about.empty()) evidence.append(diagnostics::read_about(knowledge_, command.about));
        auto diagnosis = diagnoser_.conclude(std::move(evidence));
        post([this, diagnosis] { app_.file_diagnosis = diagnosis; });
    });
}

void WorkbenchImpl::handle(AddEvidence& command) {
    const auto key = command.phone.to_string();
    files_->add([this, command, key](const std::stop_token&) {
        diagnostics::EvidenceSet evidence;
        for (const auto& file : command.files) {
            auto read = diagnostics::read_text_file(knowledge_, file);
            if (read) evidence.append(*read);
            else notice(true, read.error().to_string(), static_cast<int>(base::exit_code_for(read.error().code())));
        }
        if (!command.text.empty()) evidence.append(diagnostics::read_text(knowledge_, command.text, "text", diagnostics::Origin::Person));
        post([this, command, evidence] {
            auto* entry = find_entry(command.phone);
            if (entry == nullptr) return;
            entry->given.append(evidence);
            if (!entry->busy()) look(*entry);
        });
    });
}

void WorkbenchImpl::handle(AnswerQuestion& command) {
    auto* entry = find_entry(command.phone);
    const auto evidence = diagnoser_.evidence_of_answer(command.question, command.choice);
    if (entry == nullptr || !evidence) {
        notice(true, evidence ? command.phone.to_string() : evidence.error().to_string(), static_cast<int>(base::ExitCode::Usage));
        return;
    }
    entry->given.append(*evidence);
    if (!entry->busy()) look(*entry);
}

base::Status WorkbenchImpl::may_run(const PhoneEntry& entry, const recovery::Plan& plan, bool resumed) const {
    UB_TRY_VOID(recovery::check_plan(plan, steps_));
    if (!entry.shown.diagnosis) return {};
    if (!resumed && entry.real && !plan.may_begin_in(device::to_string(entry.phone.mode)))
        return base::fail(base::Error(base::ErrorCode::WrongMode, fmt::format("plan {} cannot begin while the phone is {}", plan.id, device::to_string(entry.phone.mode)))
                              .with_text("outcome.wrong-mode"));
    for (const auto& rung : entry.shown.diagnosis->ladder) {
        if (rung.offered) continue;
        // A locked way stays locked under every name: the whole action, and with an erasing one all that erase.
        const bool same = rung.plan == plan.id || rung.action == plan.action ||
                          (rung.risk == recovery::to_string(recovery::Risk::ErasesData) && plan.risk() == recovery::Risk::ErasesData);
        if (same) return base::fail(base::Error(base::ErrorCode::RefusedByGuard, fmt::format("plan {} is locked here", plan.id)).with_text(rung.locked_because));
    }
    return {};
}

void WorkbenchImpl::handle(RunPlan& command) {
    auto* entry = find_entry(command.phone);
    auto job_id = command.job.empty() ? fmt::format("job-{}", next_job_++) : command.job;
    if (entry == nullptr) return notice(true, texts_.get("core.no_such_phone", {{"phone", command.phone.to_string()}}), static_cast<int>(base::ExitCode::NoPhone));
    const auto* plan = plans_.find(command.plan);
    if (plan == nullptr) return notice(true, texts_.get("core.no_such_plan", {{"plan", command.plan}}), static_cast<int>(base::ExitCode::Usage));
    Start start;
    start.plan = *plan;
    start.inputs = command.inputs.is_object() ? command.inputs : base::Json::object();
    if (!command.firmware.empty()) start.inputs["firmware"] = command.firmware.string();
    begin_job(*entry, std::move(job_id), std::move(start));
}

void WorkbenchImpl::handle(ContinueCase& command) {
    auto job_id = command.job.empty() ? fmt::format("job-{}", next_job_++) : command.job;
    const auto about = cases_.read(command.case_id);
    if (!about) return notice(true, about.error().to_string(), static_cast<int>(base::ExitCode::Usage));
    const auto story = recovery::read_journal(cases_.folder_of(command.case_id));
    const auto run = story ? recovery::last_run(*story) : std::nullopt;
    if (!run || !run->plan || run->ended)
        return notice(true, texts_.get("core.case_not_open", {{"case", command.case_id}}), static_cast<int>(base::ExitCode::Usage));
    Start start;
    start.plan = *run->plan;
    start.inputs = run->inputs.is_object() ? run->inputs : base::Json::object();
    start.case_id = command.case_id;
    start.resume = *run;
    begin_job(entry_of(key_from(run->phone)), std::move(job_id), std::move(start));
}

void WorkbenchImpl::begin_job(PhoneEntry& entry, std::string job_id, Start start) {
    if (entry.busy()) {
        notice(true, texts_.get("core.phone_busy", {{"phone", entry.shown.title}}), static_cast<int>(base::ExitCode::Failed));
        return;
    }
    const auto phone_name = entry.real ? entry.phone.key.to_string() : std::string();
    auto job = std::make_shared<Job>(
        std::move(job_id), phone_name, start.plan, texts_, [this] { changed_ = true; queue_changed_.notify_all(); },
        [](const base::OrderedJson& ask) {
            if (const auto told = publish_ask(ask); !told) base::log::warning("core", "the rehearsal's person does not hear: {}", told.error().to_string());
        });
    entry.job = job;
    entry.changed = true;
    ++entry.look;                        // what a running look finds is stale now
    entry.shown.diagnosing = false;
    if (const auto allowed = may_run(entry, start.plan, start.resume.has_value()); !allowed) {
        const auto code = allowed.error().code();
        job->refuse(code == base::ErrorCode::RefusedByGuard ? "refused-by-guard" : code == base::ErrorCode::WrongMode ? "wrong-mode" : "failed", allowed.error());
        return;
    }
    entry.worker->stop_current(true);
    entry.worker->add([this, job, phone = entry.phone.key, title = entry.real ? entry.shown.title : texts_.get("phone.none"), start = std::move(start),
                       before = entry.shown.diagnosis](const std::stop_token& stop) { run_job(job, phone, title, start, before, stop); });
}

void WorkbenchImpl::run_job(const std::shared_ptr<Job>& job, const device::PhoneKey& phone, const std::string& title, const Start& start,
                            const std::shared_ptr<const diagnostics::Diagnosis>& before, const std::stop_token& stop) {
    const bool none = !phone.ecid && phone.port.path.empty();
    const auto key = none ? std::string() : phone.to_string();
    const auto give_up = [&](const base::Error& error) {
        job->refuse("failed", error);
        post([this, key, job, error] { job_ended(key, job, recovery::RunEnd{{}, "failed", error, {}, {}, {}}); });
    };
    // Two programs must not tell one phone different things.
    const auto lock = FolderLock::take(phone_folder() / ((none ? "none" : key) + ".lock"));
    if (!lock) return give_up(lock.error());
    std::string id = start.case_id;
    if (id.empty()) {
        auto created = cases_.create({title, key, start.plan.id, rehearsal_name(), recorder_ ? recorder_->file().string() : ""});
        if (!created) return give_up(created.error());
        id = *created;
    }
    const auto folder = cases_.folder_of(id);
    const auto case_lock = FolderLock::take(folder / "lock");
    if (!case_lock) return give_up(case_lock.error());
    auto journal = recovery::Journal::open(folder);
    if (!journal) return give_up(journal.error());
    if (before) (void)base::write_file_atomically(folder / "diagnosis.json", base::dump_json(before->to_json(), 2) + "\n");
    job->begin(id);

    recovery::ExecutorParts parts;
    parts.registry = &steps_;
    parts.watcher = watcher_.get();
    parts.knowledge = &knowledge_;
    parts.texts = &texts_;
    parts.journal = &*journal;
    parts.desk = &job->desk();
    parts.listener = job.get();
    parts.case_folder = folder;
    recovery::RunRequest request;
    request.plan = start.plan;
    request.phone = phone;
    request.inputs = start.inputs;
    request.resume = start.resume;
    auto end = recovery::run_plan(parts, request, stop);

    base::Json about{{"outcome", end.outcome}, {"phone", none ? end.phone.to_string() : key}};
    if (end.error) about["error"] = end.error->to_string();
    if (const auto written = cases_.update(id, about); !written) base::log::warning("core", "case {}: {}", id, written.error().to_string());
    if (recorder_) {
        (void)recorder_->flush();
        std::error_code error;
        const auto copy = folder / fmt::format("recording-{}.jsonl", end.run);
        std::filesystem::copy_file(recorder_->file(), copy, std::filesystem::copy_options::overwrite_existing, error);
    }
    job->end(end, {});
    post([this, key, job, end] { job_ended(key, job, end); });
}

void WorkbenchImpl::job_ended(const std::string& key, const std::shared_ptr<Job>& job, const recovery::RunEnd& end) {
    read_cases();
    auto found = phones_.find(key);
    // While it ran the phone may have got its name, or "no phone" one.
    if (found == phones_.end() && end.phone.ecid) found = phones_.find(end.phone.to_string());
    if (found == phones_.end()) return;
    auto& entry = *found->second;
    const auto snapshot = job->snapshot();
    const bool success = recovery::outcome_kind(end.outcome).success;
    entry.earlier.add(attempt("attempt.outcome", end.outcome));
    entry.earlier.add(attempt(success ? "attempt.succeeded" : "attempt.failed", snapshot->plan.action));
    entry.suggest_after = success || end.outcome == "cancelled" ? std::string() : snapshot->plan.action;
    if (entry.real && entry.phone.present() && options_.diagnose_by_itself) look(entry);
    else suggest_next(entry);
}

void WorkbenchImpl::handle(AnswerRequest& command) {
    auto* entry = entry_with_job(command.job);
    if (entry == nullptr) return notice(true, texts_.get("core.no_such_job", {{"job", command.job}}), static_cast<int>(base::ExitCode::Usage));
    if (const auto answered = entry->job->answer(command.request, command.answer); !answered)
        notice(true, answered.error().to_string(), static_cast<int>(base::ExitCode::Usage));
}

void WorkbenchImpl::handle(CancelJob& command) {
    auto* entry = entry_with_job(command.job);
    if (entry == nullptr || entry->job->ended()) return;
    entry->job->cancelling();
    entry->worker->stop_current(true);
}

void WorkbenchImpl::handle(MeasureLink& command) {
    auto* entry = find_entry(command.phone);
    if (entry == nullptr || !entry->real || !watcher_) return notice(true, texts_.get("core.no_such_phone", {{"phone", command.phone.to_string()}}), static_cast<int>(base::ExitCode::NoPhone));
    if (entry->busy()) return notice(true, texts_.get("core.phone_busy", {{"phone", entry->shown.title}}), static_cast<int>(base::ExitCode::Failed));
    const auto key = entry->phone.key;
    entry->worker->add([this, key, span = command.span](const std::stop_token& stop) {
        const auto show = [this, key](const device::LinkMeasurement& now, bool measuring) {
            post([this, key, now, measuring] {
                auto* found = find_entry(key);
                if (found == nullptr) return;
                auto& link = found->shown.link;
                link.score = now.score;
                link.transfers = now.transfers;
                link.errors = now.errors;
                link.reconnects = now.reconnects;
                link.latency_ms = now.latency_ms;
                link.median_ms = now.latency_ms_median;
                link.p95_ms = now.latency_ms_p95;
                link.jitter_ms = now.jitter_ms;
                link.measuring = measuring;
                if (!measuring) ++link.measured;
                if (!now.speed_mbit.empty()) link.speed = now.speed_mbit;
                found->changed = true;
            });
        };
        const auto measured = device::measure_link(*watcher_, key, span, [&](const device::LinkMeasurement& now) { show(now, true); }, stop);
        if (measured) show(*measured, false);
        else notice(true, measured.error().to_string(), static_cast<int>(base::exit_code_for(measured.error().code())));
    });
}

void WorkbenchImpl::handle(WriteReport& command) {
    files_->add([this, command](const std::stop_token&) {
        const auto written = write_report(cases_, knowledge_, texts_, command.case_id, command.out, command.show_identifiers);
        if (written) notice(false, texts_.get("core.report_written", {{"file", command.out.string()}}), 0);
        else notice(true, written.error().to_string(), static_cast<int>(base::exit_code_for(written.error().code())));
    });
}

}  // namespace unbrick::core
