// What a person does to the phone: buttons, cable, charger, answers on its screen.
#include <fmt/core.h>

#include "simulator/phone/phone.h"

namespace unbrick::simulator {

namespace {

base::Result<std::vector<Button>> buttons_of(const base::Json& act) {
    std::vector<Button> buttons;
    const auto& list = base::json_at(act, "buttons");
    if (!list.is_array() || list.empty())
        return base::fail(base::ErrorCode::InvalidInput, "act: buttons: should be a list of names");
    for (const auto& item : list) {
        const auto button = item.is_string() ? button_from(item.get<std::string>()) : std::nullopt;
        if (!button)
            return base::fail(base::ErrorCode::InvalidInput,
                              fmt::format("act: buttons: unknown button {}", base::dump_json(item)));
        buttons.push_back(*button);
    }
    return buttons;
}

}  // namespace

void VirtualPhone::allow_act(std::string name) {
    Lock lock(mutex_);
    allowed_acts_.insert(std::move(name));
}

base::Status VirtualPhone::act(const base::Json& act) {
    const auto name = base::json_string(act, "act");
    if (!name) return base::fail(base::ErrorCode::InvalidInput, "act: no name");
    std::vector<Button> buttons;
    if (*name == "press" || *name == "release" || *name == "hold") {
        UB_TRY(buttons, buttons_of(act));
    }
    Lock lock(mutex_);
    std::function<void()> effect;
    if (*name == "press") {
        effect = [&] { press(buttons); };
    } else if (*name == "release") {
        effect = [&] { release(buttons); };
    } else if (*name == "hold") {
        const auto seconds = base::json_double(act, "seconds");
        if (!seconds || *seconds < 0)
            return base::fail(base::ErrorCode::InvalidInput, "act: hold: seconds: should be a number");
        effect = [&, seconds] { perform({{0, true, buttons}, {*seconds, false, buttons}}); };
    } else if (*name == "perform") {
        const auto steps = combination_steps(nature_.buttons, base::json_string(act, "combination").value_or(""));
        if (steps.empty())
            return base::fail(base::ErrorCode::InvalidInput,
                              "act: perform: combination: should be force-restart, recovery or dfu");
        effect = [this, steps] { perform(steps); };
    } else if (*name == "plug") {
        const auto cable = cable_from(base::json_string(act, "cable").value_or("data"));
        if (!cable) return base::fail(base::ErrorCode::InvalidInput, "act: plug: cable: unknown kind");
        effect = [this, cable] { plug(*cable); };
    } else if (*name == "unplug") {
        effect = [this] { unplug(); };
    } else if (*name == "connect-charger" || *name == "disconnect-charger") {
        effect = [this, on = *name == "connect-charger"] { connect_charger(on); };
    } else if (*name == "unlock" || *name == "lock") {
        effect = [this, lock_it = *name == "lock"] {
            if (state_.mode == Mode::Normal) set_locked(lock_it && nature_.passcode_set);
        };
    } else if (*name == "power-off") {
        effect = [this] { power_off("a person switched it off"); };
    } else if (allowed_acts_.count(*name) == 0) {
        return base::fail(base::ErrorCode::InvalidInput, fmt::format("act: unknown act {}", *name));
    }
    auto entry = act;
    entry["at"] = now();
    acts_.push_back(std::move(entry));
    note_history("act", act);
    if (effect) effect();
    note(Change::Kind::Act, *name, act);
    return {};
}

void VirtualPhone::perform(const std::vector<ButtonStep>& steps) {
    for (const auto& step : steps) {
        timeline_.after(PhoneSeconds(step.at), [this, step] {
            if (step.press) press(step.buttons);
            else release(step.buttons);
        }, this);
    }
}

void VirtualPhone::press(const std::vector<Button>& buttons) {
    Lock lock(mutex_);
    const double at = now();
    for (const auto button : buttons) {
        buttons_.press(button, at);
        note_history("press", {{"button", to_string(button)}});
    }
    check_buttons();
}

void VirtualPhone::release(const std::vector<Button>& buttons) {
    Lock lock(mutex_);
    const double at = now();
    for (const auto button : buttons) {
        buttons_.release(button, at);
        note_history("release", {{"button", to_string(button)}});
    }
    check_buttons();
}

void VirtualPhone::check_buttons() {
    timeline_.forget(button_event_);
    button_event_ = 0;
    if (rom_phase_) check_rom();
    if (state_.mode == Mode::Off && buttons_.held(Button::Side)) {
        button_event_ = timeline_.after(PhoneSeconds(buttons_.times().power_on_hold), [this] {
            Lock lock(mutex_);
            if (state_.mode == Mode::Off && buttons_.held(Button::Side)) begin_reset("switched on");
        }, this);
        return;
    }
    const auto due = buttons_.reset_due();
    if (!due) return;
    button_event_ = timeline_.after(PhoneSeconds(*due - now()), [this, due] {
        Lock lock(mutex_);
        const auto still = buttons_.reset_due();
        if (!still || *still != *due) return;
        buttons_.reset_done(now());
        cure("force-restart");
        begin_reset("force restart");
    }, this);
}

void VirtualPhone::set_cable(Cable cable) {
    settle_battery();
    state_.cable = cable;
    update_bus();
    note(Change::Kind::Power, fmt::format("cable {}", to_string(cable)));
    if (cable != Cable::None && state_.mode == Mode::Off) {
        if (waits_for_charge_ || battery_now() <= nature_.battery_to_boot) {
            waits_for_charge_ = true;
            show(Display::LowBattery);
        } else {
            begin_reset("power connected");
        }
    }
    watch_battery();
}

void VirtualPhone::plug(Cable cable) {
    Lock lock(mutex_);
    set_cable(cable);
}

void VirtualPhone::unplug() {
    Lock lock(mutex_);
    set_cable(Cable::None);
}

void VirtualPhone::lose_cable(std::string why) {
    Lock lock(mutex_);
    note_history("cable-lost", {{"why", why}});
    set_cable(Cable::None);
}

void VirtualPhone::connect_charger(bool connected) {
    Lock lock(mutex_);
    settle_battery();
    state_.charger = connected;
    note(Change::Kind::Power, connected ? "charger" : "no charger");
    if (connected && state_.mode == Mode::Off) {
        if (waits_for_charge_ || battery_now() <= nature_.battery_to_boot) {
            waits_for_charge_ = true;
            show(Display::LowBattery);
        } else {
            begin_reset("power connected");
        }
    }
    watch_battery();
}

}  // namespace unbrick::simulator
