// What a phone is, as far as it can be seen from outside.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace unbrick::device {

// The exclusive chip id: the one name of a phone that survives every mode and every restore.
struct Ecid {
    std::uint64_t value = 0;
    friend auto operator<=>(const Ecid&, const Ecid&) = default;
    std::string to_string() const;                              // 16 upper-case hex digits
    static std::optional<Ecid> parse(std::string_view text);    // hex (0x allowed), or decimal when it says so: "dec:123"
};

enum class Mode : std::uint8_t {
    Unknown,   // on the bus, but nobody may or can ask it
    Absent,    // was here; left the bus
    Normal,
    Recovery,  // iBoot, iBSS or iBEC in recovery: 1280 to 1283
    Dfu,       // 1227
    Kis,       // 1881: DFU of A16 and newer
    Wtf,       // 1222
    PortDfu,   // f014: the USB-C port controller, not the phone's processor
    Restore,   // restored answers on the lockdown port
};
std::string_view to_string(Mode mode);   // "normal", "recovery", "dfu", "kis", "wtf", "port-dfu", "restore" ...

// Why a phone that is on the bus cannot be asked (design.md: shown with the reason).
enum class Hidden : std::uint8_t {
    No,
    NoUsbPermission,     // the device node may not be opened
    HeldByOther,         // another program has claimed the interface
    NoMuxDaemon,         // Normal on USB, and no usbmuxd socket
    LockdownSilent,      // Normal on USB, usbmuxd runs, and never announces it
    NotTrusted,          // lockdownd answers, pairing is missing or was refused
    TrustPending,        // the phone shows its Trust dialog
    PasscodeLocked,      // must be unlocked before it pairs
};
std::string_view to_string(Hidden hidden);

// Where it is plugged in: "1-4.2" (bus and port path); stays the same over mode changes.
struct UsbPort {
    int bus = 0;
    std::string path;
    friend auto operator<=>(const UsbPort&, const UsbPort&) = default;
};

struct Identity {
    std::optional<Ecid> ecid;
    std::string udid;
    std::string serial_number;
    std::string product_type;     // "iPhone12,1"
    std::string board;            // "n104ap"
    std::optional<std::uint32_t> cpid;
    std::optional<std::uint32_t> bdid;
    std::string ios_version;
    std::string ios_build;
    std::string name;             // what its owner calls it; never in reports unless asked for
    bool image4 = false;
};

// A phone's key: its ECID, or its port as long as the ECID is not known.
struct PhoneKey {
    std::optional<Ecid> ecid;
    UsbPort port;
    friend auto operator<=>(const PhoneKey&, const PhoneKey&) = default;
    std::string to_string() const;   // "001A2B3C4D5E6F70" or "port 1-4.2"
};

}  // namespace unbrick::device
