// What the host's USB says of a phone without asking the phone: where it is plugged in, how fast, what holds it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "src/base/result.h"
#include "src/device/identity.h"

namespace unbrick::device {

inline constexpr std::uint16_t kAppleVendor = 0x05ac;
inline constexpr std::uint16_t kDfuProduct = 0x1227;
inline constexpr std::uint16_t kWtfProduct = 0x1222;
inline constexpr std::uint16_t kKisProduct = 0x1881;
inline constexpr std::uint16_t kPortDfuProduct = 0xf014;

// The mode that a product id alone tells (restore-protocol.md 1.1). Normal and Restore share their ids,
// so both are Normal here; nothing for devices that are no phones.
std::optional<Mode> mode_of_product(std::uint16_t product);

// One enumeration of a device: gone for good when it re-enumerates.
struct UsbAddress {
    int bus = 0;
    int address = 0;
    friend auto operator<=>(const UsbAddress&, const UsbAddress&) = default;
};

struct UsbSighting {
    UsbAddress address;
    UsbPort port;
    std::uint16_t product = 0;
    std::string serial;              // iSerial: the iBoot string, or the UDID without its hyphen
    std::string speed;               // "480" (Mb/s) as sysfs says it; empty when unknown
    friend bool operator==(const UsbSighting&, const UsbSighting&) = default;
};

// ECID and UDID from the USB serial string of Normal and Restore mode. The 24 digit form is 8 digits of
// chip id and 16 of ECID (usbmuxd writes a hyphen between them); the 40 digit form holds no ECID.
std::string udid_of_usb_serial(std::string_view serial);
std::optional<Ecid> ecid_of_udid(std::string_view udid);

// The serial string as the kernel read it at enumeration: there without any right to open the device.
std::string kernel_serial(const UsbAddress& address, const UsbPort& port);

struct UsbHolder {
    std::string driver;              // "usbfs" when a program has claimed it
    int pid = 0;                     // 0: not known (needs rights)
    std::string program;
};

// The way from the port to the computer, as sysfs tells it.
struct Topology {
    UsbPort port;
    std::string speed_mbit;          // of the phone's link
    std::string controller;          // "0000:00:14.0"
    int hubs = 0;                    // external hubs between phone and root hub
    std::vector<std::string> hub_names;
    int siblings = 0;                // other devices behind the same root hub
    std::vector<UsbHolder> holders;  // of the phone's interfaces
    std::string node;                // "/dev/bus/usb/001/004"
    bool node_openable = false;      // this user may read and write the node
};
// Reads files only. Errors: NotFound when the device is gone.
base::Result<Topology> read_topology(const UsbAddress& address);

}  // namespace unbrick::device
