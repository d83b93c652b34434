#include "recovery/restore/restore_step.h"

#include <fmt/core.h>

#include "recovery/restore/restore_job.h"

namespace unbrick::recovery::restore {

using base::ErrorCode;
using base::fail;

namespace {

std::string words(const StepContext& context, const std::string& key) {
    return context.texts != nullptr && context.texts->has(key) ? context.texts->get(key) : std::string();
}

// What the plan ends with; empty: go on to the next step.
std::string plan_outcome(const RestoreResult& result) {
    const auto& outcome = result.outcome;
    if (outcome == "restored") return {};
    if (outcome == "dry-run-done") return "done";
    if (outcome == "cancelled") return "cancelled";
    if (outcome == "not-signed") return "firmware-not-signed";
    if (outcome == "signing-unreachable") return "network-not-reached";
    if (outcome == "refused-before-start") {
        const auto code = result.status.error().code();
        if (code == ErrorCode::RefusedByGuard) return "refused-by-guard";
        if (code == ErrorCode::FirmwareInvalid || code == ErrorCode::FirmwareUnsuitable || code == ErrorCode::NotFound) return "firmware-unsuitable";
        return "failed";
    }
    if (result.left_in == device::Mode::Absent || result.left_in == device::Mode::Unknown) return "vanished";
    if (result.left_in == device::Mode::Restore) return "stays-in-restore";
    return "restore-failed";
}

base::Json facts_of(const RestoreResult& result) {
    base::Json facts{{"outcome", result.outcome}, {"engine", result.engine}, {"left_in", device::to_string(result.left_in)},
                     {"storage_written", result.storage_written}, {"last_stage", result.last_stage}, {"evidence", result.evidence.to_json()}};
    if (!result.status) {
        facts["error"] = result.status.error().to_string();
        facts["error_text"] = result.status.error().text_key();
    }
    return facts;
}

// A cable that comes out more often than this needs another answer than trying again.
constexpr int kGoOnAfterLoss = 3;
constexpr std::chrono::seconds kReplugTime{300};

// A phone that was lost in the middle: a person is asked to plug it in again, unless it is back by itself.
bool came_back(StepContext& context, const RestoreResult& result) {
    if (result.status || (result.outcome != "phone-lost" && result.left_in != device::Mode::Absent)) return false;
    if (result.outcome == "cancelled" || context.stop.stop_requested()) return false;
    const auto here = [](const device::Phone& phone) { return phone.present() && phone.mode != device::Mode::Unknown && (phone.usb || !phone.mux_udid.empty()); };
    const auto now = context.watcher->find(context.phone);
    if (now && here(*now)) return now->mode != device::Mode::Normal;
    context.phone_said("restore", result.status.error().to_string());
    Ask ask;
    ask.kind = AskKind::Act;
    ask.act = "replug";
    ask.text = words(context, "restore.ask.replug");
    const auto open = context.ask(std::move(ask));
    const auto back = context.watcher->wait_for(context.phone, here, context.clock->patience(kReplugTime), context.stop);
    return back && back->mode != device::Mode::Normal;
}

base::Result<StepEnd> run_step(StepContext& context, bool dry_run) {
    RestoreRequest request;
    request.phone = context.phone;
    request.step = context.step->id;
    request.firmware = base::json_string(context.inputs, "firmware").value_or("");
    if (request.firmware.empty()) return StepEnd::end_plan("needs-firmware-restore");
    UB_TRY(request.kind, parse_kind(context.text_parameter("mode", "update")));
    UB_TRY(request.engine, parse_engine(base::json_string(context.inputs, "engine").value_or("")));
    request.signing_server = base::json_string(context.inputs, "signing_server").value_or("");
    request.own_engine_on_real_phone = base::json_bool(context.inputs, "own_engine_on_real_phone").value_or(false);
    request.dry_run = dry_run;
    request.folder = context.case_folder;
    if (context.consent != nullptr && context.consent->covers(context.phone.to_string(), context.run, context.step->id))
        request.consent = EraseConsent{context.phone, context.step->id, std::chrono::steady_clock::now()};
    UB_TRY_VOID(context.before_act("restore", {{"kind", to_string(request.kind)}, {"firmware", request.firmware.string()}, {"dry_run", dry_run}}));

    double fraction = -1;
    RestoreCallbacks callbacks;
    const auto report = [&](std::string doing, double rate) {
        if (context.on_progress) context.on_progress({fraction, std::move(doing), rate});
    };
    callbacks.stage = [&](const Stage& stage) {
        fraction = -1;
        report(words(context, stage.text_key), -1);
        if (context.journal != nullptr) static_cast<void>(context.journal->append("stage", {{"run", context.run}, {"step", context.step->id}, {"stage", stage.id}, {"writing", stage.writing}}));
    };
    callbacks.progress = [&](double now, double rate) {
        fraction = now;
        report({}, rate);
    };
    callbacks.phone_said = [&](std::string_view text) { context.phone_said("restore", std::string(text)); };
    callbacks.said = [&](std::string_view text) { context.phone_said("restore", std::string(text)); };
    std::optional<AskDesk::Open> open;
    callbacks.ask = [&](const PersonAct& act) {
        open.reset();
        Ask ask;
        ask.kind = AskKind::Act;
        ask.act = act.act;
        ask.text = words(context, act.text_key);
        open.emplace(context.ask(std::move(ask)));
    };
    auto result = run_restore(*context.watcher, *context.knowledge, request, callbacks, context.stop);
    open.reset();
    for (int again = 0; again < kGoOnAfterLoss && came_back(context, result); ++again) {
        // The same step, the same phone, the same consent: what was begun is finished.
        UB_TRY_VOID(context.before_act("restore-again", {{"kind", to_string(request.kind)}, {"after", result.status.error().to_string()}}));
        result = run_restore(*context.watcher, *context.knowledge, request, callbacks, context.stop);
        open.reset();
    }
    const auto outcome = plan_outcome(result);
    if (!result.status) context.phone_said("restore", result.status.error().to_string());
    if (outcome == "cancelled") return fail(result.status.error());
    if (outcome.empty()) return StepEnd::go_on(facts_of(result));
    if (outcome == "failed") return fail(result.status.error());
    return StepEnd::end_plan(outcome, facts_of(result));
}

}  // namespace

void register_restore_steps(StepRegistry& registry) {
    registry.add("restore", {[](StepContext& context) { return run_step(context, false); }, [](const Step& step) {
                                 const auto mode = base::json_string(step.parameters, "mode");
                                 return mode == "update" ? Risk::MeantToKeepData : Risk::ErasesData;
                             }});
    registry.add("restore-dry-run", {[](StepContext& context) { return run_step(context, true); }, [](const Step&) { return Risk::Reversible; }});
}

}  // namespace unbrick::recovery::restore
