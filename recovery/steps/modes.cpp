// From one mode to another.
#include <fmt/core.h>

#include <algorithm>

#include "recovery/steps/steps.h"
#include "src/device/links/normal_link.h"

namespace unbrick::recovery::steps {

using device::Mode;

namespace {

base::Status ask_for_recovery(StepContext& context) {
    const auto deadline = context.longest();
    UB_TRY(const auto phone, context.phone_now());
    if (phone.mode != Mode::Normal || phone.mux_udid.empty())
        return base::fail(base::ErrorCode::WrongMode, fmt::format("{} cannot be asked: it is {} ({})", context.phone.to_string(),
                                                                  device::to_string(phone.mode), device::to_string(phone.hidden)));
    device::LinkOptions options;
    options.phone = context.phone.to_string();
    UB_TRY(auto link, device::NormalLink::open(phone.mux_udid, deadline, context.stop, std::move(options)));
    UB_TRY_VOID(context.before_act("EnterRecovery"));
    return link.enter_recovery(deadline, context.stop);
}

}  // namespace

base::Result<StepEnd> enter_recovery(StepContext& context) {
    UB_TRY_VOID(ask_for_recovery(context));
    context.progress(-1, words(context, "doing.restarting"));
    UB_TRY(const auto gone, context.watcher->wait_for(context.phone, [](const device::Phone& now) { return now.mode != Mode::Normal; },
                                                      context.longest(), context.stop));
    context.phone = gone.key;
    return StepEnd::go_on();
}

base::Result<StepEnd> wait_for_mode(StepContext& context) {
    std::vector<std::string> wanted;
    for (const auto& mode : base::json_at(context.step->parameters, "want"))
        if (mode.is_string()) wanted.push_back(mode.get<std::string>());
    const auto phone = wait_phone(
        context, [&](const device::Phone& now) { return std::find(wanted.begin(), wanted.end(), device::to_string(now.mode)) != wanted.end(); },
        context.longest(), context.stop);
    if (!phone) {
        if (phone.error().code() != base::ErrorCode::TimedOut) return base::fail(phone.error());
        const auto now = context.phone_now();
        return StepEnd::end_plan(now && now->present() ? "wrong-mode" : "vanished");
    }
    context.phone_said(device::to_string(phone->mode), words(context, "phone.came_as", {{"mode", words(context, "mode." + std::string(device::to_string(phone->mode)))}}));
    const auto reached = context.text_parameter("outcome");
    return reached.empty() ? StepEnd::go_on() : StepEnd::end_plan(reached);
}

base::Result<StepEnd> reach_recovery(StepContext& context) {
    const auto now = context.phone_now();
    if (now && (now->mode == Mode::Recovery || now->mode == Mode::Restore)) return StepEnd::skip();
    if (now && now->mode == Mode::Normal && !now->mux_udid.empty()) {
        if (const auto asked = ask_for_recovery(context)) {
            UB_TRY(const auto phone, context.wait_mode({Mode::Recovery}));
            context.phone_said(device::to_string(phone.mode), words(context, "phone.came_as", {{"mode", words(context, "mode.recovery")}}));
            return StepEnd::go_on({{"by", "lockdown"}});
        } else if (asked.error().code() == base::ErrorCode::Cancelled) {
            return base::fail(asked.error());
        }
    }
    UB_TRY_VOID(context.before_act("guide-buttons", {{"sequence", "recovery"}}));
    UB_TRY(const auto outcome, guide_buttons(context, "recovery", {"recovery"}));
    if (!outcome.empty()) return StepEnd::end_plan(outcome);
    return StepEnd::go_on({{"by", "buttons"}});
}

base::Result<StepEnd> reach_dfu(StepContext& context) {
    const auto now = context.phone_now();
    if (now && (now->mode == Mode::Dfu || now->mode == Mode::Kis || now->mode == Mode::Restore)) return StepEnd::skip();
    UB_TRY_VOID(context.before_act("guide-buttons", {{"sequence", "dfu"}}));
    UB_TRY(const auto outcome, guide_buttons(context, "dfu", {"dfu", "kis"}));
    if (!outcome.empty()) return StepEnd::end_plan(outcome);
    return StepEnd::go_on({{"by", "buttons"}});
}

}  // namespace unbrick::recovery::steps
