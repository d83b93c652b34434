#include "simulator/usb/descriptors.h"

#include <set>

namespace unbrick::simulator {

namespace {
void put16(base::Bytes& out, std::uint16_t value) {
    out.push_back(static_cast<std::uint8_t>(value & 0xff));
    out.push_back(static_cast<std::uint8_t>(value >> 8));
}
constexpr std::uint16_t kBulkPacket = 512;
}  // namespace

base::Bytes device_descriptor(const UsbIds& ids) {
    base::Bytes out{18, 1};
    put16(out, 0x0200);
    out.insert(out.end(), {ids.device_class, ids.device_subclass, ids.device_protocol, 64});
    put16(out, ids.vendor);
    put16(out, ids.product);
    put16(out, ids.release);
    out.insert(out.end(), {ids.manufacturer_string, ids.product_string, ids.serial_string, ids.configurations});
    return out;
}

base::Bytes configuration_descriptor(std::uint8_t value, const std::vector<UsbInterface>& interfaces) {
    base::Bytes body;
    std::set<std::uint8_t> numbers;
    for (const auto& one : interfaces) {
        numbers.insert(one.number);
        body.insert(body.end(),
                    {9, 4, one.number, one.alternate, static_cast<std::uint8_t>(one.bulk_endpoints.size()),
                     one.interface_class, one.interface_subclass, one.interface_protocol, 0});
        body.insert(body.end(), one.functional.begin(), one.functional.end());
        for (const auto endpoint : one.bulk_endpoints) {
            body.insert(body.end(), {7, 5, endpoint, 2});
            put16(body, kBulkPacket);
            body.push_back(0);
        }
    }
    base::Bytes out{9, 2};
    put16(out, static_cast<std::uint16_t>(9 + body.size()));
    out.insert(out.end(), {static_cast<std::uint8_t>(numbers.size()), value, 0, 0x80, 250});
    out.insert(out.end(), body.begin(), body.end());
    return out;
}

base::Bytes string_descriptor(std::string_view text) {
    text = text.substr(0, 126);
    base::Bytes out{static_cast<std::uint8_t>(2 + 2 * text.size()), 3};
    for (const char c : text) put16(out, static_cast<std::uint8_t>(c));
    return out;
}

}  // namespace unbrick::simulator
