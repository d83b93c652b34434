#include "recovery/restore/restore_job.h"

#include <fmt/core.h>

#include <cstdlib>

#include "recovery/restore/idevicerestore_engine.h"
#include "recovery/restore/own_engine.h"
#include "src/knowledge/knowledge.h"

namespace unbrick::recovery::restore {

using base::ErrorCode;
using base::fail;

std::string_view to_string(Kind kind) { return kind == Kind::Erase ? "erase" : "update"; }

base::Result<Kind> parse_kind(std::string_view text) {
    if (text == "update") return Kind::Update;
    if (text == "erase") return Kind::Erase;
    return fail(ErrorCode::Usage, fmt::format("\"{}\" is neither update nor erase", text));
}

std::string_view to_string(Engine engine) {
    switch (engine) {
        case Engine::Own: return "own";
        case Engine::Idevicerestore: return "idevicerestore";
        case Engine::Default: break;
    }
    return "default";
}

base::Result<Engine> parse_engine(std::string_view text) {
    if (text == "own") return Engine::Own;
    if (text == "idevicerestore") return Engine::Idevicerestore;
    if (text.empty() || text == "default") return Engine::Default;
    return fail(ErrorCode::Usage, fmt::format("\"{}\" is no restore engine: own or idevicerestore", text));
}

namespace {

bool in_rehearsal() {
    const char* rehearsal = std::getenv("UNBRICK_REHEARSAL");
    return rehearsal != nullptr && rehearsal[0] != '\0';
}

// Checked here again, whatever the executor did: nothing is erased without a person's word for this phone and step.
base::Status check_consent(const RestoreRequest& request) {
    if (request.kind != Kind::Erase || request.dry_run) return {};
    const auto& consent = request.consent;
    if (!consent) return fail(base::Error(ErrorCode::RefusedByGuard, "nobody consented to erase this phone").with_text("restore.error.no-consent"));
    const bool same_phone = consent->phone.ecid && request.phone.ecid ? *consent->phone.ecid == *request.phone.ecid : consent->phone == request.phone;
    if (!same_phone || consent->step != request.step)
        return fail(base::Error(ErrorCode::RefusedByGuard, "the consent to erase was given for another phone or step").with_text("restore.error.no-consent"));
    if (std::chrono::steady_clock::now() - consent->given > kConsentLives)
        return fail(base::Error(ErrorCode::RefusedByGuard, "the consent to erase was given too long ago").with_text("restore.error.no-consent"));
    return {};
}

std::string outcome_of(const base::Error& error, bool begun, bool written) {
    switch (error.code()) {
        case ErrorCode::Cancelled: return "cancelled";
        case ErrorCode::SigningRefused: return "not-signed";
        case ErrorCode::SigningUnreachable: return "signing-unreachable";
        default: break;
    }
    if (!begun) return "refused-before-start";
    if (error.code() == ErrorCode::PhoneRefused) return "phone-refused";
    if (error.code() == ErrorCode::TimedOut) return "stalled";
    if (error.code() == ErrorCode::Disconnected || error.code() == ErrorCode::NoPhone) return "phone-lost";
    return written ? "failed-while-writing" : "failed-before-write";
}

// A failed restore ends in a restart (restore-protocol.md 1.7: up to a minute); a lost phone is asked for by then.
constexpr std::chrono::seconds kSettlesAfterFailure{60};

bool begun_in(std::string_view stage) {
    return !stage.empty() && stage != "check-firmware" && stage != "identify" && stage != "stashbag" && stage != "sign";
}

}  // namespace

RestoreResult run_restore(device::Watcher& watcher, const knowledge::Knowledge& knowledge, const RestoreRequest& request,
                          const RestoreCallbacks& callbacks, const std::stop_token& stop) {
    const RestoreTimes times(knowledge.document("restore_times"));
    Reporter reporter(callbacks, times);
    RestoreResult result;
    auto engine = request.engine;
    if (engine == Engine::Default) engine = in_rehearsal() || request.dry_run ? Engine::Own : Engine::Idevicerestore;
    result.engine = to_string(engine);
    result.status = check_consent(request);
    if (result.status && engine == Engine::Own && !in_rehearsal() && !request.own_engine_on_real_phone && !request.dry_run)
        result.status = fail(base::Error(ErrorCode::RefusedByGuard, "unbrick's own engine has never run on a real phone; it writes to one only when the setting for that is on")
                                 .with_text("restore.error.never-on-real-phone"));
    if (result.status) {
        const auto& clock = base::PhoneClock::instance();
        if (engine == Engine::Own) {
            auto end = run_own_engine(watcher, knowledge, request, reporter, clock, stop);
            result.status = std::move(end.status);
            result.phone_log = std::move(end.phone_log);
        } else {
            auto end = run_idevicerestore(watcher, knowledge, request, reporter, stop);
            result.status = std::move(end.status);
            result.engine = end.version.empty() ? "idevicerestore" : "idevicerestore " + end.version;
        }
    }
    result.last_stage = reporter.current_stage();
    result.storage_written = reporter.was_storage_written();
    if (result.status) {
        result.outcome = request.dry_run ? "dry-run-done" : "restored";
    } else {
        if (stop.stop_requested() && result.status.error().code() != ErrorCode::PhoneRefused)
            result.status = fail(base::Error(ErrorCode::Cancelled, "cancelled on request").with_context(result.status.error().to_string()));
        result.outcome = outcome_of(result.status.error(), begun_in(result.last_stage), result.storage_written);
        reporter.evidence("restore.failed_stage", result.last_stage, result.status.error().to_string());
        if (result.storage_written) reporter.evidence("restore.storage_written", true, result.last_stage);
        // The phone restarts by itself after it said that it failed; what it is then decides the next rung.
        if (result.outcome != "cancelled" && begun_in(result.last_stage)) {
            const auto settled = watcher.wait_for(
                request.phone,
                [](const device::Phone& seen) { return seen.present() && seen.mode != device::Mode::Unknown && seen.mode != device::Mode::Restore && (seen.usb || !seen.mux_udid.empty()); },
                base::PhoneClock::instance().patience(kSettlesAfterFailure), stop);
            if (settled) result.left_in = settled->mode;
            else if (const auto phone = watcher.find(request.phone)) result.left_in = phone->mode;
        } else if (const auto phone = watcher.find(request.phone)) {
            result.left_in = phone->mode;
        }
    }
    if (const auto phone = watcher.find(request.phone); phone && result.status) result.left_in = phone->mode;
    result.evidence = reporter.take_evidence();
    if (!request.folder.empty() && !result.phone_log.empty())
        static_cast<void>(base::write_file_atomically(request.folder / "phone-restore.log", result.phone_log));
    return result;
}

}  // namespace unbrick::recovery::restore
