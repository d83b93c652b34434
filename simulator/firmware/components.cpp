#include "simulator/firmware/components.h"

#include <fmt/core.h>

#include <cstring>

namespace unbrick::simulator {

namespace {

constexpr std::size_t kKiB = 1024;
constexpr std::size_t kMiB = 1024 * kKiB;

std::uint64_t mixed(std::uint64_t value) {  // splitmix64's finaliser: any counter becomes noise
    value += 0x9E3779B97F4A7C15ull;
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9ull;
    value = (value ^ (value >> 27)) * 0x94D049BB133111EBull;
    return value ^ (value >> 31);
}

std::uint64_t name_hash(std::string_view name) {
    std::uint64_t hash = 0xCBF29CE484222325ull;  // FNV-1a
    for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3ull;
    return hash;
}

Component firmware(std::string name, std::string fourcc, std::string path, std::size_t size) {
    Component made;
    made.name = std::move(name);
    made.file_fourcc = fourcc;
    made.sent_fourcc = std::move(fourcc);
    made.path = std::move(path);
    made.size = size;
    return made;
}

Component in_nor(std::string name, std::string fourcc, std::string path, std::size_t size) {
    auto made = firmware(std::move(name), std::move(fourcc), std::move(path), size);
    made.firmware_payload = true;
    return made;
}

Component by_iboot(std::string name, std::string file_fourcc, std::string sent_fourcc, std::string path, std::size_t size) {
    auto made = firmware(std::move(name), std::move(file_fourcc), std::move(path), size);
    made.sent_fourcc = std::move(sent_fourcc);
    made.loaded_by_iboot = true;
    made.fud = made.file_fourcc == made.sent_fourcc;
    return made;
}

Component peripheral(std::string name, std::string path, std::size_t size) {
    auto made = firmware(std::move(name), "", std::move(path), size);
    made.packing = Packing::Raw;
    made.trusted = false;
    made.in_ticket = false;
    return made;
}

}  // namespace

void stream_bytes(std::uint64_t seed, std::uint64_t offset, std::uint8_t* out, std::size_t count) {
    while (count > 0) {
        const std::uint64_t word = mixed(seed + offset / 8);
        const std::size_t within = offset % 8;
        const std::size_t part = std::min<std::size_t>(8 - within, count);
        std::memcpy(out, reinterpret_cast<const std::uint8_t*>(&word) + within, part);
        out += part;
        offset += part;
        count -= part;
    }
}

base::Bytes payload_bytes(std::uint64_t seed, std::string_view name, std::size_t size) {
    base::Bytes bytes(size);
    stream_bytes(mixed(seed ^ name_hash(name)), 0, bytes.data(), size);
    return bytes;
}

std::string RamdiskNote::to_text() const { return fmt::format("RAMDISK {} {} {}\n", behaviour, version, build); }

std::optional<RamdiskNote> RamdiskNote::parse(base::ByteView payload) {
    const auto text = base::as_text(payload.first(std::min<std::size_t>(payload.size(), 256)));
    const auto line = text.substr(0, text.find('\n'));
    const auto words = base::split(line, ' ');
    if (words.size() != 4 || words[0] != "RAMDISK") return std::nullopt;
    return RamdiskNote{std::string(words[1]), std::string(words[2]), std::string(words[3])};
}

std::vector<Component> components_of(const Generation& generation, bool real_sizes, std::string_view behaviour) {
    const std::string board(generation.board);
    const std::string family = board.substr(0, board.size() - 2);   // "d221ap" -> "d221"
    const auto sized = [&](std::size_t real, std::size_t small) { return real_sizes ? real : small; };
    const std::string flash = "Firmware/all_flash/";
    std::vector<Component> all;
    const auto add = [&](Component component) { all.push_back(std::move(component)); };

    add(firmware("iBSS", "ibss", "Firmware/dfu/iBSS." + family + ".RELEASE.im4p", sized(1200 * kKiB, 24 * kKiB)));
    add(firmware("iBEC", "ibec", "Firmware/dfu/iBEC." + family + ".RELEASE.im4p", sized(1200 * kKiB, 24 * kKiB)));
    add(in_nor("LLB", "illb", flash + "LLB." + family + ".RELEASE.im4p", sized(1200 * kKiB, 16 * kKiB)));
    add(in_nor("iBoot", "ibot", flash + "iBoot." + family + ".RELEASE.im4p", sized(1200 * kKiB, 16 * kKiB)));
    add(in_nor("DeviceTree", "dtre", flash + "DeviceTree." + board + ".im4p", sized(200 * kKiB, 8 * kKiB)));
    add(in_nor("AppleLogo", "logo", flash + "applelogo@2x~iphone.im4p", 4 * kKiB));
    add(in_nor("RecoveryMode", "recm", flash + "recoverymode@2x~iphone.im4p", 8 * kKiB));
    add(in_nor("BatteryCharging0", "chg0", flash + "batterycharging0@2x~iphone.im4p", 2 * kKiB));
    add(in_nor("BatteryCharging1", "chg1", flash + "batterycharging1@2x~iphone.im4p", 2 * kKiB));
    add(in_nor("BatteryFull", "batF", flash + "batteryfull@2x~iphone.im4p", 2 * kKiB));
    add(in_nor("BatteryLow0", "bat0", flash + "batterylow0@2x~iphone.im4p", 2 * kKiB));
    add(in_nor("BatteryLow1", "bat1", flash + "batterylow1@2x~iphone.im4p", 2 * kKiB));
    add(in_nor("BatteryPlugin", "glyP", flash + "glyphplugin@2x~iphone.im4p", 2 * kKiB));

    auto sep = firmware("SEP", "sepi", flash + "sep-firmware." + family + ".RELEASE.im4p", sized(4 * kMiB, 16 * kKiB));
    sep.secondary_payload = true;
    add(sep);
    auto restore_sep = sep;
    restore_sep.name = "RestoreSEP", restore_sep.sent_fourcc = "rsep";
    add(restore_sep);

    const auto kernel = firmware("KernelCache", "krnl", "kernelcache.release." + family, sized(20 * kMiB, 64 * kKiB));
    add(kernel);
    auto restore_kernel = kernel;
    restore_kernel.name = "RestoreKernelCache", restore_kernel.sent_fourcc = "rkrn";
    add(restore_kernel);
    auto restore_tree = all[4];
    restore_tree.name = "RestoreDeviceTree", restore_tree.sent_fourcc = "rdtr", restore_tree.firmware_payload = false;
    add(restore_tree);
    auto restore_logo = all[5];
    restore_logo.name = "RestoreLogo", restore_logo.sent_fourcc = "rlgo", restore_logo.firmware_payload = false;
    add(restore_logo);
    // Erase and update builds boot different ramdisks.
    const std::string ramdisk = behaviour == "Update" ? "078-10005-001.dmg" : behaviour == "Recovery" ? "078-10006-001.dmg" : "078-10002-001.dmg";
    add(firmware("RestoreRamDisk", "rdsk", ramdisk, sized(100 * kMiB, 96 * kKiB)));

    if (generation.trust_cache) {
        add(by_iboot("RestoreTrustCache", "trst", "rtsc", "Firmware/" + ramdisk + ".trustcache", 4 * kKiB));
        auto static_cache = firmware("StaticTrustCache", "trst", "Firmware/078-10001-001.dmg.trustcache", 8 * kKiB);
        static_cache.fud = true;
        add(static_cache);
    }
    if (generation.iboot_images) {
        add(by_iboot("ANE", "anef", "anef", "Firmware/ane/ane." + family + ".im4p", sized(2 * kMiB, 6 * kKiB)));
        add(by_iboot("AOP", "aopf", "aopf", "Firmware/AOP/aop." + family + ".im4p", sized(2 * kMiB, 6 * kKiB)));
        add(by_iboot("AVE", "avef", "avef", "Firmware/ave/ave." + family + ".im4p", sized(1 * kMiB, 6 * kKiB)));
        add(by_iboot("GFX", "gfxf", "gfxf", "Firmware/agx/gfx." + family + ".im4p", sized(1 * kMiB, 6 * kKiB)));
        add(by_iboot("ISP", "ispf", "ispf", "Firmware/isp/isp." + family + ".im4p", sized(8 * kMiB, 6 * kKiB)));
        add(by_iboot("SIO", "siof", "siof", "Firmware/SmartIO." + family + ".im4p", 6 * kKiB));
        auto dcp = firmware("DCP", "dcpf", "Firmware/dcp/dcp." + family + ".im4p", sized(4 * kMiB, 8 * kKiB));
        add(dcp);
        add(by_iboot("RestoreDCP", "dcpf", "rdcp", dcp.path, dcp.size));
    }
    if (generation.page_table_monitor) {
        add(by_iboot("Ap,RestoreSecurePageTableMonitor", "sptm", "rspt", "Firmware/sptm." + family + ".im4p", 8 * kKiB));
        add(by_iboot("Ap,RestoreTrustedExecutionMonitor", "trxm", "rtrx", "Firmware/txm." + family + ".im4p", 8 * kKiB));
    }
    if (generation.sealed_volume) {
        auto root_hash = firmware("SystemVolume", "isys", "Firmware/078-10001-001.dmg.root_hash", 2 * kKiB);
        root_hash.fud = true;
        add(root_hash);
        auto metadata = firmware("Ap,SystemVolumeCanonicalMetadata", "msys", "Firmware/078-10001-001.dmg.mtree", sized(8 * kMiB, 16 * kKiB));
        metadata.fud = true;
        add(metadata);
    }
    if (generation.cryptex) {
        auto system = peripheral("Cryptex1,SystemOS", "078-10003-001.dmg.aea", sized(64 * kMiB, 48 * kKiB));
        add(system);
        add(peripheral("Cryptex1,AppOS", "078-10004-001.dmg.aea", sized(14 * kMiB, 24 * kKiB)));
    }
    auto touch = firmware("Multitouch", "mtfw", "Firmware/" + family + "_Multitouch.im4p", 8 * kKiB);
    touch.fud = true, touch.trusted = false;
    add(touch);

    for (const auto updater : generation.updaters) {
        if (updater == "SE") add(peripheral("SE,UpdatePayload", "Firmware/SE/Stockholm.RELEASE.sefw", sized(900 * kKiB, 8 * kKiB)));
        if (updater == "Savage") {
            add(peripheral("Savage,B0-Prod-Patch", "Firmware/Savage/Savage.B0-Prod.fw", 4 * kKiB));
            add(peripheral("Savage,B2-Prod-Patch", "Firmware/Savage/Savage.B2-Prod.fw", 4 * kKiB));
        }
        if (updater == "Rose") add(peripheral("Rap,RTKitOS", "Firmware/Rose/ftab.bin", 16 * kKiB));
        if (updater == "T200") {
            add(peripheral("BMU,FirmwareMap", "Firmware/Veridian/FirmwareMap.plist", 2 * kKiB));
            add(peripheral("BMU,DigestMap", "Firmware/Veridian/DigestMap.der", 2 * kKiB));
        }
    }
    auto baseband = peripheral("BasebandFirmware", "Firmware/Baseband.Release.bbfw", sized(80 * kMiB, 40 * kKiB));
    add(baseband);

    for (const auto* name : {"ftap", "ftsp", "rfta", "rfts"}) {
        Component table;
        table.name = name, table.file_fourcc = name, table.sent_fourcc = name, table.packing = Packing::None;
        add(table);
    }
    return all;
}

base::Plist fourcc_table() {
    // restore-protocol.md 5.3, the names that builds of these generations use.
    static constexpr std::pair<const char*, const char*> kRows[] = {
        {"ANE", "anef"}, {"ANS", "ansf"}, {"AOP", "aopf"}, {"AVE", "avef"}, {"AppleLogo", "logo"}, {"AudioCodecFirmware", "acfw"},
        {"BatteryCharging", "glyC"}, {"BatteryCharging0", "chg0"}, {"BatteryCharging1", "chg1"}, {"BatteryFull", "batF"},
        {"BatteryLow0", "bat0"}, {"BatteryLow1", "bat1"}, {"BatteryPlugin", "glyP"}, {"DCP", "dcpf"}, {"DeviceTree", "dtre"},
        {"GFX", "gfxf"}, {"ISP", "ispf"}, {"KernelCache", "krnl"}, {"LLB", "illb"}, {"LeapHaptics", "lphp"}, {"Liquid", "liqd"},
        {"LowPowerWallet0", "lpw0"}, {"LowPowerWallet1", "lpw1"}, {"LowPowerWallet2", "lpw2"}, {"MtpFirmware", "mtpf"},
        {"Multitouch", "mtfw"}, {"NeedService", "nsrv"}, {"PMP", "pmpf"}, {"RecoveryMode", "recm"}, {"RestoreANS", "rans"},
        {"RestoreDCP", "rdcp"}, {"RestoreDeviceTree", "rdtr"}, {"RestoreKernelCache", "rkrn"}, {"RestoreLogo", "rlgo"},
        {"RestoreRamDisk", "rdsk"}, {"RestoreSEP", "rsep"}, {"RestoreTrustCache", "rtsc"}, {"SEP", "sepi"}, {"SIO", "siof"},
        {"StaticTrustCache", "trst"}, {"SystemVolume", "isys"}, {"Ap,SystemVolumeCanonicalMetadata", "msys"},
        {"Ap,HapticAssets", "hpas"}, {"Ap,RestoreSecurePageTableMonitor", "rspt"}, {"Ap,RestoreTrustedExecutionMonitor", "rtrx"},
        {"Ap,SecurePageTableMonitor", "sptm"}, {"Ap,TrustedExecutionMonitor", "trxm"}, {"Ap,LocalPolicy", "lpol"}, {"iBEC", "ibec"}, {"iBSS", "ibss"},
        {"iBoot", "ibot"}, {"iBootData", "ibdt"}, {"OS", "OS\0\0"}};
    auto table = base::Plist::dict();
    for (const auto& [name, fourcc] : kRows)
        if (std::strlen(fourcc) == 4) table.set(name, fourcc);
    return table;
}

}  // namespace unbrick::simulator
