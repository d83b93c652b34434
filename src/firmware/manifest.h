// BuildManifest.plist: what a firmware is for and what it is made of (restore-protocol.md 3).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/plist.h"
#include "src/base/result.h"
#include "src/firmware/archive.h"

namespace unbrick::firmware {

enum class Behaviour { Erase, Update };
std::string_view to_string(Behaviour behaviour);   // "Erase", "Update", as manifests write it

// One entry of an identity's Manifest.
struct Component {
    std::string name;
    std::string path;                         // empty: it has none (ftap and its like)
    std::optional<base::Bytes> digest;
    std::string hash_method;                  // Info.HashMethod, "sha2-384" ...
    std::string payload_type;                 // Info.Img4PayloadType, four characters or empty
    bool trusted = false;
    bool has_info = false, has_rules = false;
    bool loaded_by_iboot = false, loaded_by_iboot_stage1 = false;
    bool firmware_payload = false, secondary_firmware_payload = false;
    bool fud = false, early_access = false, iboot_ean = false, iboot_non_essential = false;
    bool ftab = false;
    base::Plist entry;                        // the whole of it

    bool flag(std::string_view info_key) const;   // Info.<key>, a boolean
};

struct BuildIdentity {
    std::string device_class;                 // "d421ap"
    std::string variant;                      // "Customer Erase Install (IPSW)"
    std::optional<Behaviour> behaviour;
    std::uint32_t cpid = 0, bdid = 0, security_domain = 1;
    base::Bytes unique_build_id;
    bool requires_uid_mode = false, requires_nonce_slot = false, fdr_support = false;
    std::string recovery_variant;             // of the identity that describes the recovery OS; empty: none
    std::vector<Component> components;        // in manifest order
    base::Plist plist;                        // the whole identity
    const Component* find(std::string_view name) const;
};

struct BuildManifest {
    std::string version, build;               // "18.3", "22D64"
    std::vector<std::string> product_types;
    std::vector<BuildIdentity> identities;
    int build_major() const;                  // 22 of "22D64"; 0 when it has none
};

// Leading digits of a build number.
int build_major_of(std::string_view build);
// Negative, zero or positive as `a` is older than, the same as or newer than `b`: "18.3" and "17.6.1", by number.
int compare_versions(std::string_view a, std::string_view b);

// Errors: FirmwareInvalid, naming what is missing or of a wrong type.
base::Result<BuildManifest> parse_build_manifest(base::ByteView bytes, std::string_view name);
// BuildManifest.plist of an archive. An archive with BuildManifesto.plist only is of the time before signing: FirmwareUnsuitable.
base::Result<BuildManifest> read_build_manifest(const Archive& archive);

struct WantedIdentity {
    std::uint32_t cpid = 0, bdid = 0;
    std::string board;                        // empty: not known; compared without case
    std::string product_type;                 // empty: not known
    Behaviour behaviour = Behaviour::Update;
};
// Chip and board decide, then the device class, the behaviour, and a variant for customers (3.5). An update never
// falls back to an identity of another behaviour: it would erase. Errors: FirmwareUnsuitable, saying for what it is.
base::Result<const BuildIdentity*> choose_identity(const BuildManifest& manifest, const WantedIdentity& wanted);
// The identity of the recovery OS that `main` names, or null.
const BuildIdentity* recovery_identity(const BuildManifest& manifest, const BuildIdentity& main);

// Components whose file the archive lacks. A firmware with any of them is not started.
std::vector<std::string> missing_files(const Archive& archive, const BuildIdentity& identity);

}  // namespace unbrick::firmware
