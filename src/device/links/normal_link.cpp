#include "src/device/links/normal_link.h"

#include <fmt/core.h>
#include <libimobiledevice/lockdown.h>
#include <usbmuxd.h>

#include <cstdlib>
#include <memory>

#include "src/device/links/watchdog.h"

namespace unbrick::device {

using base::ErrorCode;
using base::fail;
using base::Plist;

namespace {

constexpr std::uint16_t kLockdownPort = 62078;
constexpr const char* kLabel = "unbrick";

struct Free {
    void operator()(void* memory) const { std::free(memory); }
};

// The pair record that usbmuxd keeps for the phone; none when there is none.
Plist read_pair_record(const std::string& udid) {
    char* data = nullptr;
    std::uint32_t size = 0;
    if (usbmuxd_read_pair_record(udid.c_str(), &data, &size) < 0 || data == nullptr) return {};
    const std::unique_ptr<char, Free> owned(data);
    return Plist::parse(base::as_bytes(std::string_view(data, size)), "pair record").value_or(Plist());
}

std::string system_buid(const Plist& record) {
    if (auto buid = record.string_at("SystemBUID")) return *buid;
    char* text = nullptr;
    if (usbmuxd_read_buid(&text) < 0 || text == nullptr) return {};
    const std::unique_ptr<char, Free> owned(text);
    return text;
}

// libimobiledevice chooses the TLS version by the iOS version that it keeps with the device, and learns that only
// in its own handshake: without it TLS 1.0 is the most that it offers. So it does one, with the record that is there.
base::Status teach_version(const Idevice& device, const base::Deadline& deadline, const std::stop_token& stop) {
    struct Shared { lockdownd_error_t outcome = LOCKDOWN_E_UNKNOWN_ERROR; };
    auto shared = std::make_shared<Shared>();
    UB_TRY_VOID(run_bounded(
        [shared, device] {
            lockdownd_client_t client = nullptr;
            shared->outcome = lockdownd_client_new_with_handshake(device.get(), &client, kLabel);
            if (client != nullptr) lockdownd_client_free(client);
        },
        deadline, stop));
    if (shared->outcome != LOCKDOWN_E_SUCCESS) return fail(lockdown_error_of("begin a session", shared->outcome));
    return {};
}

}  // namespace

std::string_view to_string(PairingState state) {
    switch (state) {
        case PairingState::Paired: return "paired";
        case PairingState::NoRecord: return "no-record";
        case PairingState::Refused: return "refused";
        case PairingState::DialogPending: return "dialog-pending";
        case PairingState::PasscodeLocked: return "passcode-locked";
    }
    return "no-record";
}

base::Result<NormalLink> NormalLink::open(const std::string& udid, const base::Deadline& deadline, const std::stop_token& stop,
                                          LinkOptions options) {
    if (options.phone.empty()) options.phone = udid;
    UB_TRY(Idevice device, open_idevice(udid));
    UB_TRY(PlistConnection lockdown, PlistConnection::connect(device, kLockdownPort, "lockdown", options, deadline, stop));
    NormalLink link(std::move(device), udid, std::move(lockdown), std::move(options));
    UB_TRY_CONTEXT(const Plist type, link.request(Plist::dict().set("Request", "QueryType"), deadline, stop), "ask who answers");
    const auto name = type.string_at("Type").value_or("");
    if (name == "com.apple.mobile.restored") link.peer_ = LockdownPeer::Restored;
    else if (name != "com.apple.mobile.lockdown") return fail(ErrorCode::Protocol, "the lockdown port answers as \"" + base::to_valid_utf8(name.substr(0, 80)) + "\"");
    return link;
}

base::Result<Plist> NormalLink::request(Plist message, const base::Deadline& deadline, const std::stop_token& stop) {
    message.set("Label", kLabel);
    const std::string name = message.string_at("Request").value_or("request");
    UB_TRY_CONTEXT(Plist answer, lockdown_.ask(message, deadline, stop), name);
    if (!answer.is_dict()) return fail(ErrorCode::Protocol, name + ": the answer is no dictionary");
    if (const auto error = answer.string_at("Error")) return fail(lockdown_error(name, *error));
    // iOS 5 and newer leave "Result" out; where it is there, it must say Success.
    if (const auto result = answer.string_at("Result"); result && *result != "Success") return fail(lockdown_error(name, *result));
    if (const auto answered = answer.string_at("Request"); answered && *answered != name)
        return fail(ErrorCode::Protocol, name + ": the phone answered another question");
    return answer;
}

base::Result<std::optional<Plist>> NormalLink::value(std::string_view domain, std::string_view key, const base::Deadline& deadline,
                                                     const std::stop_token& stop) {
    auto message = Plist::dict().set("Request", "GetValue");
    if (!domain.empty()) message.set("Domain", domain);
    if (!key.empty()) message.set("Key", key);
    auto answer = request(std::move(message), deadline, stop);
    if (!answer) {
        const auto native = answer.error().native();
        if (native.domain == "lockdown" && (native.value == LOCKDOWN_E_MISSING_VALUE || native.value == LOCKDOWN_E_MISSING_KEY))
            return std::optional<Plist>();
        return fail(std::move(answer).error().with_context(fmt::format("value {} {}", domain, key)));
    }
    Plist value = answer->at("Value");
    if (!value) return std::optional<Plist>();
    return std::optional<Plist>(std::move(value));
}

base::Status NormalLink::start_session(const base::Deadline& deadline, const std::stop_token& stop) {
    if (in_session()) return {};
    const Plist record = read_pair_record(udid_);
    const auto host = record.string_at("HostID");
    if (!host) return fail(lockdown_error("begin a session", "MissingPairRecord"));
    const auto begin = [&] {
        return request(Plist::dict().set("Request", "StartSession").set("HostID", *host).set("SystemBUID", system_buid(record)), deadline, stop);
    };
    UB_TRY(const Plist answer, begin());
    session_ = answer.string_at("SessionID").value_or("");
    if (session_.empty()) return fail(ErrorCode::Protocol, "begin a session: the phone names no session");
    if (!answer.boolean_at("EnableSessionSSL").value_or(false)) return {};
    const std::string session = std::exchange(session_, std::string());
    UB_TRY_CONTEXT([[maybe_unused]] const bool taught, teach_version(device_, deadline, stop).map([] { return true; }), "learn the iOS version");
    UB_TRY_VOID(lockdown_.enable_tls(deadline, stop));
    session_ = session;
    return {};
}

base::Result<PairingState> NormalLink::pairing(const base::Deadline& deadline, const std::stop_token& stop) {
    if (in_session()) return PairingState::Paired;
    auto begun = start_session(deadline, stop);
    if (begun) return PairingState::Paired;
    const auto& error = begun.error();
    if (error.code() == ErrorCode::Locked) return PairingState::PasscodeLocked;
    if (error.native().domain != "lockdown") return fail(std::move(begun).error());
    switch (error.native().value) {
        case LOCKDOWN_E_MISSING_PAIR_RECORD: {
            // Without a record: a locked phone would ask for its passcode before it shows the Trust dialog.
            const auto locked = value("", "PasswordProtected", deadline, stop);
            if (locked && *locked && (*locked)->as_boolean().value_or(false)) return PairingState::PasscodeLocked;
            return PairingState::NoRecord;
        }
        case LOCKDOWN_E_PAIRING_DIALOG_RESPONSE_PENDING: return PairingState::DialogPending;
        case LOCKDOWN_E_INVALID_HOST_ID: return PairingState::NoRecord;   // the phone has forgotten this computer
        case LOCKDOWN_E_USER_DENIED_PAIRING: return PairingState::Refused;
        default: break;
    }
    if (error.code() == ErrorCode::NotTrusted) return PairingState::NoRecord;
    return fail(std::move(begun).error());
}

base::Status NormalLink::pair(const base::Deadline& deadline, const std::stop_token& stop) {
    struct Shared { lockdownd_error_t outcome = LOCKDOWN_E_UNKNOWN_ERROR; };
    auto shared = std::make_shared<Shared>();
    UB_TRY_CONTEXT([[maybe_unused]] const bool ran,
                   run_bounded(
                       [shared, device = device_] {
                           lockdownd_client_t client = nullptr;
                           shared->outcome = lockdownd_client_new(device.get(), &client, kLabel);
                           if (shared->outcome != LOCKDOWN_E_SUCCESS) return;
                           shared->outcome = lockdownd_pair(client, nullptr);
                           lockdownd_client_free(client);
                       },
                       deadline, stop)
                       .map([] { return true; }),
                   "pair");
    if (options_.recorder || Recorder::installed()) {
        const auto recorder = options_.recorder ? options_.recorder : Recorder::installed();
        recorder->event(options_.phone, "pair", {{"result", static_cast<int>(shared->outcome)}});
    }
    if (shared->outcome != LOCKDOWN_E_SUCCESS) return fail(lockdown_error_of("pair", shared->outcome));
    return {};
}

base::Result<PlistConnection> NormalLink::service(std::string_view name, const base::Deadline& deadline, const std::stop_token& stop) {
    UB_TRY_VOID(start_session(deadline, stop));
    UB_TRY_CONTEXT(const Plist answer, request(Plist::dict().set("Request", "StartService").set("Service", name), deadline, stop),
                   std::string(name));
    const auto port = answer.integer_at("Port");
    if (!port || *port == 0 || *port > 0xffff) return fail(ErrorCode::Protocol, fmt::format("{}: the phone names no port", name));
    UB_TRY(PlistConnection connection,
           PlistConnection::connect(device_, static_cast<std::uint16_t>(*port), std::string(name), options_, deadline, stop));
    if (answer.boolean_at("EnableServiceSSL").value_or(false)) UB_TRY_VOID(connection.enable_tls(deadline, stop));
    return connection;
}

base::Status NormalLink::enter_recovery(const base::Deadline& deadline, const std::stop_token& stop) {
    const auto ask = [&]() -> base::Status {
        UB_TRY(const Plist answer, request(Plist::dict().set("Request", "EnterRecovery"), deadline, stop));
        // Only the phone's own Success counts (virtual-phone.md 2: the tool says success when it was refused).
        if (answer.string_at("Request").value_or("") != "EnterRecovery")
            return fail(ErrorCode::Protocol, "EnterRecovery: the phone did not confirm");
        return {};
    };
    auto asked = ask();
    if (asked || in_session()) return asked;
    const auto code = asked.error().code();
    if (code != ErrorCode::NotTrusted && code != ErrorCode::PhoneRefused && code != ErrorCode::Locked) return asked;
    if (auto begun = start_session(deadline, stop); !begun) return begun;
    return ask();
}

base::Status NormalLink::forget_pairing() {
    const int removed = usbmuxd_delete_pair_record(udid_.c_str());
    if (removed < 0 && removed != -2) return fail(base::Error(ErrorCode::Failed, "the pair record was not removed").with_native("usbmuxd", removed));
    return {};
}

base::Result<Identity> read_identity(NormalLink& link, const base::Deadline& deadline, const std::stop_token& stop) {
    Identity identity;
    identity.udid = link.udid();
    const auto text = [&](std::string_view key) -> base::Result<std::string> {
        UB_TRY(const auto value, link.value("", key, deadline, stop));
        return value ? base::to_valid_utf8(value->as_string().value_or("").substr(0, 256)) : std::string();
    };
    // A phone may refuse one value and give the others; silence ends it.
    const auto optional_text = [&](std::string_view key, std::string& into) -> base::Status {
        auto value = text(key);
        if (value) into = std::move(*value);
        else if (value.error().native().domain != "lockdown") return fail(std::move(value).error());
        return {};
    };
    UB_TRY(const auto chip, link.value("", "UniqueChipID", deadline, stop));
    if (chip)
        if (const auto ecid = chip->as_integer(); ecid && *ecid != 0) identity.ecid = Ecid{*ecid};
    UB_TRY_VOID(optional_text("ProductType", identity.product_type));
    UB_TRY_VOID(optional_text("HardwareModel", identity.board));
    identity.board = base::to_lower(identity.board);
    UB_TRY_VOID(optional_text("ProductVersion", identity.ios_version));
    UB_TRY_VOID(optional_text("BuildVersion", identity.ios_build));
    UB_TRY_VOID(optional_text("SerialNumber", identity.serial_number));
    UB_TRY_VOID(optional_text("DeviceName", identity.name));
    const auto number = [&](std::string_view key) -> std::optional<std::uint32_t> {
        const auto value = link.value("", key, deadline, stop);
        if (!value || !*value) return std::nullopt;
        const auto integer = (*value)->as_integer();
        if (!integer || *integer > 0xffffffffu) return std::nullopt;
        return static_cast<std::uint32_t>(*integer);
    };
    identity.cpid = number("ChipID");
    identity.bdid = number("BoardId");
    const auto image4 = link.value("", "Image4Supported", deadline, stop);
    identity.image4 = image4 && *image4 && (*image4)->as_boolean().value_or(false);
    return identity;
}

}  // namespace unbrick::device
