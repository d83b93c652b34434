// What a phone in Normal mode is asked: trust, unlock, activation, battery, its reports.
#include <fmt/core.h>

#include "recovery/steps/steps.h"
#include "src/base/file.h"
#include "src/base/text.h"
#include "src/device/links/normal_link.h"

namespace unbrick::recovery::steps {

namespace {

// How often a phone is asked again whether its state changed; it sends no event for trust, lock or charge.
constexpr std::chrono::duration<double> kAskAgain{3.0};

base::Result<device::NormalLink> open_normal(StepContext& context, const base::Deadline& deadline) {
    UB_TRY(const auto phone, context.phone_now());
    if (phone.mode != device::Mode::Normal || phone.mux_udid.empty())
        return base::fail(base::ErrorCode::WrongMode, fmt::format("{} cannot be asked now: {} ({})", context.phone.to_string(),
                                                                  device::to_string(phone.mode), device::to_string(phone.hidden)));
    device::LinkOptions options;
    options.phone = context.phone.to_string();
    return device::NormalLink::open(phone.mux_udid, deadline, context.stop, std::move(options));
}

// Waits a moment for an answer. Nothing: none came, ask the phone again.
base::Result<std::optional<std::string>> moment(StepContext& context, AskDesk::Open& open) {
    auto answer = open.wait(context.clock->hold(kAskAgain), context.stop);
    if (answer) return std::optional(*answer);
    if (answer.error().code() == base::ErrorCode::TimedOut) return std::optional<std::string>();
    return base::fail(std::move(answer).error());
}

}  // namespace

base::Result<StepEnd> trust(StepContext& context) {
    const auto deadline = context.longest();
    UB_TRY_VOID(context.before_act("pair"));
    std::optional<AskDesk::Open> open(ask_for(context, "trust", context.texts->get("act.trust")));
    bool told_unlock = false, asked_again = false;
    while (!deadline.expired()) {
        base::Status paired = base::fail(base::ErrorCode::NoPhone, "away");
        if (auto link = open_normal(context, deadline)) paired = link->pair(deadline, context.stop);
        if (paired) {
            context.watcher->probe_again(context.phone);
            return StepEnd::end_plan("trusted");
        }
        UB_TRY_VOID(base::check_cancelled(context.stop, "trust"));
        if (paired.error().code() == base::ErrorCode::Locked && !told_unlock) {
            told_unlock = true;
            context.phone_said("normal", words(context, "phone.locked"));
            open.reset();
            open.emplace(ask_for(context, "unlock", context.texts->get("act.unlock")));
        }
        // The dialog only comes on an unlocked phone, so trust is asked for once more then.
        if (told_unlock && !asked_again && paired.error().code() == base::ErrorCode::NotTrusted) {
            asked_again = true;
            open.reset();
            open.emplace(ask_for(context, "trust", context.texts->get("act.trust")));
        }
        if (base::contains(paired.error().to_string(), "UserDenied")) return StepEnd::end_plan("trust-refused");
        if (paired.error().code() == base::ErrorCode::NotTrusted) context.watcher->report_hidden(context.phone, device::Hidden::TrustPending);
        UB_TRY(const auto answer, moment(context, *open));
        if (answer && means_cannot(context, *answer)) return StepEnd::end_plan("person-unable");
    }
    return StepEnd::end_plan("needs-trust");
}

base::Result<StepEnd> unlock(StepContext& context) {
    const auto deadline = context.longest();
    auto open = ask_for(context, "unlock", context.texts->get("act.unlock"));
    const auto unlocked = [](const device::Phone& now) {
        return now.mode == device::Mode::Normal && now.hidden != device::Hidden::PasscodeLocked && now.hidden != device::Hidden::LockdownSilent;
    };
    while (!deadline.expired()) {
        const auto phone = wait_phone(context, unlocked, context.clock->hold(kAskAgain), open.answered_or(context.stop));
        if (phone) return StepEnd::end_plan("unlocked");
        UB_TRY_VOID(base::check_cancelled(context.stop, "unlock"));
        if (const auto answer = open.take_answer(); answer && means_cannot(context, *answer)) return StepEnd::end_plan("person-unable");
        if (has_phone(context)) context.watcher->probe_again(context.phone);
    }
    return StepEnd::end_plan("still-locked");
}

base::Result<StepEnd> activate(StepContext& context) {
    const auto deadline = context.longest();
    std::optional<AskDesk::Open> open;
    while (!deadline.expired()) {
        if (auto link = open_normal(context, deadline)) {
            const auto state = link->activation_state(deadline, context.stop);
            if (state) context.phone_said("normal", "ActivationState: " + base::to_valid_utf8(*state));
            if (state && *state != "Unactivated") return StepEnd::end_plan("activated", {{"state", *state}});
        }
        UB_TRY_VOID(base::check_cancelled(context.stop, "activation"));
        if (!open) open.emplace(ask_for(context, "activate", context.texts->get("act.activate")));
        UB_TRY(const auto answer, moment(context, *open));
        if (answer && means_cannot(context, *answer)) return StepEnd::end_plan("not-activated");
    }
    return StepEnd::end_plan("not-activated");
}

base::Result<StepEnd> wait_charge(StepContext& context) {
    const auto deadline = context.longest();
    const auto wanted = static_cast<std::uint64_t>(context.number_parameter("percent", 20));
    while (!deadline.expired()) {
        const auto phone = wait_phone(context, [](const device::Phone& now) { return now.mode == device::Mode::Normal && !now.mux_udid.empty(); }, deadline, context.stop);
        if (!phone) {
            if (phone.error().code() == base::ErrorCode::TimedOut) return StepEnd::end_plan("not-charged");
            return base::fail(phone.error());
        }
        std::optional<std::uint64_t> percent;
        if (auto link = open_normal(context, deadline))
            if (const auto value = link->value("com.apple.mobile.battery", "BatteryCurrentCapacity", deadline, context.stop); value && *value)
                percent = (*value)->as_integer();
        UB_TRY_VOID(base::check_cancelled(context.stop, "charging"));
        if (!percent) return StepEnd::go_on({{"percent", nullptr}});      // it started, and keeps its battery to itself
        context.progress(std::min(1.0, static_cast<double>(*percent) / static_cast<double>(std::max<std::uint64_t>(1, wanted))),
                         words(context, "doing.charging", {{"percent", std::to_string(*percent)}}));
        if (*percent >= wanted) return StepEnd::go_on({{"percent", *percent}});
        constexpr std::chrono::seconds kCharges{30};
        const auto away = context.watcher->wait_for(context.phone, [](const device::Phone& now) { return now.mode != device::Mode::Normal; },
                                                    context.clock->hold(kCharges), context.stop);
        if (!away && away.error().code() == base::ErrorCode::Cancelled) return base::fail(away.error());
    }
    return StepEnd::end_plan("not-charged");
}

base::Result<StepEnd> collect_logs(StepContext& context) {
    const auto deadline = context.longest();
    UB_TRY(auto link, open_normal(context, deadline));
    const auto most = static_cast<std::size_t>(context.number_parameter("count", 20));
    UB_TRY(const auto reports, link.crash_reports(most, deadline, context.stop));
    const auto folder = context.case_folder / "logs";
    UB_TRY_VOID(base::make_directories(folder));
    constexpr std::size_t kLargestReport = 4u << 20;
    std::size_t copied = 0;
    for (const auto& report : reports) {
        const auto content = link.read_crash_report(report.path, kLargestReport, deadline, context.stop);
        if (!content) continue;
        // The phone names the file: nothing of it may lead out of the folder.
        auto name = std::filesystem::path(base::to_valid_utf8(report.path)).filename();
        if (name.empty() || name == ".." || name == ".") continue;
        UB_TRY_VOID(base::write_file_atomically(folder / name, base::as_text(*content)));
        ++copied;
        context.progress(static_cast<double>(copied) / static_cast<double>(reports.size()));
    }
    return StepEnd::end_plan("logs-collected", {{"reports", copied}});
}

}  // namespace unbrick::recovery::steps
