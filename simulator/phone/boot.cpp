// How the phone goes from one mode to another: resets, SecureROM, iBoot, the system, loaders.
#include <fmt/core.h>

#include "simulator/phone/phone.h"

namespace unbrick::simulator {

void VirtualPhone::begin_reset(const std::string& why) {
    start_transition();
    leave_bus();
    working_ = saved_;
    not_persistent_.clear();
    loader_version_.clear();
    ++state_.starts;
    renew_nonces(!keep_nonce_);
    keep_nonce_ = false;
    state_.locked = nature_.passcode_set && user_data_ == UserData::Kept;
    waits_for_charge_ = false;
    set_mode(Mode::Booting, Stage::SecureRom, why);
    show(Display::Black);
    if (battery_now() <= nature_.battery_to_boot) {
        waits_for_charge_ = true;
        switch_off("battery too low to start", powered_from_outside() ? Display::LowBattery : Display::Black);
        return;
    }
    watch_battery();
    rom_phase_ = true;
    rom_since_ = now();
    check_rom();
}

void VirtualPhone::check_rom() {
    if (!rom_phase_) return;
    const auto decision = buttons_.rom_decision(rom_since_, now());
    switch (decision.what) {
        case ButtonPanel::Rom::Wait:
            later(decision.look_again_at - now(), [this] { check_rom(); });
            return;
        case ButtonPanel::Rom::Dfu:
            rom_phase_ = false;
            enter_dfu("buttons", nature_.latency.dfu_attach);
            return;
        case ButtonPanel::Rom::Boot:
            rom_phase_ = false;
            start_iboot();
            return;
    }
}

void VirtualPhone::start_iboot() {
    if (outcome_ == BootOutcome::Dfu) {
        enter_dfu("the boot loader is damaged", nature_.latency.dfu_attach);
        return;
    }
    state_.stage = Stage::Iboot;
    show(Display::Logo);
    if (!buttons_.asks_for_recovery()) {
        decide_boot();
        return;
    }
    later(buttons_.times().recovery_hold, [this] {
        if (buttons_.asks_for_recovery() && powered_from_outside())
            enter_recovery_mode("buttons", nature_.latency.iboot_attach);
        else decide_boot();
    });
}

void VirtualPhone::decide_boot() {
    const auto auto_boot = saved_.find("auto-boot");
    const auto after = nature_.latency.iboot_attach;
    if (auto_boot == saved_.end() || auto_boot->second != "true")
        enter_recovery_mode("auto-boot is not true", after);
    else if (system_ != SystemImage::Intact)
        enter_recovery_mode(fmt::format("the system is {}", to_string(system_)), after);
    else if (outcome_ == BootOutcome::Recovery)
        enter_recovery_mode("the boot loader gives up", after);
    else start_system();
}

void VirtualPhone::enter_recovery_mode(const std::string& why, double after) {
    later(after, [this, why] {
        set_mode(Mode::Recovery, Stage::Iboot, why);
        show(Display::ComputerAndCable);
        come_to_bus();
    });
}

void VirtualPhone::enter_dfu(const std::string& why, double after) {
    later(after, [this, why] {
        set_mode(nature_.dfu_mode(), Stage::SecureRom, why);
        show(Display::Black);
        come_to_bus();
    });
}

void VirtualPhone::start_system() {
    state_.stage = Stage::System;
    if (outcome_ == BootOutcome::Hangs) {
        note_history("hangs", {{"at", "logo"}});
        return;
    }
    later(nature_.latency.normal_attach, [this] { arrive_normal(); });
}

void VirtualPhone::arrive_normal() {
    set_mode(Mode::Normal, Stage::System, "started");
    show(resting_display());
    come_to_bus();
    if (outcome_ != BootOutcome::Silent)
        later(nature_.latency.services, [this] {
            state_.services_up = true;
            note(Change::Kind::Mode, "services");
        });
    schedule_restart();
}

void VirtualPhone::schedule_restart() {
    if (outcome_ != BootOutcome::Restarts) return;
    later(nature_.restart_period, [this] {
        // A cure in the meantime (a restore ends in a reset, which drops this event) needs no look here.
        panic("restarts by itself");
    });
}

// ---------------------------------------------------------------- what software on the phone asks for

void VirtualPhone::enter_recovery(std::string why) {
    Lock lock(mutex_);
    start_transition();
    note_history("enter-recovery", {{"why", why}});
    saved_["auto-boot"] = "false";
    working_ = saved_;
    note(Change::Kind::Variables, "auto-boot");
    later(nature_.latency.enter_recovery_detach, [this, why] {
        keep_nonce_ = true;
        begin_reset(why);
    });
}

void VirtualPhone::reboot(std::string why) {
    Lock lock(mutex_);
    start_transition();
    later(nature_.latency.reboot_detach, [this, why = std::move(why)] { begin_reset(why); });
}

void VirtualPhone::power_off(std::string why) {
    Lock lock(mutex_);
    switch_off(why, Display::Black);
}

void VirtualPhone::switch_off(const std::string& why, Display display) {
    start_transition();
    rom_phase_ = false;
    leave_bus();
    set_mode(Mode::Off, Stage::None, why);
    show(display);
    watch_battery();
}

void VirtualPhone::panic(std::string why, base::Json details) {
    Lock lock(mutex_);
    if (state_.mode != Mode::Normal) return;
    ++state_.panics;
    note_history("panic", {{"why", why}});
    note(Change::Kind::Panic, why, std::move(details));
    begin_reset("panic: " + why);
}

void VirtualPhone::jump(const NextBoot& next, double detach, double attach) {
    Lock lock(mutex_);
    start_transition();
    note_history("jump", {{"accepted", next.accepted},
                          {"mode", to_string(next.mode)},
                          {"stage", to_string(next.stage)},
                          {"reason", next.reason}});
    const auto from = state_;
    if (!next.accepted) {
        later(detach, [this, from, reason = next.reason] {
            start_transition();
            leave_bus();
            if (from.mode == Mode::Recovery) {
                // restore-protocol.md 2.8: refused silently, back in recovery within seconds.
                working_ = saved_;
                loader_version_.clear();
                set_mode(Mode::Booting, Stage::Iboot, reason);
                enter_recovery_mode(reason, nature_.latency.bounce);
                return;
            }
            set_mode(Mode::Booting, from.stage, reason);
            later(nature_.latency.dfu_attach, [this, from, reason] {
                set_mode(from.mode, from.stage, reason);
                come_to_bus();
            });
        });
        return;
    }
    later(detach, [this, from, next, attach] {
        start_transition();
        leave_bus();
        loader_version_ = next.build_version;
        // A new loader stage from SecureROM makes its own nonce on some phones (restore-protocol.md 2.5).
        if (from.stage == Stage::SecureRom && nature_.nonce_changes_across_ibss) renew_nonces(true);
        set_mode(Mode::Booting, next.stage, next.reason);
        later(attach, [this, next] {
            set_mode(next.mode, next.stage, next.reason);
            switch (next.mode) {
                case Mode::Recovery:
                    show(next.stage == Stage::Iboot ? Display::ComputerAndCable : Display::Logo);
                    break;
                case Mode::Restore: show(Display::LogoProgress); break;
                case Mode::Normal: show(resting_display()); break;
                default: show(Display::Black); break;
            }
            come_to_bus();
        });
    });
}

// ---------------------------------------------------------------- power

double VirtualPhone::battery_rate() const {
    if (state_.charger) return nature_.charge_per_minute;
    if (state_.cable != Cable::None) return nature_.charge_per_minute / 2;
    return state_.mode == Mode::Off ? 0.0 : -nature_.drain_per_minute;
}

double VirtualPhone::battery_now() const {
    const double level = state_.battery + battery_rate() * (now() - battery_at_) / 60;
    return level < 0 ? 0 : level > 100 ? 100 : level;
}

void VirtualPhone::settle_battery() {
    state_.battery = battery_now();
    battery_at_ = now();
}

void VirtualPhone::watch_battery() {
    timeline_.forget(battery_event_);
    battery_event_ = 0;
    settle_battery();
    const double rate = battery_rate();
    if (rate < 0) {
        battery_event_ = timeline_.after(PhoneSeconds(state_.battery / -rate * 60), [this] {
            Lock lock(mutex_);
            if (battery_rate() >= 0 || battery_now() > 0.1) return;
            waits_for_charge_ = true;
            note(Change::Kind::Power, "empty");
            switch_off("battery empty", Display::Black);
        }, this);
    } else if (rate > 0 && waits_for_charge_) {
        const double missing = nature_.battery_to_boot + 0.01 - state_.battery;
        battery_event_ = timeline_.after(PhoneSeconds(missing <= 0 ? 0 : missing / rate * 60), [this] {
            Lock lock(mutex_);
            if (!waits_for_charge_ || state_.mode != Mode::Off || battery_rate() <= 0) return;
            if (battery_now() <= nature_.battery_to_boot) {
                watch_battery();
                return;
            }
            cure("charge");
            note(Change::Kind::Power, "charged");
            begin_reset("charged enough to start");
        }, this);
    }
}

}  // namespace unbrick::simulator
