#include "simulator/restore/boot_chain.h"

#include <fmt/core.h>

namespace unbrick::simulator {

namespace {
// After `ramdisk` the phone unpacks for a while and signals nothing; hosts pause 2.0 to 3.0 s
// (real-restore.md 2.1, virtual-phone.md 4). What comes earlier finds it busy.
constexpr double kRamdiskSettle = 1.5;
}  // namespace

void BootChain::restart(BootStage stage) {
    stage_ = stage;
    upload_.clear();
    loaded_.clear();
    ramdisk_.reset();
    ramdisk_at_ = -1;
}

std::vector<std::string> BootChain::take_violations() { return std::exchange(violations_, {}); }

BootAnswer BootChain::refuse(std::string reason) { return {BootAction::FallBack, std::move(reason)}; }

base::Result<CheckedImage> BootChain::take_upload() {
    auto bytes = std::exchange(upload_, {});
    if (bytes.empty()) return base::fail(base::ErrorCode::Protocol, "nothing was uploaded before this command");
    return check_image(bytes, trust_);
}

BootAnswer BootChain::dfu_image(base::ByteView bytes) {
    const auto image = check_image(bytes, trust_);
    if (!image) return refuse(image.error().to_string());
    if (image->fourcc == "ibss" && stage_ == BootStage::SecureRom) {
        restart(BootStage::Ibss);
        return {BootAction::StartIbss, {}};
    }
    if (image->fourcc == "ibec" && stage_ == BootStage::Ibss) {
        restart(BootStage::Ibec);
        return {BootAction::StartIbec, {}};
    }
    return refuse(fmt::format("'{}' is not what this stage starts", image->fourcc));
}

void BootChain::upload(base::Bytes image, double phone_time) {
    if (ramdisk_at_ >= 0 && phone_time - ramdisk_at_ < kRamdiskSettle) {
        violations_.push_back(fmt::format("settle time after 'ramdisk' ignored ({:.1f} s of phone time)", phone_time - ramdisk_at_));
        loaded_.erase("rdsk");   // half unpacked: the kernel will not find it
    }
    ramdisk_at_ = -1;
    upload_ = std::move(image);
}

BootAnswer BootChain::command(std::string_view name, double phone_time) {
    if (name == "go") {
        const auto image = take_upload();
        if (!image) return refuse("go: " + image.error().to_string());
        if (image->fourcc != "ibec" || (stage_ != BootStage::IbootRecovery && stage_ != BootStage::Ibss && stage_ != BootStage::Ibec))
            return refuse(fmt::format("go: '{}' is not an iBEC", image->fourcc));
        restart(BootStage::Ibec);
        return {BootAction::StartIbec, {}};
    }
    const auto load = [&](std::initializer_list<std::string_view> allowed) -> BootAnswer {
        if (stage_ != BootStage::Ibec) return refuse(fmt::format("{}: only a started iBEC loads restore images", name));
        const auto image = take_upload();
        if (!image) return refuse(fmt::format("{}: {}", name, image.error().to_string()));
        if (allowed.size() > 0 && std::find(allowed.begin(), allowed.end(), image->fourcc) == allowed.end())
            return refuse(fmt::format("{}: '{}' is of another type", name, image->fourcc));
        loaded_.insert(image->fourcc);
        if (image->fourcc == "rdsk") ramdisk_ = RamdiskNote::parse(image->payload);
        return {};
    };
    if (name == "setpicture") {
        if (upload_.empty()) return {};
        return load({"rlgo", "logo"});
    }
    if (name == "firmware") return load({});
    if (name == "devicetree") return load({"rdtr"});
    if (name == "rsepfirmware") return load({"rsep"});
    if (name == "ramdisk") {
        const auto answer = load({"rdsk"});
        if (answer.action == BootAction::Stay) ramdisk_at_ = phone_time;
        return answer;
    }
    if (name == "bootx") {
        const auto loaded = load({"rkrn"});
        if (loaded.action == BootAction::FallBack) return loaded;
        std::vector<std::string_view> needed{"rdsk", "rdtr"};
        // idevicerestore 1.0.0 restored phones of iOS 13 and older without RestoreSEP (restore-protocol.md 10.1).
        if (generation_.host_lists) needed.push_back("rsep");
        if (generation_.trust_cache && generation_.host_lists) needed.push_back("rtsc");
        if (generation_.page_table_monitor) needed.insert(needed.end(), {"rspt", "rtrx"});
        for (const auto fourcc : needed)
            if (!loaded_.contains(std::string(fourcc))) return refuse(fmt::format("the kernel panics at once: '{}' was not loaded", fourcc));
        if (!ramdisk_) return refuse("the kernel panics at once: the ramdisk is none");
        return {BootAction::BootRestore, {}};
    }
    return {};
}

}  // namespace unbrick::simulator
