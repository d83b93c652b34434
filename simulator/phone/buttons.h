// The buttons of a phone and what its hardware makes of them, in phone time. Pure: knows no clock.
// Steps and seconds: facts/knowledge/devices.json (dfu_steps, recovery_steps, force_restart_steps).
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

#include "simulator/phone/nature.h"

namespace unbrick::simulator {

enum class Button { Side, Home, VolumeUp, VolumeDown };  // Side: also the top button

std::string_view to_string(Button button);
// "side", "top", "power", "home", "volume-up", "volume-down".
std::optional<Button> button_from(std::string_view text);

struct ButtonTimes {
    double click = 1.2;          // a press not longer than this is a click
    double between = 3.0;        // between the clicks and the side button
    double reset_hold = 8.0;     // together (with home), or side after two clicks: hardware reset
    double dfu_side_limit = 4.0; // after the reset: side held longer than this ends the way to DFU
    double dfu_add_limit = 2.0;  // after the reset: side alone, the second button may still be added
    double dfu_hold = 3.0;       // second button alone: SecureROM stays in DFU
    double recovery_hold = 4.0;  // after the logo: still held: recovery
    double power_on_hold = 2.0;
    static ButtonTimes of(ButtonClass kind);
};

// A step of a combination as a person would do it.
struct ButtonStep {
    double at = 0;  // seconds from the start
    bool press = true;
    std::vector<Button> buttons;
};
// "force-restart", "recovery", "dfu"; empty when the name is unknown.
std::vector<ButtonStep> combination_steps(ButtonClass kind, std::string_view name);

class ButtonPanel {
public:
    explicit ButtonPanel(ButtonClass kind) : kind_(kind), times_(ButtonTimes::of(kind)) {}

    const ButtonTimes& times() const { return times_; }
    void press(Button button, double at);
    void release(Button button, double at);
    bool held(Button button) const { return since_.count(button) != 0; }
    std::set<Button> all_held() const;

    // The time at which the buttons held now reset the hardware, if nothing changes.
    std::optional<double> reset_due() const;
    // Called when the hardware reset happened, so that it does not happen again before a release.
    void reset_done(double at) { reset_at_ = at; }

    enum class Rom { Wait, Dfu, Boot };
    struct RomDecision {
        Rom what = Rom::Boot;
        double look_again_at = 0;  // Wait
    };
    // What SecureROM does at `now` after a reset at `since`.
    RomDecision rom_decision(double since, double now) const;
    // iBoot, some seconds after the logo: the buttons that ask for recovery are held.
    bool asks_for_recovery() const;

private:
    Button second() const { return kind_ == ButtonClass::Home ? Button::Home : Button::VolumeDown; }
    std::optional<double> since(Button button) const;

    ButtonClass kind_;
    ButtonTimes times_;
    std::map<Button, double> since_;
    double up_click_ = -1e9, down_click_ = -1e9;  // when the clicks ended
    bool armed_ = false;          // NoHome: side went down right after both clicks
    double reset_at_ = -1e9;
    double side_released_at_ = -1e9;
    bool was_together_ = false;   // second button was down when the side button went up
};

}  // namespace unbrick::simulator
