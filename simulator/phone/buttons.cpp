#include "simulator/phone/buttons.h"

#include <algorithm>

namespace unbrick::simulator {

namespace {
// A timer may fire a hair before the number that it was set for.
constexpr double kHair = 0.005;
}  // namespace

std::string_view to_string(Button button) {
    switch (button) {
        case Button::Side: return "side";
        case Button::Home: return "home";
        case Button::VolumeUp: return "volume-up";
        case Button::VolumeDown: return "volume-down";
    }
    return "unknown";
}

std::optional<Button> button_from(std::string_view text) {
    if (text == "side" || text == "top" || text == "power") return Button::Side;
    if (text == "home") return Button::Home;
    if (text == "volume-up") return Button::VolumeUp;
    if (text == "volume-down") return Button::VolumeDown;
    return std::nullopt;
}

ButtonTimes ButtonTimes::of(ButtonClass kind) {
    ButtonTimes times;
    if (kind == ButtonClass::NoHome) {
        // The steps say 10 s until the screen is black, then both buttons for 5 s.
        times.reset_hold = 9.0;
        times.dfu_side_limit = 8.0;
    }
    return times;
}

std::vector<ButtonStep> combination_steps(ButtonClass kind, std::string_view name) {
    const auto second = kind == ButtonClass::Home ? Button::Home : Button::VolumeDown;
    std::vector<ButtonStep> steps;
    double start = 0;
    if (kind == ButtonClass::NoHome) {
        steps = {{0.0, true, {Button::VolumeUp}},
                 {0.4, false, {Button::VolumeUp}},
                 {0.8, true, {Button::VolumeDown}},
                 {1.2, false, {Button::VolumeDown}}};
        start = 1.6;
        steps.push_back({start, true, {Button::Side}});
    } else {
        steps.push_back({start, true, {second, Button::Side}});
    }
    const std::vector<Button> held =
        kind == ButtonClass::NoHome ? std::vector{Button::Side} : std::vector{Button::Side, second};
    if (name == "force-restart") {
        steps.push_back({start + 12.5, false, held});
    } else if (name == "recovery") {
        steps.push_back({start + 25, false, held});
    } else if (name == "dfu") {
        double release_side = start + 10;
        if (kind == ButtonClass::NoHome) {
            steps.push_back({start + 10, true, {second}});
            release_side = start + 15;
        }
        steps.push_back({release_side, false, {Button::Side}});
        steps.push_back({release_side + 8, false, {second}});
    } else {
        return {};
    }
    return steps;
}

std::set<Button> ButtonPanel::all_held() const {
    std::set<Button> held;
    for (const auto& [button, since] : since_) held.insert(button);
    return held;
}

std::optional<double> ButtonPanel::since(Button button) const {
    const auto found = since_.find(button);
    if (found == since_.end()) return std::nullopt;
    return found->second;
}

void ButtonPanel::press(Button button, double at) {
    if (!since_.emplace(button, at).second) return;
    if (button == Button::Side && kind_ == ButtonClass::NoHome)
        armed_ = down_click_ > up_click_ && down_click_ - up_click_ <= times_.between + times_.click &&
                 at - down_click_ <= times_.between;
}

void ButtonPanel::release(Button button, double at) {
    const auto began = since(button);
    if (!began) return;
    since_.erase(button);
    const bool click = at - *began <= times_.click;
    if (button == Button::VolumeUp) up_click_ = click ? at : -1e9;
    if (button == Button::VolumeDown) down_click_ = click ? at : -1e9;
    if (button == Button::Side) {
        armed_ = false;
        side_released_at_ = at;
        was_together_ = held(second());
    }
    if (button == second()) was_together_ = false;
}

std::optional<double> ButtonPanel::reset_due() const {
    const auto side = since(Button::Side);
    if (!side) return std::nullopt;
    double began = *side;
    if (kind_ == ButtonClass::NoHome) {
        if (!armed_) return std::nullopt;
    } else {
        const auto other = since(second());
        if (!other) return std::nullopt;
        began = std::max(began, *other);
    }
    if (began <= reset_at_) return std::nullopt;
    return began + times_.reset_hold;
}

ButtonPanel::RomDecision ButtonPanel::rom_decision(double since_reset, double now) const {
    const auto wait_until = [&](double due, Rom then) {
        return now + kHair >= due ? RomDecision{then, 0} : RomDecision{Rom::Wait, due};
    };
    const bool side = held(Button::Side);
    if (held(second())) {
        if (side) return wait_until(since_reset + times_.dfu_side_limit, Rom::Boot);
        // Only a second button that was held together with the side button asks for DFU: alone from
        // the start it asks iBoot for recovery.
        if (was_together_ && side_released_at_ >= since_reset)
            return wait_until(side_released_at_ + times_.dfu_hold, Rom::Dfu);
    } else if (side && kind_ == ButtonClass::NoHome) {
        return wait_until(since_reset + times_.dfu_add_limit, Rom::Boot);
    }
    return {};
}

bool ButtonPanel::asks_for_recovery() const {
    return held(kind_ == ButtonClass::NoHome ? Button::Side : second());
}

}  // namespace unbrick::simulator
