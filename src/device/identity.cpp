#include "src/device/identity.h"

#include <fmt/core.h>

#include "src/base/text.h"

namespace unbrick::device {

std::string Ecid::to_string() const { return fmt::format("{:016X}", value); }

std::optional<Ecid> Ecid::parse(std::string_view text) {
    text = base::trim(text);
    if (base::starts_with(text, "dec:")) {
        const auto value = base::parse_int(text.substr(4));
        if (!value || *value <= 0) return std::nullopt;
        return Ecid{static_cast<std::uint64_t>(*value)};
    }
    const auto value = base::parse_hex(text);
    if (!value || *value == 0) return std::nullopt;
    return Ecid{*value};
}

std::string_view to_string(Mode mode) {
    switch (mode) {
        case Mode::Unknown: return "unknown";
        case Mode::Absent: return "absent";
        case Mode::Normal: return "normal";
        case Mode::Recovery: return "recovery";
        case Mode::Dfu: return "dfu";
        case Mode::Kis: return "kis";
        case Mode::Wtf: return "wtf";
        case Mode::PortDfu: return "port-dfu";
        case Mode::Restore: return "restore";
    }
    return "unknown";
}

std::string_view to_string(Hidden hidden) {
    switch (hidden) {
        case Hidden::No: return "no";
        case Hidden::NoUsbPermission: return "no-usb-permission";
        case Hidden::HeldByOther: return "held-by-other";
        case Hidden::NoMuxDaemon: return "no-mux-daemon";
        case Hidden::LockdownSilent: return "lockdown-silent";
        case Hidden::NotTrusted: return "not-trusted";
        case Hidden::TrustPending: return "trust-pending";
        case Hidden::PasscodeLocked: return "passcode-locked";
    }
    return "no";
}

std::string PhoneKey::to_string() const {
    if (ecid) return ecid->to_string();
    return fmt::format("port {}-{}", port.bus, port.path);
}

}  // namespace unbrick::device
