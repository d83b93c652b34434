// What can be said of a virtual phone at one moment.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace unbrick::simulator {

// Off: no power or switched off. Booting: between two modes, nothing on the bus.
enum class Mode { Off, Booting, Normal, Recovery, Dfu, Kis, Wtf, PortDfu, Restore };

// Which program of the phone is running.
enum class Stage { None, SecureRom, Ibss, Iboot, Ibec, System, Ramdisk };

// What a person sees on the screen.
enum class Display {
    Black,         // off, DFU, or a dead screen
    Logo,
    LogoProgress,  // logo with a bar: update, restore
    ComputerAndCable,
    LowBattery,
    Charging,
    LockScreen,
    HomeScreen,
    Hello,         // first set-up
    TrustDialog,
    PasscodeDialog,
};

enum class SystemImage { Intact, HalfWritten, Missing };
enum class UserData { Kept, Gone };

// What is plugged into the phone's connector.
enum class Cable { None, Data, ChargeOnly };

// How an attempt to start the system ends when variables, battery and system image allow it.
enum class BootOutcome {
    Normal,
    Restarts,  // reaches Normal, then panics and starts again after a period
    Hangs,     // stays at the logo, nothing on USB
    Silent,    // Normal's face on USB, services never answer
    Recovery,  // the boot loader gives up and shows the computer and cable
    Dfu,       // the boot loader itself is damaged: SecureROM stays in DFU
};

std::string_view to_string(Mode mode);
std::string_view to_string(Stage stage);
std::string_view to_string(Display display);
std::string_view to_string(SystemImage image);
std::string_view to_string(UserData data);
std::string_view to_string(Cable cable);
std::string_view to_string(BootOutcome outcome);
std::optional<Mode> mode_from(std::string_view text);
std::optional<Stage> stage_from(std::string_view text);
std::optional<SystemImage> system_image_from(std::string_view text);
std::optional<Cable> cable_from(std::string_view text);
std::optional<BootOutcome> boot_outcome_from(std::string_view text);

struct PhoneState {
    Mode mode = Mode::Off;
    Stage stage = Stage::None;
    Display display = Display::Black;
    // A device of this mode is on the USB bus now. Every time it appears anew, `bus_epoch` is larger.
    bool on_bus = false;
    std::uint64_t bus_epoch = 0;
    bool services_up = false;     // Normal: the daemons answer (BootOutcome::Silent: never)
    bool locked = false;          // Normal: passcode not entered since start
    bool usb_restricted = false;  // Normal: data lines closed until it is unlocked
    Cable cable = Cable::None;
    bool charger = false;
    double battery = 100;         // per cent
    double mode_since = 0;        // phone time
    unsigned starts = 0;          // how often it began to boot since the world began
    unsigned panics = 0;
};

}  // namespace unbrick::simulator
