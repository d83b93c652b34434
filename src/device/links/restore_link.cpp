#include "src/device/links/restore_link.h"

namespace unbrick::device {

using base::ErrorCode;
using base::fail;
using base::Plist;

namespace {
constexpr std::uint16_t kRestoredPort = 62078;
constexpr const char* kLabel = "unbrick";
}  // namespace

base::Result<RestoreLink> RestoreLink::open(const std::string& udid, const base::Deadline& deadline, const std::stop_token& stop,
                                            LinkOptions options) {
    if (options.phone.empty()) options.phone = udid;
    UB_TRY(Idevice device, open_idevice(udid));
    UB_TRY(PlistConnection connection, PlistConnection::connect(std::move(device), kRestoredPort, "restored", std::move(options), deadline, stop));
    UB_TRY_CONTEXT(Plist answer, connection.ask(Plist::dict().set("Label", kLabel).set("Request", "QueryType"), deadline, stop),
                   "ask who answers");
    const auto type = answer.string_at("Type").value_or("");
    if (type != "com.apple.mobile.restored")
        return fail(ErrorCode::WrongMode, "the phone answers as \"" + base::to_valid_utf8(type.substr(0, 80)) + "\", not as restored");
    RestoredType restored{answer.integer_at("RestoreProtocolVersion").value_or(0), answer};
    return RestoreLink(std::move(connection), std::move(restored));
}

base::Result<Plist> RestoreLink::hardware_info(const base::Deadline& deadline, const std::stop_token& stop) {
    UB_TRY_CONTEXT(const Plist answer,
                   connection_.ask(Plist::dict().set("Label", kLabel).set("Request", "QueryValue").set("QueryKey", "HardwareInfo"), deadline, stop),
                   "ask for HardwareInfo");
    Plist info = answer.at("HardwareInfo");
    if (!info.is_dict()) return fail(ErrorCode::Protocol, "restored gives no HardwareInfo");
    return info;
}

base::Result<Identity> RestoreLink::identity(const base::Deadline& deadline, const std::stop_token& stop) {
    UB_TRY(const Plist info, hardware_info(deadline, stop));
    Identity identity;
    // It may come as a negative number (restore-protocol.md 1.6): the 64 bits are what counts.
    if (const auto chip = info.integer_at("UniqueChipID"); chip && *chip != 0) identity.ecid = Ecid{*chip};
    const auto text = [](const std::optional<std::string>& value) { return value ? base::to_valid_utf8(value->substr(0, 256)) : std::string(); };
    identity.serial_number = text(type_.answer.string_at("SerialNumber"));
    if (identity.serial_number.empty()) identity.serial_number = text(info.string_at("SerialNumber"));
    identity.board = base::to_lower(text(type_.answer.string_at("HardwareModel")));
    const auto number = [&](std::string_view key) -> std::optional<std::uint32_t> {
        const auto value = info.integer_at(key);
        if (!value || *value > 0xffffffffu) return std::nullopt;
        return static_cast<std::uint32_t>(*value);
    };
    identity.cpid = number("ChipID");
    identity.bdid = number("BoardID");
    identity.image4 = info.boolean_at("SupportsImage4").value_or(false);
    return identity;
}

base::Status RestoreLink::reboot(const base::Deadline& deadline, const std::stop_token& stop) {
    auto answer = connection_.ask(Plist::dict().set("Label", kLabel).set("Request", "Reboot"), deadline, stop);
    if (answer || answer.error().code() == ErrorCode::Disconnected) return {};
    return fail(std::move(answer).error().with_context("ask restored to reboot"));
}

}  // namespace unbrick::device
