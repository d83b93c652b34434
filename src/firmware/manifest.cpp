#include "src/firmware/manifest.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace unbrick::firmware {

using base::ErrorCode;
using base::fail;
using base::Plist;

std::string_view to_string(Behaviour behaviour) { return behaviour == Behaviour::Erase ? "Erase" : "Update"; }

bool Component::flag(std::string_view info_key) const { return entry.at_path({"Info", info_key}).as_boolean().value_or(false); }

const Component* BuildIdentity::find(std::string_view name) const {
    for (const auto& component : components)
        if (component.name == name) return &component;
    return nullptr;
}

int build_major_of(std::string_view build) {
    int major = 0;
    for (const char c : build) {
        if (c < '0' || c > '9' || major > 9999) break;
        major = major * 10 + (c - '0');
    }
    return major;
}

int BuildManifest::build_major() const { return build_major_of(build); }

int compare_versions(std::string_view a, std::string_view b) {
    const auto left = base::split(a, '.'), right = base::split(b, '.');
    for (std::size_t i = 0; i < std::max(left.size(), right.size()); ++i) {
        const auto x = i < left.size() ? base::parse_int(left[i]).value_or(0) : 0;
        const auto y = i < right.size() ? base::parse_int(right[i]).value_or(0) : 0;
        if (x != y) return x < y ? -1 : 1;
    }
    return 0;
}

namespace {

constexpr std::size_t kMostIdentities = 4096, kMostComponents = 2048;

// Numbers come as "0x.." strings; newer manifests also as integers.
std::optional<std::uint64_t> number(const Plist& dict, std::string_view key) {
    const auto value = dict.at(key);
    if (const auto text = value.as_string())
        return base::starts_with(*text, "0x") || base::starts_with(*text, "0X") ? base::parse_hex(*text)
                                                                                  : [&]() -> std::optional<std::uint64_t> {
            const auto decimal = base::parse_int(*text);
            return decimal && *decimal >= 0 ? std::optional<std::uint64_t>(static_cast<std::uint64_t>(*decimal)) : std::nullopt;
        }();
    return value.as_integer();
}

base::Result<Component> parse_component(std::string name, Plist entry) {
    Component component;
    if (!entry.is_dict()) return fail(ErrorCode::FirmwareInvalid, fmt::format("component {} is no dictionary", name));
    const auto info = entry.at("Info");
    component.has_info = info.is_dict();
    component.path = info.string_at("Path").value_or("");
    if (!component.path.empty() && !safe_member_name(component.path))
        return fail(ErrorCode::FirmwareInvalid, fmt::format("the path of {} leaves the firmware: \"{}\"", name, base::to_valid_utf8(component.path)));
    component.hash_method = info.string_at("HashMethod").value_or("");
    component.payload_type = info.string_at("Img4PayloadType").value_or("");
    if (!component.payload_type.empty() && component.payload_type.size() != 4)
        return fail(ErrorCode::FirmwareInvalid, fmt::format("{} has the payload type \"{}\"", name, base::to_valid_utf8(component.payload_type)));
    component.digest = entry.data_at("Digest");
    component.trusted = entry.boolean_at("Trusted").value_or(false);
    const auto flag = [&](std::string_view key) { return info.boolean_at(key).value_or(false); };
    component.has_rules = info.has("RestoreRequestRules");
    component.loaded_by_iboot = flag("IsLoadedByiBoot");
    component.loaded_by_iboot_stage1 = flag("IsLoadedByiBootStage1");
    component.firmware_payload = flag("IsFirmwarePayload");
    component.secondary_firmware_payload = flag("IsSecondaryFirmwarePayload");
    component.fud = flag("IsFUDFirmware");
    component.early_access = flag("IsEarlyAccessFirmware");
    component.iboot_ean = flag("IsiBootEANFirmware");
    component.iboot_non_essential = flag("IsiBootNonEssentialFirmware");
    component.ftab = flag("IsFTAB");
    component.name = std::move(name);
    component.entry = std::move(entry);
    return component;
}

base::Result<BuildIdentity> parse_identity(Plist plist) {
    if (!plist.is_dict()) return fail(ErrorCode::FirmwareInvalid, "it is no dictionary");
    BuildIdentity identity;
    const auto info = plist.at("Info");
    identity.device_class = info.string_at("DeviceClass").value_or("");
    identity.variant = info.string_at("Variant").value_or("");
    const auto behaviour = info.string_at("RestoreBehavior");
    if (behaviour == "Erase") identity.behaviour = Behaviour::Erase;
    else if (behaviour == "Update") identity.behaviour = Behaviour::Update;
    else if (base::contains(identity.variant, "Erase Install")) identity.behaviour = Behaviour::Erase;
    else if (base::contains(identity.variant, "Upgrade Install")) identity.behaviour = Behaviour::Update;
    const auto cpid = number(plist, "ApChipID"), bdid = number(plist, "ApBoardID"), domain = number(plist, "ApSecurityDomain");
    if (!cpid || !bdid || *cpid > 0xFFFFFFFF || *bdid > 0xFFFFFFFF) return fail(ErrorCode::FirmwareInvalid, "it names no chip and board");
    identity.cpid = static_cast<std::uint32_t>(*cpid);
    identity.bdid = static_cast<std::uint32_t>(*bdid);
    identity.security_domain = static_cast<std::uint32_t>(domain.value_or(1));
    identity.unique_build_id = plist.data_at("UniqueBuildID").value_or(base::Bytes{});
    identity.requires_uid_mode = info.boolean_at("RequiresUIDMode").value_or(false);
    identity.requires_nonce_slot = info.boolean_at("RequiresNonceSlot").value_or(false);
    identity.fdr_support = info.boolean_at("FDRSupport").value_or(false);
    identity.recovery_variant = info.string_at("RecoveryVariant").value_or("");
    const auto manifest = plist.at("Manifest");
    if (!manifest.is_dict()) return fail(ErrorCode::FirmwareInvalid, "it has no Manifest");
    if (manifest.size() > kMostComponents) return fail(ErrorCode::FirmwareInvalid, fmt::format("it lists {} components", manifest.size()));
    for (const auto& name : manifest.keys()) {
        UB_TRY(auto component, parse_component(name, manifest.at(name)));
        identity.components.push_back(std::move(component));
    }
    identity.plist = std::move(plist);
    return identity;
}

}  // namespace

base::Result<BuildManifest> parse_build_manifest(base::ByteView bytes, std::string_view name) {
    const auto invalid = [&](std::string why) { return fail(ErrorCode::FirmwareInvalid, fmt::format("{}: {}", name, why)); };
    auto parsed = Plist::parse(bytes, name);
    if (!parsed) return invalid(parsed.error().message());
    BuildManifest manifest;
    manifest.version = parsed->string_at("ProductVersion").value_or("");
    manifest.build = parsed->string_at("ProductBuildVersion").value_or("");
    if (manifest.version.empty() || manifest.build.empty()) return invalid("it names no version and build");
    const auto types = parsed->at("SupportedProductTypes");
    for (std::size_t i = 0; i < types.size() && i < kMostIdentities; ++i)
        if (const auto type = types.item(i).as_string()) manifest.product_types.push_back(*type);
    const auto identities = parsed->at("BuildIdentities");
    if (!identities.is_array() || identities.size() == 0) return invalid("it holds no build identities");
    if (identities.size() > kMostIdentities) return invalid(fmt::format("{} build identities", identities.size()));
    for (std::size_t i = 0; i < identities.size(); ++i) {
        auto identity = parse_identity(identities.item(i));
        if (!identity) return fail(std::move(identity).error().with_context(fmt::format("{}: build identity {}", name, i)));
        manifest.identities.push_back(std::move(*identity));
    }
    return manifest;
}

base::Result<BuildManifest> read_build_manifest(const Archive& archive) {
    if (!archive.find("BuildManifest.plist")) {
        if (archive.find("BuildManifesto.plist"))
            return fail(ErrorCode::FirmwareUnsuitable, "this firmware is of the time before signing (iPhone 3G and older), which unbrick does not restore");
        return fail(ErrorCode::FirmwareInvalid, fmt::format("{}: no BuildManifest.plist in it: this is no firmware", archive.path().filename().string()));
    }
    UB_TRY(const auto bytes, archive.read("BuildManifest.plist", kManifestLimit));
    return parse_build_manifest(bytes, "BuildManifest.plist");
}

base::Result<const BuildIdentity*> choose_identity(const BuildManifest& manifest, const WantedIdentity& wanted) {
    const auto what = fmt::format("iOS {} ({})", manifest.version, manifest.build);
    if (!wanted.product_type.empty() && !manifest.product_types.empty() &&
        std::find(manifest.product_types.begin(), manifest.product_types.end(), wanted.product_type) == manifest.product_types.end())
        return fail(ErrorCode::FirmwareUnsuitable, fmt::format("{} is for {}, not for {}", what, fmt::join(manifest.product_types, ", "), wanted.product_type));
    const auto board = base::to_lower(wanted.board);
    const BuildIdentity* best = nullptr;
    int best_rank = -1;
    bool fits_board = false;
    for (const auto& identity : manifest.identities) {
        if (identity.cpid != wanted.cpid || identity.bdid != wanted.bdid) continue;
        if (!board.empty() && base::to_lower(identity.device_class) != board) continue;
        fits_board = true;
        if (identity.behaviour != wanted.behaviour) continue;
        if (base::contains(identity.variant, "Recovery")) continue;
        const bool research = base::contains(identity.variant, "Research") || base::contains(identity.variant, "Internal");
        const bool named = base::contains(identity.variant, wanted.behaviour == Behaviour::Erase ? "Erase Install (IPSW)" : "Upgrade Install (IPSW)");
        const int rank = (research ? 0 : 8) + (named ? 4 : 0) + (base::starts_with(identity.variant, "Customer") ? 2 : 0);
        if (rank > best_rank) {
            best = &identity;
            best_rank = rank;
        }
    }
    if (best != nullptr) return best;
    if (!fits_board)
        return fail(ErrorCode::FirmwareUnsuitable, fmt::format("{} has nothing for this phone (chip {:04x}, board {:02x}{}{})", what, wanted.cpid, wanted.bdid,
                                                               board.empty() ? "" : ", ", board));
    return fail(ErrorCode::FirmwareUnsuitable, fmt::format("{} cannot {} this phone: it has no such variant", what, wanted.behaviour == Behaviour::Erase ? "erase" : "update"));
}

const BuildIdentity* recovery_identity(const BuildManifest& manifest, const BuildIdentity& main) {
    if (main.recovery_variant.empty()) return nullptr;
    for (const auto& identity : manifest.identities)
        if (identity.cpid == main.cpid && identity.bdid == main.bdid && identity.variant == main.recovery_variant &&
            base::to_lower(identity.device_class) == base::to_lower(main.device_class))
            return &identity;
    return nullptr;
}

std::vector<std::string> missing_files(const Archive& archive, const BuildIdentity& identity) {
    std::vector<std::string> missing;
    for (const auto& component : identity.components)
        if (!component.path.empty() && !archive.find(component.path)) missing.push_back(component.name + " (" + component.path + ")");
    return missing;
}

}  // namespace unbrick::firmware
