#include "src/firmware/signing/chip_requests.h"

#include <fmt/core.h>

#include "src/base/digest.h"
#include "src/firmware/signing/request.h"
#include "src/firmware/signing/rules.h"

namespace unbrick::firmware::signing {

using base::ErrorCode;
using base::fail;
using base::Plist;

namespace {

void copy(Plist& to, const Plist& from, std::initializer_list<const char*> keys) {
    for (const auto* key : keys)
        if (auto value = from.at(key)) to.set(key, std::move(value));
}

void merge(Plist& to, const Plist& from) {
    for (const auto& key : from.keys()) to.set(key, from.at(key));
}

Plist chip_request(const char* ticket) {
    auto request = new_request();
    request.set(ticket, Plist::boolean(true));
    request.set("@BBTicket", Plist::boolean(true));
    return request;
}

Plist without_info(const Component& component) {
    Plist entry = component.entry;
    entry.remove("Info");
    return entry;
}

// A number that the identity writes as "0x..", unless the phone said its own.
void number_of_identity(Plist& request, const BuildIdentity& identity, const char* key) {
    if (request.has(key)) return;
    const auto value = identity.plist.at(key);
    if (const auto text = value.as_string()) {
        if (const auto number = base::parse_hex(*text)) request.set(key, Plist::integer(*number));
    } else if (value) {
        request.set(key, value);
    }
}


// Savage,ProductionMode and the like come as booleans, or as integers.
bool truth(const Plist& info, const char* key, bool otherwise) {
    const auto value = info.at(key);
    if (const auto boolean = value.as_boolean()) return *boolean;
    if (const auto number = value.as_integer()) return *number != 0;
    return otherwise;
}

void add_entries(Plist& request, const BuildIdentity& identity, std::string_view prefix) {
    for (const auto& component : identity.components)
        if (base::starts_with(component.name, prefix)) request.set(component.name, without_info(component));
}

void add_sep_digest(Plist& request, const BuildIdentity& identity) {
    const auto* sep = identity.find("SEP");
    if (sep != nullptr && sep->digest) request.set("SEP", Plist::dict().set("Digest", Plist::data(*sep->digest)));
}

}  // namespace

base::Result<ChipRequest> secure_element_request(const BuildIdentity& identity, const Plist& info, const Plist& generated) {
    ChipRequest out{chip_request("@SE,Ticket"), "", "SE,Ticket"};
    copy(out.request, info, {"SE,ChipID", "SE,ID", "SE,Nonce", "SE,RootKeyIdentifier"});
    number_of_identity(out.request, identity, "SE,ChipID");
    const bool development = truth(info, "SE,IsDev", false);
    for (const auto& component : identity.components) {
        if (!base::starts_with(component.name, "SE,")) continue;
        auto entry = without_info(component);
        entry.remove(development ? "ProductionCMAC" : "DevelopmentCMAC");
        entry.remove(development ? "ProductionUpdatePayloadHash" : "DevelopmentUpdatePayloadHash");
        out.request.set(component.name, std::move(entry));
    }
    const auto chip = out.request.integer_at("SE,ChipID").value_or(0);
    if (chip == 0x20211 && identity.find("SE,Firmware") != nullptr) out.firmware = "SE,Firmware";
    else if (identity.find("SE,UpdatePayload") != nullptr) out.firmware = "SE,UpdatePayload";
    else if (identity.find("SE,Firmware") != nullptr) out.firmware = "SE,Firmware";
    merge(out.request, generated);
    if (out.request.has("@SE2,Ticket")) {
        out.ticket = "SE2,Ticket";
        out.request.remove("@SE,Ticket");
    }
    return out;
}

base::Result<ChipRequest> savage_request(const BuildIdentity& identity, const Plist& info, const Plist& generated) {
    ChipRequest out{chip_request("@Savage,Ticket"), "", "Savage,Ticket"};
    copy(out.request, info, {"Savage,UID", "Savage,PatchEpoch", "Savage,ChipID", "Savage,AllowOfflineBoot", "Savage,ReadFWKey",
                             "Savage,ProductionMode", "Savage,Nonce", "Savage,ReadECKey"});
    number_of_identity(out.request, identity, "Savage,PatchEpoch");
    number_of_identity(out.request, identity, "Savage,ChipID");
    add_sep_digest(out.request, identity);
    // The first byte of the revision tells which patch the chip takes (4.6).
    std::string revision = "B0";
    if (const auto bytes = info.data_at("Savage,Revision"); bytes && !bytes->empty()) {
        const unsigned r = bytes->front();
        if (((r | 0x10u) & 0xF0u) == 0x30u) revision = "B2";
        else if ((r & 0xF0u) == 0xA0u) revision = "BA";
    }
    const auto patch = fmt::format("Savage,{}-{}-Patch", revision, truth(info, "Savage,ProductionMode", true) ? "Prod" : "Dev");
    if (const auto* component = identity.find(patch)) {
        out.request.set(patch, without_info(*component));
        out.firmware = patch;
    } else if (generated.size() == 0) {
        return fail(ErrorCode::FirmwareUnsuitable, fmt::format("the firmware has no {} for this phone's face camera", patch));
    }
    merge(out.request, generated);
    return out;
}

base::Result<ChipRequest> yonkers_request(const BuildIdentity& identity, const Plist& info, const Plist& generated) {
    ChipRequest out{chip_request("@Yonkers,Ticket"), "", "Yonkers,Ticket"};
    copy(out.request, info, {"Yonkers,AllowOfflineBoot", "Yonkers,BoardID", "Yonkers,ChipID", "Yonkers,ECID", "Yonkers,Nonce",
                             "Yonkers,PatchEpoch", "Yonkers,ProductionMode", "Yonkers,ReadECKey", "Yonkers,ReadFWKey"});
    for (const auto* key : {"Yonkers,BoardID", "Yonkers,ChipID", "Yonkers,PatchEpoch"}) number_of_identity(out.request, identity, key);
    add_sep_digest(out.request, identity);
    const bool production = truth(info, "Yonkers,ProductionMode", true);
    const auto wanted = info.integer_at("Yonkers,FabRevision");
    for (const auto& component : identity.components) {
        if (!base::starts_with(component.name, "Yonkers,SysTopPatch")) continue;
        if (component.entry.boolean_at("EPRO").value_or(production) != production) continue;
        const auto revision = component.entry.integer_at("FabRevision");
        if (wanted && revision && *wanted != *revision) continue;
        out.request.set(component.name, without_info(component));
        out.firmware = component.name;
        break;
    }
    if (out.firmware.empty() && generated.size() == 0)
        return fail(ErrorCode::FirmwareUnsuitable, "the firmware has no Yonkers patch for this phone's face camera");
    merge(out.request, generated);
    return out;
}

base::Result<ChipRequest> rose_request(const BuildIdentity& identity, const Plist& info, const Plist& generated) {
    ChipRequest out{chip_request("@Rap,Ticket"), "Rap,RTKitOS", "Rap,Ticket"};
    if (generated.size() > 0) {
        merge(out.request, generated);   // first, and MessageArgInfo is ignored then
    } else {
        copy(out.request, info, {"Rap,BoardID", "Rap,ChipID", "Rap,ECID", "Rap,Nonce", "Rap,ProductionMode", "Rap,SecurityDomain",
                                 "Rap,SecurityMode", "Rap,FdrRootCaDigest"});
        for (const auto* key : {"Rap,BoardID", "Rap,ChipID", "Rap,SecurityDomain"}) number_of_identity(out.request, identity, key);
    }
    for (const auto& component : identity.components) {
        if (!base::starts_with(component.name, "Rap,")) continue;
        auto entry = without_info(component);
        if (component.has_rules) apply_rules(entry, component.entry.at_path({"Info", "RestoreRequestRules"}), RuleParameters{});
        if (component.trusted && !component.digest) entry.set("Digest", Plist::data({}));
        out.request.set(component.name, std::move(entry));
    }
    if (identity.find("Rap,RTKitOS") == nullptr) out.firmware.clear();
    return out;
}

base::Result<ChipRequest> veridian_request(const BuildIdentity& identity, const Plist& info, const Plist& generated) {
    ChipRequest out{chip_request("@BMU,Ticket"), "BMU,FirmwareMap", "BMU,Ticket"};
    if (const auto chip = info.at("ChipID")) out.request.set("BMU,ChipID", chip);
    else copy(out.request, info, {"BMU,ChipID"});
    copy(out.request, info, {"BMU,BoardID"});
    for (const auto* key : {"BMU,BoardID", "BMU,ChipID"}) number_of_identity(out.request, identity, key);
    const auto named = [&](const char* key, const char* bare) {
        if (auto value = info.at(key)) out.request.set(key, std::move(value));
        else if (auto plain = info.at(bare)) out.request.set(key, std::move(plain));
    };
    named("BMU,Nonce", "Nonce");
    named("BMU,ProductionMode", "ProductionMode");
    named("BMU,UniqueID", "UniqueID");
    add_entries(out.request, identity, "BMU,");
    if (identity.find("BMU,FirmwareMap") == nullptr) out.firmware.clear();
    merge(out.request, generated);
    return out;
}

base::Result<ChipRequest> tcon_request(const BuildIdentity& identity, const Plist& info, const Plist& generated) {
    ChipRequest out{chip_request("@Baobab,Ticket"), "Baobab,TCON", "Baobab,Ticket"};
    copy(out.request, info, {"Baobab,BoardID", "Baobab,ChipID", "Baobab,ECID", "Baobab,Life", "Baobab,ManifestEpoch", "Baobab,ProductionMode",
                             "Baobab,SecurityDomain", "Baobab,UpdateNonce"});
    for (const auto* key : {"Baobab,BoardID", "Baobab,ChipID", "Baobab,SecurityDomain", "Baobab,ManifestEpoch"}) number_of_identity(out.request, identity, key);
    const bool production = truth(info, "Baobab,ProductionMode", true);
    for (const auto& component : identity.components) {
        if (!base::starts_with(component.name, "Baobab,")) continue;
        out.request.set(component.name, without_info(component).set("EPRO", Plist::boolean(production)));
    }
    if (identity.find("Baobab,TCON") == nullptr) out.firmware.clear();
    merge(out.request, generated);
    return out;
}

base::Result<ChipRequest> timer_request(const BuildIdentity& identity, const Plist& info, const Plist& generated) {
    const auto first = info.at("InfoArray").item(0);
    const auto hardware = first.at("HardwareID");
    const auto tag = first.integer_at("TagNumber");
    const auto ticket = first.string_at("TicketName");
    if (!hardware.is_dict() || !tag || !ticket) return fail(ErrorCode::Protocol, "the phone's request for its USB-C retimer names no chip (InfoArray)");
    ChipRequest out{new_request(), fmt::format("Timer,RTKitOS,{}", *tag), *ticket};
    out.request.set("@" + *ticket, Plist::boolean(true));
    out.request.set("@BBTicket", Plist::boolean(true));
    merge(out.request, info.at("APInfo"));
    const auto put = [&](const char* key, std::initializer_list<const char*> names) {
        for (const auto* name : names)
            if (auto value = hardware.at(name)) {
                out.request.set(fmt::format("Timer,{},{}", key, *tag), std::move(value));
                return;
            }
    };
    put("BoardID", {"BoardID"});
    put("ChipID", {"ChipID"});
    put("SecurityDomain", {"SecurityDomain"});
    put("SecurityMode", {"SecureMode", "SecurityMode"});
    put("ProductionMode", {"ProductionStatus", "ProductionMode"});
    put("ECID", {"ECID"});
    put("Nonce", {"Nonce"});
    for (const auto& component : identity.components) {
        if (!base::starts_with(component.name, "Timer,")) continue;
        auto entry = without_info(component);
        if (component.has_rules) apply_rules(entry, component.entry.at_path({"Info", "RestoreRequestRules"}), RuleParameters{});
        out.request.set(component.name, std::move(entry));
    }
    if (identity.find(out.firmware) == nullptr) out.firmware.clear();
    merge(out.request, generated);
    return out;
}

namespace {

// Numbers that the identity writes as text go out as numbers, as in its own AP request.
void add_identity_tags(Plist& request, const BuildIdentity& identity, const Plist& tags) {
    const auto names = tags.at("BuildIdentityTags");
    for (std::size_t i = 0; i < names.size() && i < 256; ++i) {
        const auto name = names.item(i).as_string();
        if (!name || !identity.plist.has(*name) || *name == "Manifest" || *name == "Info") continue;
        const auto value = identity.plist.at(*name);
        const auto text = value.as_string();
        if (text && base::starts_with(*text, "0x") && base::parse_hex(*text)) request.set(*name, Plist::integer(*base::parse_hex(*text)));
        else request.set(*name, value);
    }
}

}  // namespace

base::Result<ChipRequest> cryptex_request(const BuildIdentity& identity, const Plist& info, const Plist& generated, const Plist& tags,
                                          const PhoneFusing& fusing) {
    auto parameters = Plist::dict();
    merge(parameters, info);
    add_identity_tags(parameters, identity, tags);
    merge(parameters, generated);
    ChipRequest out{new_request(), "", "Cryptex1,Ticket"};
    add_common_keys(out.request, identity, fusing.ecid);
    out.request.set("ApProductionMode", Plist::boolean(fusing.production_mode));
    out.request.set("ApSecurityMode", Plist::boolean(fusing.security_mode));
    if (parameters.has("Ap,LocalPolicy")) {
        out.ticket = "ApImg4Ticket";
        out.request.set("@ApImg4Ticket", Plist::boolean(true));
        out.request.set("Ap,LocalPolicy", Plist::dict().set("Digest", Plist::data(base::digest_of(base::DigestKind::Sha384, empty_local_policy())))
                                              .set("Trusted", Plist::boolean(true)));
        copy(out.request, parameters, {"Ap,NextStageIM4MHash", "Ap,NextStageCryptex1IM4MHash", "Ap,RecoveryOSPolicyNonceHash", "Ap,VolumeUUID", "ApECID"});
        merge(out.request, generated);
        return out;
    }
    out.request.set("@Cryptex1,Ticket", Plist::boolean(true));
    for (const auto& key : parameters.keys())
        if (base::starts_with(key, "Cryptex1")) out.request.set(key, parameters.at(key));
    merge(out.request, generated);
    return out;
}

base::Result<ChipRequest> generic_request(const BuildIdentity& identity, const Plist& info, const Plist& generated, const Plist& tags,
                                          const PhoneFusing& fusing) {
    if (generated.size() == 0) return fail(ErrorCode::Protocol, "the phone asked for a ticket and did not say of what (no DeviceGeneratedRequest)");
    ChipRequest out{new_request(), "", tags.at("ResponseTags").item(0).as_string().value_or("")};
    out.request.set("@BBTicket", Plist::boolean(true));
    bool production = fusing.production_mode;
    for (const auto& key : info.keys())
        if (base::ends_with(key, "ProductionMode")) production = truth(info, key.c_str(), production);
    out.request.set("ApProductionMode", Plist::boolean(production));
    out.request.set("ApSecurityMode", Plist::boolean(fusing.security_mode));
    add_identity_tags(out.request, identity, tags);
    merge(out.request, generated);
    out.request.remove("RequiresUIDMode");
    return out;
}

base::Bytes empty_local_policy() {
    return {0x30, 0x14, 0x16, 0x04, 'I', 'M', '4', 'P', 0x16, 0x04, 'l', 'p', 'o', 'l', 0x16, 0x03, '1', '.', '0', 0x04, 0x01, 0x00};
}

base::Result<Plist> local_policy_request(const BuildIdentity& identity, const Plist& arguments, const PhoneFusing& fusing) {
    const auto next = arguments.data_at("Ap,NextStageIM4MHash"), nonce = arguments.data_at("Ap,RecoveryOSPolicyNonceHash");
    auto volume = arguments.string_at("Ap,VolumeUUID").value_or("");
    const auto uuid = base::from_hex(base::replace_all(volume, "-", ""));
    if (!next || !nonce || !uuid || uuid->size() != 16)
        return fail(ErrorCode::Protocol, "the phone asked for a local policy without its hashes or its volume");
    auto request = new_request();
    add_common_keys(request, identity, fusing.ecid);
    request.set("@ApImg4Ticket", Plist::boolean(true));
    request.set("Ap,LocalBoot", Plist::boolean(true));
    request.set("ApProductionMode", Plist::boolean(fusing.production_mode));
    request.set("ApSecurityMode", Plist::boolean(fusing.security_mode));
    request.set("Ap,LocalPolicy", Plist::dict().set("Digest", Plist::data(base::digest_of(base::DigestKind::Sha384, empty_local_policy())))
                                      .set("Trusted", Plist::boolean(true)));
    request.set("Ap,NextStageIM4MHash", Plist::data(*next));
    request.set("Ap,RecoveryOSPolicyNonceHash", Plist::data(*nonce));
    request.set("Ap,VolumeUUID", Plist::data(*uuid));
    return request;
}

}  // namespace unbrick::firmware::signing
