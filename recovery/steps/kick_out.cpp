// Out of recovery mode (restore-protocol.md 2.7, "Kick-out"): setenv auto-boot true, saveenv, reboot; then what
// the phone really does.
#include <fmt/core.h>

#include "recovery/steps/steps.h"
#include "src/base/text.h"
#include "src/device/links/recovery_link.h"

namespace unbrick::recovery::steps {

namespace {

base::Result<device::RecoveryLink> open_recovery(StepContext& context, const base::Deadline& deadline) {
    UB_TRY(const auto phone, context.phone_now());
    if (phone.mode != device::Mode::Recovery || !phone.usb)
        return base::fail(base::ErrorCode::WrongMode, fmt::format("{} is {}, not in recovery mode", context.phone.to_string(), device::to_string(phone.mode)));
    device::LinkOptions options;
    options.phone = context.phone.to_string();
    UB_TRY(auto link, device::RecoveryLink::open(phone.usb->address, deadline, context.stop, std::move(options)));
    // Another phone may have been plugged into the same port since: its own word decides.
    if (context.phone.ecid) {
        UB_TRY(const auto info, link.info(deadline, context.stop));
        if (info.ecid && *info.ecid != *context.phone.ecid)
            return base::fail(base::ErrorCode::RefusedByGuard, fmt::format("this is phone {}, not {}: nothing was done", info.ecid->to_string(),
                                                                           context.phone.ecid->to_string()));
    }
    return link;
}

// What tells an owner and the diagnosis something; each may be unset.
constexpr std::string_view kVariables[] = {"auto-boot", "build-version", "boot-stage", "radio-error", "boot-args"};

}  // namespace

base::Result<StepEnd> read_boot_variables(StepContext& context) {
    const auto deadline = context.longest();
    UB_TRY(auto link, open_recovery(context, deadline));
    base::Json facts = base::Json::object();
    for (const auto name : kVariables) {
        UB_TRY(const auto value, link.getenv(name, deadline, context.stop));
        facts[std::string(name)] = value ? base::Json(base::to_valid_utf8(*value)) : base::Json();
        if (value && !value->empty()) context.phone_said("recovery", fmt::format("{}={}", name, base::to_valid_utf8(*value)));
    }
    return StepEnd::go_on(std::move(facts));
}

base::Result<StepEnd> set_boot_variable(StepContext& context) {
    const auto deadline = context.longest();
    const auto name = context.text_parameter("name");
    const auto value = context.text_parameter("value");
    if (name.empty()) return base::fail(base::ErrorCode::InvalidInput, "the plan names no variable to set");
    UB_TRY(auto link, open_recovery(context, deadline));
    UB_TRY(const auto before, link.getenv(name, deadline, context.stop));
    UB_TRY_VOID(context.before_act("setenv", {{"name", name}, {"value", value}}));
    UB_TRY_VOID(link.setenv(name, value, deadline, context.stop));
    return StepEnd::go_on({{"name", name}, {"value", value}, {"before", before ? base::Json(base::to_valid_utf8(*before)) : base::Json()}});
}

base::Result<StepEnd> save_boot_variables(StepContext& context) {
    const auto deadline = context.longest();
    UB_TRY(auto link, open_recovery(context, deadline));
    UB_TRY_VOID(context.before_act("saveenv"));
    UB_TRY_VOID(link.saveenv(deadline, context.stop));
    return StepEnd::go_on();
}

base::Result<StepEnd> restart(StepContext& context) {
    const auto deadline = context.longest();
    UB_TRY(const auto before, context.phone_now());
    {
        UB_TRY(auto link, open_recovery(context, deadline));
        UB_TRY_VOID(context.before_act("reboot"));
        UB_TRY_VOID(link.reboot(deadline, context.stop));
    }
    context.progress(-1, words(context, "doing.restarting"));
    UB_TRY_CONTEXT(const auto gone,
                   context.watcher->wait_for(context.phone, [&](const device::Phone& now) { return now.mode != before.mode || now.arrivals != before.arrivals; },
                                             deadline, context.stop),
                   "the phone was told to restart and did not");
    context.phone = gone.key;
    context.phone_said(device::to_string(gone.mode), words(context, "phone.left_recovery"));
    return StepEnd::go_on();
}

namespace {

// The hold is looked at this often, so that the time shown goes on.
constexpr std::chrono::milliseconds kHoldTick{500};

// Waits until `changed` or the end of the hold. True: the hold was kept.
base::Result<bool> hold(StepContext& context, std::chrono::duration<double> span, const std::function<bool(const device::Phone&)>& changed) {
    const auto end = context.clock->hold(span);
    const auto begun = base::SteadyClock::now();
    for (;;) {
        const auto phone = context.watcher->wait_for(context.phone, changed, end.earlier_of(kHoldTick), context.stop);
        if (phone) return false;
        if (phone.error().code() != base::ErrorCode::TimedOut) return base::fail(phone.error());
        if (end.expired()) return true;
        const auto up = context.clock->phone_span(base::SteadyClock::now() - begun);
        context.progress(up / span, words(context, "doing.stays_up", {{"seconds", fmt::format("{:.0f}", up.count())}, {"of", fmt::format("{:.0f}", span.count())}}));
    }
}

}  // namespace

// Success is Normal mode, answered by the phone's own lockdownd, for the whole span; each restart begins it anew.
base::Result<StepEnd> wait_stable(StepContext& context) {
    using device::Mode;
    const std::chrono::duration<double> stable(context.number_parameter("stable", 240));
    const std::chrono::duration<double> patience(context.number_parameter("patience", 180));
    const int most_restarts = static_cast<int>(context.number_parameter("restarts", 3));
    const auto deadline = context.longest();
    int restarts = 0;
    for (;;) {
        context.progress(-1, words(context, "doing.waiting_for_start"));
        const auto arrived = wait_phone(
            context,
            [](const device::Phone& now) {
                return now.mode == Mode::Normal || now.mode == Mode::Recovery || now.mode == Mode::Dfu || now.mode == Mode::Kis || now.mode == Mode::Wtf;
            },
            context.clock->patience(patience), context.stop);
        if (!arrived) {
            if (arrived.error().code() != base::ErrorCode::TimedOut) return base::fail(arrived.error());
            const auto now = context.phone_now();
            return StepEnd::end_plan(now && now->mode == Mode::Restore ? "stays-in-restore" : "vanished", {{"restarts", restarts}});
        }
        context.phone_said(device::to_string(arrived->mode), words(context, "phone.came_as", {{"mode", words(context, "mode." + std::string(device::to_string(arrived->mode)))}}));
        if (arrived->mode == Mode::Recovery) return StepEnd::end_plan("back-in-recovery", {{"restarts", restarts}});
        if (arrived->mode != Mode::Normal) return StepEnd::end_plan("back-in-dfu", {{"restarts", restarts}});
        const auto arrivals = arrived->arrivals;
        UB_TRY(const auto kept, hold(context, stable, [&](const device::Phone& now) { return now.mode != Mode::Normal || now.arrivals != arrivals; }));
        if (kept) {
            UB_TRY(const auto now, context.phone_now());
            const bool silent = now.hidden == device::Hidden::LockdownSilent;
            return StepEnd::end_plan(silent ? "normal-silent" : "normal-stable", {{"restarts", restarts}, {"stable_seconds", stable.count()}});
        }
        ++restarts;
        const auto now = context.phone_now();
        context.phone_said(device::to_string(now ? now->mode : Mode::Absent), words(context, "phone.restarted", {{"times", std::to_string(restarts)}}));
        if (restarts >= most_restarts || deadline.expired()) return StepEnd::end_plan("boot-loop", {{"restarts", restarts}});
    }
}

}  // namespace unbrick::recovery::steps
