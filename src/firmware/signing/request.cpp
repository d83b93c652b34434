#include "src/firmware/signing/request.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "src/base/digest.h"

namespace unbrick::firmware::signing {

using base::ErrorCode;
using base::fail;
using base::Plist;

namespace {

// libauthinstall's version as the field's tools send it (restore-protocol.md 4.1).
constexpr std::string_view kClientVersion = "libauthinstall-1104.0.9";

constexpr std::array kCopiedStrings = {"Ap,OSLongVersion", "Ap,OSReleaseType", "Ap,ProductMarketingVersion", "Ap,ProductType", "Ap,SDKPlatform",
                                       "Ap,Target", "Ap,TargetType", "Ap,Timestamp"};
constexpr std::array kNeverAsked = {"BasebandFirmware", "SE,UpdatePayload", "BaseSystem", "Diags", "Ap,ExclaveOS"};

std::string random_uuid() {
    auto bytes = base::random_bytes(16);
    bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0F) | 0x40);
    bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3F) | 0x80);
    const auto hex = base::to_hex(bytes, true);
    return fmt::format("{}-{}-{}-{}-{}", hex.substr(0, 8), hex.substr(8, 4), hex.substr(12, 4), hex.substr(16, 4), hex.substr(20));
}

void copy_key(Plist& to, const Plist& from, std::string_view key) {
    if (auto value = from.at(key)) to.set(key, std::move(value));
}

// A number that manifests write as "0x..".
void copy_number(Plist& to, const Plist& from, std::string_view key) {
    const auto value = from.at(key);
    if (const auto text = value.as_string()) {
        const auto number = base::starts_with(*text, "0x") ? base::parse_hex(*text) : std::optional<std::uint64_t>();
        if (number) to.set(key, Plist::integer(*number));
        else to.set(key, value);
    } else if (value) {
        to.set(key, value);
    }
}

}  // namespace

Plist new_request() {
    return Plist::dict().set("@HostPlatformInfo", "mac").set("@VersionInfo", kClientVersion).set("@UUID", random_uuid());
}

void add_common_keys(Plist& request, const BuildIdentity& identity, std::uint64_t ecid) {
    request.set("ApECID", Plist::integer(ecid));
    if (!identity.unique_build_id.empty()) request.set("UniqueBuildID", Plist::data(identity.unique_build_id));
    request.set("ApChipID", Plist::integer(identity.cpid));
    request.set("ApBoardID", Plist::integer(identity.bdid));
    request.set("ApSecurityDomain", Plist::integer(identity.security_domain));
}

base::Result<Plist> ap_request(const BuildIdentity& identity, const PhoneParameters& phone) {
    if (phone.ap_nonce.empty()) return fail(ErrorCode::InvalidInput, "the phone told no nonce, so no ticket can be made for it");
    auto request = new_request();
    add_common_keys(request, identity, phone.ecid);
    request.set("@ApImg4Ticket", Plist::boolean(true));
    request.set("ApNonce", Plist::data(phone.ap_nonce));
    if (!phone.sep_nonce.empty()) request.set("SepNonce", Plist::data(phone.sep_nonce));
    request.set("ApSecurityMode", Plist::boolean(phone.security_mode));
    request.set("ApProductionMode", Plist::boolean(phone.production_mode));
    for (const auto* key : kCopiedStrings) copy_key(request, identity.plist, key);
    copy_number(request, identity.plist, "NeRDEpoch");
    copy_key(request, identity.plist, "PearlCertificationRootPub");
    copy_key(request, identity.plist, "AllowNeRDBoot");
    if (identity.plist.has("NeRDEpoch")) request.set("PermitNeRDPivot", Plist::data({}));
    // Apple's library sends false whenever there is a SEP nonce (real-restore.md 6.1).
    if (const auto mode = phone.ap_parameters.boolean_at("UID_MODE")) request.set("UID_MODE", Plist::boolean(*mode));
    else if (identity.requires_uid_mode || !phone.sep_nonce.empty()) request.set("UID_MODE", Plist::boolean(false));
    if (const auto fuse = phone.ap_parameters.integer_at("ApSikaFuse")) request.set("Ap,SikaFuse", Plist::integer(*fuse));
    else if (identity.requires_uid_mode) request.set("Ap,SikaFuse", Plist::integer(0));

    RuleParameters rules;
    rules.production_mode = phone.production_mode;
    rules.security_mode = phone.security_mode;
    for (const auto& component : identity.components) {
        if (std::find(kNeverAsked.begin(), kNeverAsked.end(), component.name) != kNeverAsked.end()) continue;
        if (base::starts_with(component.name, "Cryptex1,")) continue;   // has a request of its own
        if (!component.has_info || component.ftab) continue;
        if (!component.has_rules && !component.trusted) continue;
        auto entry = request_entry(component, rules);
        if (entry.size() > 0) request.set(component.name, std::move(entry));
    }
    return request;
}

std::optional<BasebandParameters> baseband_parameters(const Plist& info) {
    const auto serial = info.data_at("ChipSerialNo");
    const auto chip = info.integer_at("ChipID"), certificate = info.integer_at("CertID");
    if (!serial || !chip || !certificate) return std::nullopt;
    return BasebandParameters{*chip, *certificate, *serial, info.data_at("Nonce").value_or(base::Bytes{})};
}

void add_baseband(Plist& request, const BuildIdentity& identity, const BasebandParameters& baseband) {
    const auto* firmware = identity.find("BasebandFirmware");
    request.set("@BBTicket", Plist::boolean(true));
    request.set("BbChipID", Plist::integer(baseband.chip_id));
    request.set("BbGoldCertId", Plist::integer(baseband.cert_id));
    request.set("BbSNUM", Plist::data(baseband.serial));
    if (!baseband.nonce.empty()) request.set("BbNonce", Plist::data(baseband.nonce));
    copy_number(request, identity.plist, "BbSkeyId");
    for (const auto* key : {"BbProvisioningManifestKeyHash", "BbActivationManifestKeyHash", "BbCalibrationManifestKeyHash",
                            "BbFactoryActivationManifestKeyHash", "BbFDRSecurityKeyHash"})
        copy_key(request, identity.plist, key);
    if (identity.fdr_support) {
        request.set("ApProductionMode", Plist::boolean(true));
        request.set("ApSecurityMode", Plist::boolean(true));
    }
    if (firmware == nullptr) return;
    Plist entry = firmware->entry;
    entry.remove("Info");
    if (baseband.chip_id == 0x68) {
        // Two sets of boot loaders; the certificate decides which one this chip runs (4.6).
        const bool older = baseband.cert_id == 0x26F3FACC || baseband.cert_id == 0x5CF2EC4E || baseband.cert_id == 0x8399785A;
        entry.remove(older ? "PSI2-PartialDigest" : "PSI-PartialDigest");
        entry.remove(older ? "RestorePSI2-PartialDigest" : "RestorePSI-PartialDigest");
    }
    request.set("BasebandFirmware", std::move(entry));
}

void add_euicc(Plist& request, const BuildIdentity& identity, const Plist& preflight) {
    const auto chip = preflight.integer_at("EUICCChipID");
    const auto eid = preflight.data_at("EUICCCSN"), root = preflight.data_at("EUICCCertIdentifier");
    const auto gold = preflight.data_at("EUICCGoldNonce"), main = preflight.data_at("EUICCMainNonce");
    if (!chip || *chip < 5 || !eid || !gold || !main) return;
    const auto* gold_part = identity.find("eUICC,Gold");
    const auto* main_part = identity.find("eUICC,Main");
    request.set("@eUICC,Ticket", Plist::boolean(true));
    request.set("eUICC,ApProductionMode", Plist::boolean(true));
    request.set("eUICC,ChipID", Plist::integer(*chip));
    request.set("eUICC,EID", Plist::data(*eid));
    if (root) request.set("eUICC,RootKeyIdentifier", Plist::data(*root));
    const auto part = [](const Component* component, const base::Bytes& nonce) {
        auto entry = Plist::dict();
        if (component != nullptr && component->digest) entry.set("Digest", Plist::data(*component->digest));
        entry.set("Nonce", Plist::data(nonce));
        return entry;
    };
    request.set("eUICC,Gold", part(gold_part, *gold));
    request.set("eUICC,Main", part(main_part, *main));
}

Plist without_baseband(Plist request) {
    for (const auto& key : request.keys())
        if (base::starts_with(key, "Bb") || base::starts_with(key, "eUICC,") || key == "@BBTicket" || key == "@eUICC,Ticket" || key == "BasebandFirmware")
            request.remove(key);
    return request;
}

bool concerns_baseband(std::int64_t status) { return status == 8 || status == 49 || (status >= 126 && status <= 168); }

base::Result<Plist> recovery_os_request(const BuildIdentity& recovery, const PhoneParameters& phone) { return ap_request(recovery, phone); }

std::vector<SentItem> items_of(const Plist& request) {
    std::vector<SentItem> items;
    for (const auto& key : request.keys()) {
        std::string kind = "about the firmware";
        if (base::starts_with(key, "@")) kind = "what is asked for";
        else if (key == "ApECID" || base::ends_with(key, "ECID") || base::contains(key, "SNUM") || base::ends_with(key, ",EID") || base::ends_with(key, ",UID") || base::ends_with(key, "UniqueID"))
            kind = "which phone or chip it is";
        else if (base::contains(key, "Nonce")) kind = "a random number of the phone's present boot";
        items.push_back({key, std::move(kind)});
    }
    return items;
}

}  // namespace unbrick::firmware::signing
