#include "recovery/restore/preparation.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include "recovery/restore/boot_chain.h"
#include "src/device/links/dfu_link.h"
#include "src/device/links/kis_link.h"
#include "src/device/links/normal_link.h"
#include "src/device/links/recovery_link.h"
#include "src/firmware/local_manifest.h"
#include "src/firmware/signing/saved_tickets.h"

namespace unbrick::recovery::restore {

namespace signing = firmware::signing;
using base::ErrorCode;
using base::fail;
using base::Plist;
using device::Mode;

namespace {

constexpr PhoneSpan kAnswer{30};
constexpr PhoneSpan kOpen{40};
// The phone shows its passcode prompt so long (restore-protocol.md 1.9).
constexpr PhoneSpan kPasscode{130};
constexpr PhoneSpan kCommit{30};
constexpr std::uint64_t kLeastBattery = 15;   // percent, without a charger

std::optional<std::uint32_t> number_of(const std::optional<Plist>& value) {
    if (!value) return std::nullopt;
    const auto number = value->as_integer();
    return number && *number <= 0xFFFFFFFF ? std::optional(static_cast<std::uint32_t>(*number)) : std::nullopt;
}

}  // namespace

base::Status Preparation::open_firmware() {
    UB_TRY(prepared_.archive, firmware::Archive::open(request_.firmware));
    UB_TRY(prepared_.manifest, firmware::read_build_manifest(*prepared_.archive));
    reporter_.said(fmt::format("firmware: iOS {} ({}), {} build identities", prepared_.manifest.version, prepared_.manifest.build, prepared_.manifest.identities.size()));
    return {};
}

base::Status Preparation::check_version(const std::string& installed) const {
    if (request_.kind != Kind::Update || installed.empty() || firmware::compare_versions(prepared_.manifest.version, installed) >= 0) return {};
    return fail(base::Error(ErrorCode::FirmwareUnsuitable, fmt::format("the firmware (iOS {}) is older than what the phone has (iOS {}): its data may not open again", prepared_.manifest.version, installed))
                    .with_text("restore.error.older-firmware"));
}

base::Status Preparation::choose(std::uint32_t cpid, std::uint32_t bdid, const device::Phone& phone, const std::string& board, const std::string& product) {
    const auto behaviour = request_.kind == Kind::Erase ? firmware::Behaviour::Erase : firmware::Behaviour::Update;
    UB_TRY(prepared_.identity, firmware::choose_identity(prepared_.manifest, {cpid, bdid, board, product, behaviour}));
    if (prepared_.identity->behaviour != behaviour) return fail(ErrorCode::Internal, "the chosen build identity is of another kind than what was asked for");
    prepared_.recovery_identity = firmware::recovery_identity(prepared_.manifest, *prepared_.identity);
    const auto missing = firmware::missing_files(*prepared_.archive, *prepared_.identity);
    if (!missing.empty())
        return fail(ErrorCode::FirmwareInvalid, fmt::format("the firmware lacks {} of its files: {}", missing.size(), fmt::join(missing.begin(), missing.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(missing.size(), 5)), ", ")));
    for (const auto* name : {"iBSS", "iBEC", "RestoreRamDisk", "RestoreDeviceTree", "RestoreKernelCache", "OS"})
        if (prepared_.identity->find(name) == nullptr) return fail(ErrorCode::FirmwareInvalid, fmt::format("the firmware has no {} for this phone", name));
    UB_TRY_VOID(check_version(phone.identity.ios_version));
    reporter_.said(fmt::format("build identity: {} for {}", prepared_.identity->variant, prepared_.identity->device_class));
    return {};
}

base::Status Preparation::identify(const device::Phone& phone, const std::stop_token& stop) {
    if (phone.mode == Mode::Normal) return identify_normal(phone, stop);
    if (!phone.usb) return fail(ErrorCode::NoPhone, "the phone is not on the bus");
    device::IbootInfo info;
    const auto deadline = clock_.patience(kOpen);
    if (phone.mode == Mode::Recovery) {
        UB_TRY(auto link, device::RecoveryLink::open(phone.usb->address, deadline, stop));
        UB_TRY(info, link.info(deadline, stop));
    } else if (phone.mode == Mode::Dfu) {
        UB_TRY(auto link, device::DfuLink::open(phone.usb->address, deadline, stop));
        UB_TRY(info, link.info(deadline, stop));
    } else if (phone.mode == Mode::Kis) {
        UB_TRY(auto link, device::KisLink::open(phone.usb->address, deadline, stop));
        info = link.info();
    } else {
        return fail(ErrorCode::WrongMode, fmt::format("a restore cannot begin in {} mode", device::to_string(phone.mode)));
    }
    if (!info.cpid || !info.bdid() || !info.ecid) return fail(ErrorCode::Protocol, "the phone does not say which chip and board it has");
    if (request_.phone.ecid && *request_.phone.ecid != *info.ecid) return fail(ErrorCode::NoPhone, "another phone answers at that place");
    if (info.ibfl && !info.image4()) return fail(ErrorCode::FirmwareUnsuitable, "this phone is older than the ones that unbrick restores (no Image4)");
    prepared_.phone.ecid = info.ecid->value;
    prepared_.phone.ap_nonce = info.ap_nonce;
    prepared_.phone.sep_nonce = info.sep_nonce;
    return choose(*info.cpid, *info.bdid(), phone, phone.identity.board, phone.identity.product_type);
}

base::Status Preparation::identify_normal(const device::Phone& phone, const std::stop_token& stop) {
    UB_TRY(auto link, device::NormalLink::open(phone.mux_udid, clock_.patience(kOpen), stop));
    const auto value = [&](std::string_view key, std::string_view domain = {}) -> std::optional<Plist> {
        auto read = link.value(domain, key, clock_.patience(kAnswer), stop);
        return read ? std::move(*read) : std::nullopt;
    };
    const auto text = [&](std::string_view key) {
        const auto read = value(key);
        return read ? read->as_string().value_or("") : std::string();
    };
    const auto ecid = value("UniqueChipID");
    if (!ecid || !ecid->as_integer()) return fail(ErrorCode::Protocol, "the phone does not say its ECID");
    if (request_.phone.ecid && request_.phone.ecid->value != *ecid->as_integer()) return fail(ErrorCode::NoPhone, "another phone answers at that place");
    const auto board = text("HardwareModel"), product = text("ProductType");
    UB_TRY_VOID(check_version(text("ProductVersion")));
    auto cpid = number_of(value("ChipID")), bdid = number_of(value("BoardId"));
    if (!cpid) cpid = phone.identity.cpid;
    if (!bdid) bdid = phone.identity.bdid;
    if (!cpid || !bdid)   // the device class names one board and chip within a firmware
        for (const auto& identity : prepared_.manifest.identities)
            if (!board.empty() && base::to_lower(identity.device_class) == base::to_lower(board)) {
                cpid = identity.cpid;
                bdid = identity.bdid;
            }
    UB_TRY_VOID(choose(cpid.value_or(0), bdid.value_or(0), phone, board, product));
    const auto level = value("BatteryCurrentCapacity", "com.apple.mobile.battery");
    const auto charging = value("ExternalConnected", "com.apple.mobile.battery");
    if (level && level->as_integer().value_or(100) < kLeastBattery && !(charging && charging->as_boolean().value_or(false)))
        return fail(base::Error(ErrorCode::NeedsPerson, fmt::format("the battery has {} %: it could run empty in the middle", *level->as_integer())).with_text("restore.error.battery-low"));

    if (request_.kind == Kind::Update && !request_.dry_run) {
        const auto protection = value("HasSiDP");
        if (protection && protection->as_boolean().value_or(false)) UB_TRY_VOID(create_stashbag(link, stop));
    }
    // Now, not earlier: the phone may restart its nonce while the passcode is typed (restore-protocol.md 9.1).
    auto& parameters = prepared_.phone;
    parameters.ecid = *ecid->as_integer();
    if (const auto nonce = value("ApNonce")) parameters.ap_nonce = nonce->as_data().value_or(base::Bytes{});
    if (auto ap = value("ApParameters"); ap && ap->is_dict()) {
        parameters.ap_parameters = *ap;
        if (const auto sep = ap->data_at("SepNonce")) parameters.sep_nonce = *sep;
        if (parameters.ap_nonce.empty()) parameters.ap_nonce = ap->data_at("ApNonce").value_or(base::Bytes{});
    }
    if (parameters.sep_nonce.empty())
        if (const auto sep = value("SEPNonce")) parameters.sep_nonce = sep->as_data().value_or(base::Bytes{});
    const auto telephony = value("TelephonyCapability");
    if (telephony && telephony->as_boolean().value_or(false))
        if (auto preflight = value("FirmwarePreflightInfo"); preflight && preflight->is_dict()) parameters.baseband_preflight = std::move(*preflight);
    return {};
}

base::Status Preparation::create_stashbag(device::NormalLink& link, const std::stop_token& stop) {
    reporter_.stage("stashbag");
    const auto give_up = clock_.patience(kPasscode);
    bool asked_to_unlock = false;
    std::optional<device::PlistConnection> service;
    while (!service) {
        auto opened = link.service("com.apple.preboardservice_v2", clock_.patience(kAnswer), stop);
        if (opened) {
            service.emplace(std::move(*opened));
            break;
        }
        const auto code = opened.error().code();
        if ((code != ErrorCode::Locked && code != ErrorCode::NotTrusted) || give_up.expired())
            return fail(base::Error(code, opened.error().message()).with_context("keep the data readable (stashbag)").with_text("restore.error.stashbag"));
        if (!std::exchange(asked_to_unlock, true)) reporter_.ask({code == ErrorCode::Locked ? "unlock" : "trust", code == ErrorCode::Locked ? "restore.ask.unlock" : "restore.ask.trust"});
        if (code == ErrorCode::NotTrusted) static_cast<void>(link.pair(clock_.patience(kAnswer), stop));
        // lockdownd tells nobody when a phone is unlocked: it is asked again, and the watcher's events end the wait.
        static_cast<void>(watcher_.wait_for(request_.phone, [](const device::Phone&) { return false; }, give_up.earlier_of(clock_.host_span(PhoneSpan(1))), stop));
        UB_TRY_VOID(base::check_cancelled(stop, "stashbag"));
    }
    UB_TRY_VOID(service->send(Plist::dict().set("Command", "CreateStashbag").set("Manifest", Plist::data(firmware::local_manifest(*prepared_.identity))), give_up, stop, true));
    while (true) {
        auto reply = service->receive(give_up, stop);
        if (!reply) return fail(std::move(reply).error().with_context("keep the data readable (stashbag)").with_text("restore.error.stashbag"));
        const auto is = [&](const char* key) { return reply->boolean_at(key).value_or(false); };
        if (is("Skip")) return {};
        if (is("HideDialog")) {
            stashbag_ = true;
            reporter_.said("the phone keeps its data readable over the update");
            return {};
        }
        if (is("Timeout")) return fail(base::Error(ErrorCode::NeedsPerson, "the passcode was not typed on the phone in time").with_text("restore.error.passcode-timeout"));
        if (is("Error") || reply->has("ErrorString"))
            return fail(base::Error(ErrorCode::PhoneRefused, "the phone cannot keep its data readable: " + base::to_valid_utf8(reply->string_at("ErrorString").value_or("no reason given"))).with_text("restore.error.stashbag"));
        if (is("ShowDialog")) reporter_.ask({"type-passcode", "restore.ask.type-passcode"});
    }
}

base::Result<std::shared_ptr<const firmware::Personalizer>> Preparation::ticket_for(const signing::PhoneParameters& phone, const std::stop_token& stop) {
    UB_TRY(auto request, signing::ap_request(*prepared_.identity, phone));
    const auto baseband = signing::baseband_parameters(phone.baseband_preflight);
    if (baseband && prepared_.identity->find("BasebandFirmware") != nullptr) {
        signing::add_baseband(request, *prepared_.identity, *baseband);
        signing::add_euicc(request, *prepared_.identity, phone.baseband_preflight);
    }
    const signing::SavedTickets saved(request_.folder / "tickets");
    const bool keep = !request_.folder.empty();
    Plist response;
    if (const auto known = keep ? saved.find(request) : std::nullopt) {
        reporter_.said("using the ticket that was kept for this phone, this boot and this firmware");
        response = *known;
    } else {
        const auto items = signing::items_of(request);
        std::string names;
        for (const auto& item : items)
            if (item.kind != "about the firmware") names += (names.empty() ? "" : ", ") + item.key;
        reporter_.said(fmt::format("sending to {}: {} entries about the firmware and the phone ({})", signing_.url(), items.size(), names));
        const auto note = [&](std::string_view text) { reporter_.said(text); };
        auto signed_answer = signing_.sign(request, stop, note);
        if (!signed_answer && signed_answer.error().native().domain == "TSS" && request.has("@BBTicket") && signing::concerns_baseband(signed_answer.error().native().value)) {
            reporter_.said("the server does not take the baseband part; asking again without it");
            request = signing::without_baseband(std::move(request));
            signed_answer = signing_.sign(request, stop, note);
        }
        if (!signed_answer) {
            const auto& error = signed_answer.error();
            if (error.native().domain == "TSS") reporter_.evidence("error", base::Json{{"domain", "TSS"}, {"code", error.native().value}, {"certain", true}}, error.message());
            return fail(std::move(signed_answer).error());
        }
        response = std::move(*signed_answer);
        if (keep) static_cast<void>(saved.save(request, response));
    }
    if (response.has("BBTicket")) prepared_.baseband_answer = response;
    UB_TRY(auto personalizer, firmware::Personalizer::create(prepared_.archive, prepared_.identity, std::move(response), phone.ap_parameters));
    UB_TRY_VOID(personalizer.ticket().check({phone.ecid, prepared_.identity->cpid, prepared_.identity->bdid, prepared_.identity->security_domain, phone.ap_nonce}));
    return std::make_shared<const firmware::Personalizer>(std::move(personalizer));
}

base::Status Preparation::sign(const std::stop_token& stop) {
    reporter_.stage("sign");
    UB_TRY(prepared_.personalizer, ticket_for(prepared_.phone, stop));
    // Everything that will be sent before the phone can say anything is compared with the ticket now.
    std::vector<std::string> names{"iBEC", "iBSS"};
    for (const auto& image : images_to_load(*prepared_.identity)) names.push_back(image.component);
    for (const auto& name : names) {
        UB_TRY_VOID(base::check_cancelled(stop, "check the firmware"));
        auto checked = prepared_.personalizer->open(name);
        if (!checked) return fail(std::move(checked).error().with_context("before anything was sent"));
    }
    return {};
}

base::Result<std::shared_ptr<const firmware::Personalizer>> Preparation::sign_again(const device::IbootInfo& info, const std::stop_token& stop) {
    prepared_.phone.ap_nonce = info.ap_nonce;
    if (!info.sep_nonce.empty()) prepared_.phone.sep_nonce = info.sep_nonce;
    UB_TRY(prepared_.personalizer, ticket_for(prepared_.phone, stop));
    return prepared_.personalizer;
}

base::Status Preparation::leave_normal(const device::Phone& phone, const std::stop_token& stop) {
    UB_TRY(auto link, device::NormalLink::open(phone.mux_udid, clock_.patience(kOpen), stop));
    if (stashbag_) {
        UB_TRY(auto service, link.service("com.apple.preboardservice_v2", clock_.patience(kAnswer), stop));
        UB_TRY_VOID(service.send(Plist::dict().set("Command", "CommitStashbag").set("Manifest", Plist::data(prepared_.personalizer->ticket().bytes())), clock_.patience(kCommit), stop, true));
        UB_TRY_CONTEXT(const auto reply, service.receive(clock_.patience(kCommit), stop), "keep the data readable (commit)");
        if (!reply.boolean_at("StashbagCommitComplete").value_or(false))
            return fail(base::Error(ErrorCode::PhoneRefused, "the phone did not keep its data readable: " + base::to_valid_utf8(reply.string_at("ErrorString").value_or("no reason given"))).with_text("restore.error.stashbag"));
    }
    reporter_.stage("to-recovery");
    UB_TRY_VOID(link.enter_recovery(clock_.patience(PhoneSpan(60)), stop));
    static_cast<void>(link.forget_pairing());   // a restore makes it worthless, and a stale one is refused later
    auto arrived = watcher_.wait_for(request_.phone, [&](const device::Phone& seen) { return seen.mode == Mode::Recovery && seen.usb && seen.arrivals > phone.arrivals; },
                                     clock_.patience(reporter_.times().stage("to-recovery").longest), stop);
    if (!arrived) return fail(std::move(arrived).error().with_context("waiting for Recovery mode"));
    return {};
}

}  // namespace unbrick::recovery::restore
