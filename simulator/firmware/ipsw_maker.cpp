#include "simulator/firmware/ipsw_maker.h"

#include <fmt/core.h>
#include <zip.h>

#include <cstring>
#include <map>
#include <set>

#include "simulator/image4/image4.h"
#include "src/base/file.h"

namespace unbrick::simulator {

namespace fs = std::filesystem;
using base::Bytes;
using base::ErrorCode;
using base::fail;
using base::Plist;

namespace {

// The system image as a source that libzip reads when it closes the archive: nothing is held.
struct ImageSource {
    std::uint64_t seed = 0, size = 0, at = 0;
    Bytes head;   // replaces the first bytes (AEA header)
    base::Digest digest{base::DigestKind::Sha256};

    static zip_int64_t callback(void* self_pointer, void* data, zip_uint64_t length, zip_source_cmd_t command) {
        auto* self = static_cast<ImageSource*>(self_pointer);
        switch (command) {
            case ZIP_SOURCE_OPEN:
                self->at = 0;
                self->digest = base::Digest(base::DigestKind::Sha256);
                return 0;
            case ZIP_SOURCE_READ: {
                const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(length, self->size - self->at));
                auto* out = static_cast<std::uint8_t*>(data);
                stream_bytes(self->seed, self->at, out, count);
                if (self->at < self->head.size()) {
                    const auto part = std::min<std::size_t>(count, self->head.size() - static_cast<std::size_t>(self->at));
                    std::memcpy(out, self->head.data() + self->at, part);
                }
                self->digest.update({out, count});
                self->at += count;
                return static_cast<zip_int64_t>(count);
            }
            case ZIP_SOURCE_CLOSE: return 0;
            case ZIP_SOURCE_STAT: {
                auto* info = static_cast<zip_stat_t*>(data);
                zip_stat_init(info);
                info->size = self->size;
                info->valid |= ZIP_STAT_SIZE;
                return sizeof(zip_stat_t);
            }
            case ZIP_SOURCE_ERROR: {
                auto* codes = static_cast<int*>(data);
                codes[0] = codes[1] = 0;
                return 2 * sizeof(int);
            }
            case ZIP_SOURCE_FREE: return 0;
            case ZIP_SOURCE_SUPPORTS:
                return zip_source_make_command_bitmap(ZIP_SOURCE_OPEN, ZIP_SOURCE_READ, ZIP_SOURCE_CLOSE, ZIP_SOURCE_STAT,
                                                      ZIP_SOURCE_ERROR, ZIP_SOURCE_FREE, -1);
            default: return -1;
        }
    }
};

class ZipWriter {
public:
    static base::Result<std::unique_ptr<ZipWriter>> create(const fs::path& path) {
        int error = 0;
        zip_t* zip = zip_open(path.c_str(), ZIP_CREATE | ZIP_TRUNCATE, &error);
        if (zip == nullptr) return fail(base::Error(ErrorCode::Io, path.string() + ": cannot be made").with_native("libzip", error));
        std::unique_ptr<ZipWriter> writer(new ZipWriter);
        writer->zip_ = zip;
        return writer;
    }
    ~ZipWriter() { if (zip_ != nullptr) zip_discard(zip_); }

    // `bytes` is kept until close().
    base::Status add(const std::string& name, Bytes bytes, bool deflate = true) {
        if (!names_.insert(name).second) return {};
        contents_.push_back(std::make_unique<Bytes>(std::move(bytes)));
        auto* source = zip_source_buffer(zip_, contents_.back()->data(), contents_.back()->size(), 0);
        return put(name, source, deflate);
    }
    base::Status add_image(const std::string& name, ImageSource& image, bool deflate) {
        return put(name, zip_source_function(zip_, &ImageSource::callback, &image), deflate);
    }
    base::Status close() {
        if (zip_close(zip_) != 0) return fail(ErrorCode::Io, fmt::format("writing the archive: {}", zip_strerror(zip_)));
        zip_ = nullptr;
        return {};
    }

private:
    base::Status put(const std::string& name, zip_source_t* source, bool deflate) {
        if (source == nullptr) return fail(ErrorCode::Io, name + ": no source");
        const auto index = zip_file_add(zip_, name.c_str(), source, ZIP_FL_ENC_UTF_8);
        if (index < 0) {
            zip_source_free(source);
            return fail(ErrorCode::Io, fmt::format("{}: {}", name, zip_strerror(zip_)));
        }
        zip_set_file_compression(zip_, static_cast<zip_uint64_t>(index), deflate ? ZIP_CM_DEFLATE : ZIP_CM_STORE, deflate ? 1 : 0);
        return {};
    }

    zip_t* zip_ = nullptr;
    std::set<std::string> names_;
    std::vector<std::unique_ptr<Bytes>> contents_;
};

Plist condition_rule(const char* condition, bool requires_image4, const char* action) {
    auto conditions = Plist::dict().set(condition, Plist::boolean(true));
    if (requires_image4) conditions.set("ApRequiresImage4", Plist::boolean(true));
    return Plist::dict().set("Actions", Plist::dict().set(action, Plist::boolean(true))).set("Conditions", std::move(conditions));
}

// The usual three rules; the demotion one must not fire, because its parameter is absent (4.3).
Plist request_rules() {
    auto demote = Plist::dict()
                      .set("Actions", Plist::dict().set("EPRO", Plist::boolean(false)))
                      .set("Conditions", Plist::dict().set("ApDemotionPolicyOverride", "Demote").set("ApRawProductionMode", Plist::boolean(true)).set("ApRequiresImage4", Plist::boolean(true)));
    return Plist::array().append(condition_rule("ApRawProductionMode", true, "EPRO")).append(std::move(demote)).append(condition_rule("ApRawSecurityMode", true, "ESEC"));
}

// A baseband package: a zip of the files whose tails a signed blob replaces (6.5.1).
base::Result<Bytes> baseband_package(const Generation& generation, std::uint64_t seed, std::size_t size) {
    UB_TRY(auto folder, base::TemporaryFolder::create("unbrick-bbfw"));
    const auto path = folder.path() / "package.bbfw";
    UB_TRY(auto zip, ZipWriter::create(path));
    std::vector<std::string> files;
    if (base::starts_with(generation.baseband_kind, "ice")) files = {"psi_ram.bin", "restorepsi.bin", "ebl.bin", "SYS_SW.elf"};
    else if (generation.baseband_kind == "mav25") files = {"multi_image.mbn", "restorexbl_sc.elf", "xbl_sc.elf", "signed_firmware_soc_view.elf"};
    else if (generation.baseband_kind == "mav5") files = {"restoresbl1.mbn", "sbl1.mbn", "qdsp6sw.mbn"};
    else files = {"multi_image.mbn", "restoresbl1.mbn", "sbl1.mbn", "qdsp6sw.mbn"};
    for (const auto& file : files) UB_TRY_VOID(zip->add(file, payload_bytes(seed, file, size / files.size()), false));
    UB_TRY_VOID(zip->add("options.plist", payload_bytes(seed, "options", 256)));
    UB_TRY_VOID(zip->close());
    return base::read_file(path);
}

Plist baseband_entry(const Generation& generation, std::uint64_t seed, const std::string& path) {
    auto entry = Plist::dict().set("Info", Plist::dict().set("Path", path));
    const auto digest = [&](const char* name) { entry.set(name, Plist::data(payload_bytes(seed, name, 32))); };
    if (base::starts_with(generation.baseband_kind, "ice")) {
        digest("PSI-PartialDigest"), digest("RestorePSI-PartialDigest"), digest("EBL-Digest"), digest("SYS_SW-Digest");
    } else {
        if (generation.baseband_kind != "mav5") digest("Misc-Digest");
        digest("RestoreSBL1-PartialDigest"), digest("SBL1-PartialDigest");
    }
    return entry;
}

Bytes file_bytes(const Component& component, std::uint64_t seed, const RamdiskNote& note) {
    // Components that share a file (KernelCache and RestoreKernelCache) share its bytes: the path names them.
    auto payload = payload_bytes(seed, component.path, component.size);
    if (component.name == "RestoreRamDisk") {
        const auto text = note.to_text();
        std::copy(text.begin(), text.end(), payload.begin());
    }
    if (component.packing == Packing::Raw) {
        if (base::ends_with(component.path, ".plist"))
            return Plist::dict().set("Firmware", Plist::data(payload)).to_binary();
        return payload;
    }
    return make_im4p(component.file_fourcc, "made-up build", payload);
}

Plist common_identity(const Generation& generation, const std::string& version, std::uint64_t seed, std::string_view behaviour) {
    auto identity = Plist::dict();
    identity.set("ApBoardID", fmt::format("0x{:02X}", generation.bdid));
    identity.set("ApChipID", fmt::format("0x{:04X}", generation.cpid));
    identity.set("ApSecurityDomain", "0x01");
    identity.set("BbChipID", fmt::format("0x{:08X}", generation.baseband_chip));
    identity.set("BbActivationManifestKeyHash", Plist::data(payload_bytes(seed, "bb-activation", 32)));
    identity.set("BbProvisioningManifestKeyHash", Plist::data(payload_bytes(seed, "bb-provisioning", 32)));
    identity.set("BbFDRSecurityKeyHash", Plist::data(payload_bytes(seed, "bb-fdr", 32)));
    identity.set("UniqueBuildID", Plist::data(payload_bytes(seed, fmt::format("build-{}", behaviour), 20)));
    identity.set("SE,ChipID", "0xD2");
    identity.set("Savage,ChipID", "0x01");
    identity.set("Savage,PatchEpoch", "0x00");
    if (generation.host_lists) identity.set("ProductMarketingVersion", version);
    if (generation.aea) {
        identity.set("Ap,OSLongVersion", version + ".0.0.0,0").set("Ap,ProductType", generation.product_type);
        identity.set("Ap,SDKPlatform", "iphoneos").set("Ap,Target", base::to_upper(generation.board)).set("Ap,TargetType", std::string(generation.board.substr(0, generation.board.size() - 2)));
        identity.set("BMU,BoardID", Plist::integer(0x1864)).set("BMU,ChipID", Plist::integer(0xE101));
        identity.set("Rap,BoardID", Plist::integer(520)).set("Rap,ChipID", Plist::integer(8198)).set("Rap,SecurityDomain", Plist::integer(1));
        identity.set("Cryptex1,ChipID", "0xFF10").set("Cryptex1,Type", Plist::integer(1)).set("Cryptex1,SubType", Plist::integer(1));
        identity.set("Cryptex1,ProductClass", "0xF2").set("Cryptex1,NonceDomain", Plist::integer(1)).set("Cryptex1,Version", version + ".0.0.0,0");
    }
    return identity;
}

Plist identity_info(const Generation& generation, const std::string& build, std::string_view behaviour, std::uint64_t image_bytes) {
    auto info = Plist::dict();
    info.set("BuildNumber", build).set("BuildTrain", "MadeUp").set("DeviceClass", std::string(generation.board));
    info.set("FDRSupport", Plist::boolean(generation.cpid >= 0x8015));
    info.set("MinimumSystemPartition", Plist::integer(image_bytes / (1u << 20) + 64));
    info.set("RestoreBehavior", std::string(behaviour));
    auto padding = Plist::dict();
    for (const auto& [size, mib] : {std::pair{"8", 80}, {"16", 160}, {"32", 320}, {"64", 640}, {"128", 1280}, {"256", 1280}, {"512", 1280}, {"768", 1280}, {"1024", 1280}})
        padding.set(size, Plist::integer(static_cast<std::uint64_t>(mib)));
    info.set("SystemPartitionPadding", std::move(padding));
    info.set("Variant", behaviour == "Erase" ? "Customer Erase Install (IPSW)" : behaviour == "Update" ? "Customer Upgrade Install (IPSW)" : "Recovery Customer Install");
    if (generation.nonce_slots) {
        info.set("RequiresNonceSlot", Plist::boolean(true)).set("RequiresUIDMode", Plist::boolean(true));
        if (behaviour != "Recovery") info.set("RecoveryVariant", "Recovery Customer Install");
    }
    return info;
}

Plist component_entry(const Generation& generation, const Component& component, const Bytes& file) {
    auto info = Plist::dict();
    if (component.packing != Packing::None) info.set("Path", component.path);
    if (component.firmware_payload) info.set("IsFirmwarePayload", Plist::boolean(true));
    if (component.secondary_payload) info.set("IsSecondaryFirmwarePayload", Plist::boolean(true));
    if (component.fud) info.set("IsFUDFirmware", Plist::boolean(true));
    if (component.loaded_by_iboot) info.set("IsLoadedByiBoot", Plist::boolean(true));
    if (component.packing == Packing::Im4p && component.file_fourcc != component.sent_fourcc) info.set("Img4PayloadType", component.sent_fourcc);
    if (component.name == "SEP") info.set("RequiredCapacity", "0xE400000");
    if (component.in_ticket) info.set("RestoreRequestRules", request_rules());
    auto entry = Plist::dict();
    if (component.packing != Packing::None) {
        const auto signed_bytes = component.packing == Packing::Im4p ? retagged_im4p(file, component.sent_fourcc) : file;
        const auto kind = component.packing == Packing::Raw ? base::DigestKind::Sha256 : component_digest(generation);
        entry.set("Digest", Plist::data(base::digest_of(kind, signed_bytes)));
    }
    if (component.in_ticket) entry.set("Trusted", Plist::boolean(component.trusted));
    if (component.name == "BMU,FirmwareMap") entry.set("BMU,DevelopmentDigest", Plist::data(Bytes(4, 1)));
    entry.set("Info", std::move(info));
    return entry;
}

// AEA header: magic, profile, auth data with the key's address (restore-protocol.md 3.6).
Bytes aea_head(const std::string& key_url) {
    const auto record = [](std::string_view key, std::string_view value) {
        std::string body(key);
        body.push_back('\0');
        body += value;
        const auto length = static_cast<std::uint32_t>(body.size() + 4);
        Bytes bytes(4);
        for (int i = 0; i < 4; ++i) bytes[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(length >> (8 * i));
        bytes.insert(bytes.end(), body.begin(), body.end());
        return bytes;
    };
    Bytes auth = record("com.apple.wkms.fcs-key-url", key_url);
    const auto response = record("com.apple.wkms.fcs-response", R"({"enc-request":"AAAA","wrapped-key":"AAAA"})");
    auth.insert(auth.end(), response.begin(), response.end());
    Bytes head{'A', 'E', 'A', '1', 1, 0, 0, 0};
    for (int i = 0; i < 4; ++i) head.push_back(static_cast<std::uint8_t>(auth.size() >> (8 * i)));
    head.insert(head.end(), auth.begin(), auth.end());
    return head;
}

// The identities of a real manifest with the digests of contents that we make for its paths.
base::Result<Plist> from_template(const IpswOrder& order, std::map<std::string, std::pair<Component, RamdiskNote>>& files) {
    UB_TRY(const auto bytes, base::read_file(order.manifest_template));
    UB_TRY(auto manifest, Plist::parse(bytes, order.manifest_template.string()));
    const auto fourccs = fourcc_table();
    auto identities = Plist::array();
    const auto old = manifest.at("BuildIdentities");
    for (std::size_t i = 0; i < old.size(); ++i) {
        auto identity = old.item(i);
        auto entries = identity.at("Manifest");
        const RamdiskNote note{identity.at("Info").string_at("RestoreBehavior").value_or("Erase"), manifest.string_at("ProductVersion").value_or("0"),
                               manifest.string_at("ProductBuildVersion").value_or("0")};
        auto fresh = Plist::dict();
        for (const auto& name : entries.keys()) {
            auto entry = entries.at(name);
            const auto path = entry.at("Info").string_at("Path");
            if (!path || name == "OS" || name == "BasebandFirmware") {
                fresh.set(name, std::move(entry));
                if (path && name == "BasebandFirmware") {
                    Component component;
                    component.name = name, component.path = *path, component.size = 40 << 10, component.packing = Packing::Raw;
                    files.emplace(*path, std::pair{component, note});
                }
                continue;
            }
            Component component;
            component.name = name, component.path = *path, component.size = 8 << 10;
            const auto plain = name.rfind("Restore", 0) == 0 && fourccs.string_at(name.substr(7)) ? name.substr(7) : name;
            const auto digest = entry.data_at("Digest");
            const bool image4 = base::ends_with(*path, ".im4p") || base::starts_with(*path, "kernelcache") || base::ends_with(*path, ".dmg") ||
                                base::ends_with(*path, ".trustcache") || base::ends_with(*path, ".root_hash") || base::ends_with(*path, ".mtree");
            component.packing = image4 ? Packing::Im4p : Packing::Raw;
            component.file_fourcc = fourccs.string_at(plain).value_or("xxxx");
            component.sent_fourcc = entry.at("Info").string_at("Img4PayloadType").value_or(fourccs.string_at(name).value_or(component.file_fourcc));
            const auto& [kept, kept_note] = files.emplace(*path, std::pair{component, note}).first->second;
            if (digest) {
                auto file = file_bytes(kept, order.seed, kept_note);
                const auto kind = digest->size() == 20 ? base::DigestKind::Sha1 : digest->size() == 32 ? base::DigestKind::Sha256 : base::DigestKind::Sha384;
                entry.set("Digest", Plist::data(base::digest_of(kind, kept.packing == Packing::Im4p ? retagged_im4p(file, component.sent_fourcc) : file)));
            }
            fresh.set(name, std::move(entry));
        }
        identity.set("Manifest", std::move(fresh));
        identities.append(std::move(identity));
    }
    manifest.set("BuildIdentities", std::move(identities));
    return manifest;
}

}  // namespace

base::Result<MadeIpsw> make_ipsw(const IpswOrder& order, const fs::path& path) {
    const auto& generation = *order.generation;
    const std::string version = order.version.empty() ? std::string(generation.version) : order.version;
    const std::string build = order.build.empty() ? std::string(generation.build) : order.build;
    UB_TRY(auto zip, ZipWriter::create(path));
    ImageSource image;
    image.seed = order.seed * 0x10001 + 0xD15C;
    image.size = order.image_bytes;
    std::string image_path = generation.aea ? "078-10001-001.dmg.aea" : "078-10001-001.dmg";
    if (generation.aea) image.head = aea_head(order.key_url.empty() ? "https://wkms-public.apple.com/fcs-keys/made-up" : order.key_url);

    Plist manifest;
    if (!order.manifest_template.empty()) {
        std::map<std::string, std::pair<Component, RamdiskNote>> files;
        UB_TRY(manifest, from_template(order, files));
        image_path = manifest.at("BuildIdentities").item(0).at_path({"Manifest", "OS", "Info"}).string_at("Path").value_or(image_path);
        for (const auto& [file, kept] : files) {
            const auto& [component, note] = kept;
            if (component.name == "BasebandFirmware") {
                UB_TRY(auto package, baseband_package(generation, order.seed, component.size));
                UB_TRY_VOID(zip->add(file, std::move(package), false));
            } else if (file != image_path) {
                UB_TRY_VOID(zip->add(file, file_bytes(component, order.seed, note)));
            }
        }
    } else {
        auto identities = Plist::array();
        std::vector<std::string_view> behaviours{"Erase", "Update"};
        if (generation.nonce_slots) behaviours.push_back("Recovery");
        for (const auto behaviour : behaviours) {
            const RamdiskNote note{std::string(behaviour), version, build};
            auto entries = Plist::dict();
            for (const auto& component : components_of(generation, order.real_sizes, behaviour)) {
                if (component.name == "BasebandFirmware") {
                    UB_TRY(auto package, baseband_package(generation, order.seed, component.size));
                    entries.set(component.name, baseband_entry(generation, order.seed, component.path));
                    UB_TRY_VOID(zip->add(component.path, std::move(package), false));
                    continue;
                }
                Bytes file = component.packing == Packing::None ? Bytes() : file_bytes(component, order.seed, note);
                entries.set(component.name, component_entry(generation, component, file));
                if (component.packing != Packing::None) UB_TRY_VOID(zip->add(component.path, std::move(file)));
            }
            entries.set("OS", Plist::dict()
                                  .set("Digest", Plist::data(payload_bytes(order.seed, "OS-digest", generation.sha384 ? 48 : 20)))
                                  .set("Trusted", Plist::boolean(true))
                                  .set("Info", Plist::dict().set("Path", image_path).set("HashMethod", "sha2-384").set("Personalize", Plist::boolean(false))));
            auto identity = common_identity(generation, version, order.seed, behaviour);
            identity.set("Info", identity_info(generation, build, behaviour, order.image_bytes));
            identity.set("Manifest", std::move(entries));
            identities.append(std::move(identity));
        }
        manifest = Plist::dict();
        manifest.set("ManifestVersion", Plist::integer(0)).set("ProductBuildVersion", build).set("ProductVersion", version);
        manifest.set("SupportedProductTypes", Plist::array().append(Plist::string(generation.product_type)));
        manifest.set("BuildIdentities", std::move(identities));
    }
    const auto xml = manifest.to_xml();
    UB_TRY_VOID(zip->add("BuildManifest.plist", Bytes(xml.begin(), xml.end())));
    const auto product_types = manifest.at("SupportedProductTypes");
    const auto restore = Plist::dict().set("ProductVersion", version).set("ProductBuildVersion", build).set("SupportedProductTypes", product_types).to_xml();
    UB_TRY_VOID(zip->add("Restore.plist", Bytes(restore.begin(), restore.end())));
    const auto versions = Plist::dict().set("ProductVersion", version).set("ProductBuildVersion", build).set("RestoreVersion", "1.0").to_xml();
    UB_TRY_VOID(zip->add("SystemVersion.plist", Bytes(versions.begin(), versions.end())));
    UB_TRY_VOID(zip->add("RestoreVersion.plist", Bytes(versions.begin(), versions.end())));
    UB_TRY_VOID(zip->add_image(image_path, image, order.deflate_image));
    UB_TRY_VOID(zip->close());
    return MadeIpsw{path, image.digest.finish(), order.image_bytes};
}

}  // namespace unbrick::simulator
