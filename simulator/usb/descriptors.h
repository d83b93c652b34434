// Builds USB descriptors (USB 2.0, chapter 9.6).
#pragma once

#include "simulator/usb/usb_device.h"

namespace unbrick::simulator {

struct UsbIds {
    std::uint16_t vendor = 0x05ac;
    std::uint16_t product = 0;
    std::uint16_t release = 0;
    std::uint8_t device_class = 0, device_subclass = 0, device_protocol = 0;
    std::uint8_t manufacturer_string = 0, product_string = 0, serial_string = 0;
    std::uint8_t configurations = 1;
};
base::Bytes device_descriptor(const UsbIds& ids);

struct UsbInterface {
    std::uint8_t number = 0, alternate = 0;
    std::uint8_t interface_class = 0xff, interface_subclass = 0xff, interface_protocol = 0xff;
    std::vector<std::uint8_t> bulk_endpoints;  // addresses
    base::Bytes functional;                    // class-specific descriptor, placed behind the interface
};
base::Bytes configuration_descriptor(std::uint8_t value, const std::vector<UsbInterface>& interfaces);

// Length, type 3, UTF-16LE of ASCII text, cut at 126 characters.
base::Bytes string_descriptor(std::string_view text);

}  // namespace unbrick::simulator
