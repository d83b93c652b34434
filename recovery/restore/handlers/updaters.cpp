// FirmwareUpdaterData: tickets (and, for older phones, firmware) of the separate chips (restore-protocol.md 6.5.3).
#include <fmt/core.h>

#include "recovery/restore/handlers.h"
#include "src/firmware/ftab.h"
#include "src/firmware/signing/chip_requests.h"

namespace unbrick::recovery::restore {

using base::ErrorCode;
using base::fail;
using base::Plist;
using firmware::signing::ChipRequest;

namespace {

struct Update {
    std::string updater;
    Plist info, generated, tags;
};

base::Result<ChipRequest> chip_request_of(Session& session, const Update& update) {
    namespace signing = firmware::signing;
    const auto& identity = *session.parts().identity;
    const auto& phone = session.parts().phone;
    const signing::PhoneFusing fusing{phone.ecid, phone.production_mode, phone.security_mode};
    const auto& name = update.updater;
    if (name == "Cryptex1" || name == "Cryptex1LocalPolicy") return signing::cryptex_request(identity, update.info, update.generated, update.tags, fusing);
    // A request that the phone wrote itself needs no help (restore-protocol.md 4.6), whatever the chip is called.
    const bool generated = update.generated.size() > 0;
    if (generated && name != "Rose") return signing::generic_request(identity, update.info, update.generated, update.tags, fusing);
    if (name == "SE") return signing::secure_element_request(identity, update.info, update.generated);
    if (name == "Savage") {
        if (const auto yonkers = update.info.at("YonkersDeviceInfo"); yonkers.is_dict()) return signing::yonkers_request(identity, yonkers, update.generated);
        return signing::savage_request(identity, update.info, update.generated);
    }
    if (name == "Rose") return signing::rose_request(identity, update.info, update.generated);
    if (name == "T200") return signing::veridian_request(identity, update.info, update.generated);
    if (name == "AppleTCON") return signing::tcon_request(identity, update.info, update.generated);
    if (name == "AppleTypeCRetimer") return signing::timer_request(identity, update.info, update.generated);
    return signing::generic_request(identity, update.info, update.generated, update.tags, fusing);
}

// Without tags old phones expect it; with tags it is sent exactly when they name it.
bool wants_firmware(const Plist& tags) {
    const auto names = tags.at("ResponseTags");
    if (names.size() == 0) return true;
    for (std::size_t i = 0; i < names.size(); ++i)
        if (names.item(i).as_string() == "FirmwareData") return true;
    return false;
}

base::Result<base::Bytes> read_component(Session& session, const std::string& name) { return session.parts().personalizer->read_raw(name); }

base::Result<Plist> firmware_of(Session& session, const Update& update, const std::string& component) {
    UB_TRY_CONTEXT(auto bytes, read_component(session, component), component);
    const auto& identity = *session.parts().identity;
    if (update.updater == "Savage" && base::starts_with(component, "Yonkers,")) return Plist::dict().set("YonkersFirmware", Plist::data(bytes));
    if (update.updater == "Savage") {
        // 16 bytes in front: zero, the size, zero.
        base::Bytes prefixed(16);
        for (std::size_t i = 0; i < 4; ++i) prefixed[4 + i] = static_cast<std::uint8_t>(bytes.size() >> (8 * i));
        base::append(prefixed, bytes);
        return Plist::data(prefixed);
    }
    if (update.updater == "Rose" || update.updater == "AppleTypeCRetimer") {
        const auto restore = base::replace_all(component, "RTKitOS", "RestoreRTKitOS");
        if (identity.find(restore) == nullptr) return Plist::data(bytes);
        UB_TRY_CONTEXT(const auto other, read_component(session, restore), restore);
        UB_TRY_CONTEXT(const auto merged, firmware::add_restore_entry(bytes, other), component);
        return Plist::data(merged);
    }
    if (update.updater == "T200") {
        UB_TRY_CONTEXT(auto map, Plist::parse(bytes, component), component);
        if (const auto* entry = identity.find(component); entry != nullptr && entry->digest) map.set("fw_map_digest", Plist::data(*entry->digest));
        return Plist::data(map.to_binary());
    }
    return Plist::data(bytes);
}

base::Status updater_data(Session& session, const DataRequest& request, const std::stop_token& stop) {
    const auto& arguments = request.arguments;
    if (const auto type = arguments.string_at("MessageArgType"); type && *type != "FirmwareResponseData")
        return fail(ErrorCode::Protocol, fmt::format("the phone wants {} of an updater", base::to_valid_utf8(*type)));
    UB_TRY(const auto name, argument(request, "MessageArgUpdaterName"));
    const Update update{name, arguments.at("MessageArgInfo"), arguments.at("DeviceGeneratedRequest"), arguments.at("DeviceGeneratedTags")};
    const auto shown = base::to_valid_utf8(name.substr(0, 60));
    // Wrong tickets make a phone ask the same again without end (restore-protocol.md 8).
    if (arguments.integer_at("MessageArgUpdaterLoopCount").value_or(0) > kSameUpdaterLimit)
        return fail(base::Error(ErrorCode::PhoneRefused, fmt::format("the phone does not take the ticket for {} and asks again and again", shown)).with_text("restore.error.updater-loop"));
    UB_TRY_CONTEXT(const auto chip, chip_request_of(session, update), shown);
    UB_TRY(auto response, session.sign(chip.request, shown, stop));
    if (!chip.ticket.empty() && !response.has(chip.ticket))
        session.reporter().said(fmt::format("the signing server's answer for {} holds no {}", shown, chip.ticket));
    if (!chip.firmware.empty() && wants_firmware(update.tags)) {
        UB_TRY(auto data, firmware_of(session, update, chip.firmware));
        response.set("FirmwareData", std::move(data));
    }
    return session.answer(request, Plist::dict().set("FirmwareResponseData", std::move(response)), stop);
}

}  // namespace

void add_updater_handlers(HandlerMap& to) { to["FirmwareUpdaterData"] = updater_data; }

}  // namespace unbrick::recovery::restore
