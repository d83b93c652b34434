#include "recovery/restore/boot_chain.h"

#include <fmt/core.h>

#include "src/device/links/dfu_link.h"
#include "src/device/links/kis_link.h"
#include "src/device/links/recovery_link.h"
#include "src/device/links/settle.h"

namespace unbrick::recovery::restore {

using base::ErrorCode;
using base::fail;
using device::Mode;

namespace {

constexpr std::chrono::seconds kCommandTime{10};
// Opening right after enumeration: libirecovery gives recovery 20 tries of 4 s (restore-protocol.md 1.7).
constexpr std::chrono::duration<double> kOpenTime{40.0};

base::Deadline command_deadline() { return base::Deadline::after(kCommandTime); }

bool reachable(const device::Phone& phone) { return phone.usb.has_value(); }

}  // namespace

device::UploadSource upload_of(std::shared_ptr<firmware::MemberReader> reader) {
    device::UploadSource source;
    source.size = reader->size();
    source.read = [reader = std::move(reader), at = std::uint64_t{0}](std::span<std::uint8_t> into) mutable -> base::Status {
        UB_TRY_VOID(reader->read_at(at, into));
        at += into.size();
        return {};
    };
    return source;
}

std::vector<LoadedImage> images_to_load(const firmware::BuildIdentity& identity) {
    std::vector<LoadedImage> images;
    if (identity.find("RestoreLogo") != nullptr) images.push_back({"RestoreLogo", "setpicture 4"});
    for (const auto& component : identity.components)
        if (component.loaded_by_iboot && !component.loaded_by_iboot_stage1) images.push_back({component.name, "firmware"});
    images.push_back({"RestoreRamDisk", "ramdisk"});
    images.push_back({"RestoreDeviceTree", "devicetree"});
    if (identity.find("RestoreSEP") != nullptr) images.push_back({"RestoreSEP", "rsepfirmware"});
    images.push_back({"RestoreKernelCache", ""});
    return images;
}

base::Result<device::Phone> BootChain::now() const {
    auto phone = parts_.watcher->find(parts_.phone);
    if (!phone || !phone->present()) return fail(ErrorCode::Disconnected, "the phone left the bus");
    return *phone;
}

base::Status BootChain::settle(std::string_view id, const std::stop_token& stop) const {
    device::settle(std::chrono::ceil<std::chrono::milliseconds>(parts_.clock->host_span(parts_.reporter->times().settle(id))), stop);
    return base::check_cancelled(stop, "restore");
}

base::Result<device::Phone> BootChain::wait_back(const device::Phone& before, std::string_view stage, const std::stop_token& stop) {
    const auto deadline = parts_.clock->patience(parts_.reporter->times().stage(stage).longest);
    auto back = parts_.watcher->wait_for(
        parts_.phone,
        [&](const device::Phone& phone) { return phone.present() && phone.arrivals > before.arrivals && phone.mode != Mode::Unknown && reachable(phone); },
        deadline, stop);
    if (!back && back.error().code() == ErrorCode::TimedOut) {
        const auto last = parts_.watcher->find(parts_.phone);
        if (last && last->present() && last->arrivals == before.arrivals)
            return fail(ErrorCode::PhoneRefused, fmt::format("the phone took {} and did not start it", stage));
        return fail(ErrorCode::Disconnected, fmt::format("the phone left for {} and did not come back", stage));
    }
    return back;
}

base::Status BootChain::check_nonce(const device::IbootInfo& before, const device::IbootInfo& info, const std::stop_token& stop) {
    UB_TRY_VOID(base::check_cancelled(stop, "restore"));
    if (info.ap_nonce.empty() || info.ap_nonce == before.ap_nonce) return {};
    // iBSS has a nonce of its own on some phones (restore-protocol.md 2.5).
    parts_.reporter->said("the phone's nonce changed with iBSS; asking for a new ticket");
    auto merged = info;
    if (!merged.cpid) merged.cpid = before.cpid;
    if (!merged.ecid) merged.ecid = before.ecid;
    UB_TRY(parts_.personalizer, parts_.sign_again(merged));
    return {};
}

base::Status BootChain::from_dfu(const std::stop_token& stop) {
    parts_.reporter->stage("dfu-ibss");
    UB_TRY(auto phone, now());
    UB_TRY_CONTEXT(auto ibss, parts_.personalizer->open("iBSS"), "iBSS");
    const auto progress = [&](std::uint64_t done, std::uint64_t total) { parts_.reporter->bytes(done, total); };
    device::IbootInfo first;
    const auto deadline = parts_.clock->patience(parts_.reporter->times().stage("dfu-ibss").longest);
    if (phone.mode == Mode::Kis) {
        UB_TRY(auto link, device::KisLink::open(phone.usb->address, parts_.clock->patience(kOpenTime), stop));
        first = link.info();
        UB_TRY_VOID(link.upload(upload_of(std::move(ibss)), progress, deadline, stop));
    } else {
        UB_TRY(auto link, device::DfuLink::open(phone.usb->address, parts_.clock->patience(kOpenTime), stop));
        UB_TRY(first, link.info(command_deadline(), stop));
        UB_TRY_VOID(link.upload(upload_of(std::move(ibss)), progress, deadline, stop));
    }
    UB_TRY(auto in_ibss, wait_back(phone, "dfu-ibss", stop));
    if (in_ibss.mode != Mode::Dfu && in_ibss.mode != Mode::Recovery)
        return fail(base::Error(ErrorCode::PhoneRefused, fmt::format("after iBSS the phone came back in {} mode: it did not accept iBSS", device::to_string(in_ibss.mode)))
                        .with_text("restore.error.ibss-refused"));

    parts_.reporter->stage("dfu-ibec");
    std::optional<device::DfuLink> dfu;
    std::optional<device::RecoveryLink> recovery;
    device::IbootInfo info;
    if (in_ibss.mode == Mode::Dfu) {
        UB_TRY(auto link, device::DfuLink::open(in_ibss.usb->address, parts_.clock->patience(kOpenTime), stop));
        UB_TRY(info, link.info(command_deadline(), stop));
        // SecureROM names its version; iBSS does not (restore-protocol.md 1.4).
        if (info.in_secure_rom())
            return fail(base::Error(ErrorCode::PhoneRefused, "the phone stayed in DFU: it did not accept iBSS").with_text("restore.error.ibss-refused"));
        dfu.emplace(std::move(link));
    } else {
        UB_TRY(auto link, device::RecoveryLink::open(in_ibss.usb->address, parts_.clock->patience(kOpenTime), stop));
        UB_TRY(info, link.info(command_deadline(), stop));
        recovery.emplace(std::move(link));
    }
    UB_TRY_VOID(check_nonce(first, info, stop));
    UB_TRY_CONTEXT(auto ibec, parts_.personalizer->open("iBEC"), "iBEC");
    const auto ibec_deadline = parts_.clock->patience(parts_.reporter->times().stage("dfu-ibec").longest);
    if (dfu) {
        UB_TRY_VOID(dfu->upload(upload_of(std::move(ibec)), progress, ibec_deadline, stop));
    } else {
        UB_TRY_VOID(recovery->upload(upload_of(std::move(ibec)), progress, ibec_deadline, stop));
        UB_TRY_VOID(settle("before-go", stop));
        static_cast<void>(recovery->command("go", 1, command_deadline(), stop));   // the phone may leave before it acknowledges
        if (parts_.build_major < 20) recovery->finish_transfer(stop);
    }
    dfu.reset();
    recovery.reset();
    UB_TRY(const auto in_ibec, wait_back(in_ibss, "dfu-ibec", stop));
    if (in_ibec.mode != Mode::Recovery)
        return fail(base::Error(ErrorCode::PhoneRefused, fmt::format("after iBEC the phone came back in {} mode: it did not accept iBEC", device::to_string(in_ibec.mode)))
                        .with_text("restore.error.ibec-refused"));
    return {};
}

base::Status BootChain::from_recovery(const std::stop_token& stop) {
    parts_.reporter->stage("recovery-ibec");
    UB_TRY(const auto phone, now());
    if (phone.mode != Mode::Recovery) return fail(ErrorCode::WrongMode, fmt::format("the phone is in {} mode, not in Recovery", device::to_string(phone.mode)));
    UB_TRY_CONTEXT(auto ibec, parts_.personalizer->open("iBEC"), "iBEC");
    {
        UB_TRY(auto link, device::RecoveryLink::open(phone.usb->address, parts_.clock->patience(kOpenTime), stop));
        // Unset variables are normal here (real-restore.md 3.2).
        if (const auto version = link.getenv("build-version", command_deadline(), stop); version && *version)
            parts_.reporter->phone_said("iBoot " + **version);
        const auto deadline = parts_.clock->patience(parts_.reporter->times().stage("recovery-ibec").longest);
        UB_TRY_VOID(link.upload(upload_of(std::move(ibec)), [&](std::uint64_t done, std::uint64_t total) { parts_.reporter->bytes(done, total); }, deadline, stop));
        UB_TRY_VOID(settle("before-go", stop));
        static_cast<void>(link.command("go", 1, command_deadline(), stop));
        link.finish_transfer(stop);
    }
    UB_TRY(const auto back, wait_back(phone, "recovery-ibec", stop));
    if (back.mode != Mode::Recovery)
        return fail(base::Error(ErrorCode::PhoneRefused, fmt::format("after iBEC the phone came back in {} mode: it did not accept iBEC", device::to_string(back.mode)))
                        .with_text("restore.error.ibec-refused"));
    return {};
}

base::Result<device::Phone> BootChain::to_restore_mode(const std::stop_token& stop) {
    parts_.reporter->stage("load-images");
    UB_TRY(const auto phone, now());
    const auto deadline = parts_.clock->patience(parts_.reporter->times().stage("load-images").longest);
    {
        UB_TRY(auto link, device::RecoveryLink::open(phone.usb->address, parts_.clock->patience(kOpenTime), stop));
        for (const auto* name : {"build-version", "build-style", "boot-stage"})
            if (const auto value = link.getenv(name, command_deadline(), stop); value && *value) parts_.reporter->phone_said(fmt::format("{}: {}", name, **value));
        if (const auto radio = link.getenv("radio-error", command_deadline(), stop); radio && *radio && base::parse_int(base::trim(**radio)).value_or(0) > 0) {
            const auto text = link.getenv("radio-error-string", command_deadline(), stop);
            parts_.reporter->evidence("iboot.radio_error", **radio, "radio-error " + **radio + (text && *text ? ": " + **text : ""));
        }
        UB_TRY_VOID(link.setenv("auto-boot", "false", command_deadline(), stop));
        UB_TRY_VOID(link.saveenv(command_deadline(), stop));
        const auto images = images_to_load(parts_.personalizer->identity());
        for (std::size_t i = 0; i < images.size(); ++i) {
            const auto& image = images[i];
            UB_TRY_VOID(base::check_cancelled(stop, "restore"));
            UB_TRY_CONTEXT(auto reader, parts_.personalizer->open(image.component), image.component);
            parts_.reporter->said(fmt::format("sending {} ({} of {}, {} bytes)", image.component, i + 1, images.size(), reader->size()));
            if (image.command == "ramdisk") static_cast<void>(link.getenv("ramdisk-size", command_deadline(), stop));
            auto sent = link.upload(upload_of(std::move(reader)), [&](std::uint64_t done, std::uint64_t total) { parts_.reporter->bytes(done, total); }, deadline, stop);
            if (sent && image.command == "ramdisk") static_cast<void>(link.getenv("ramdisk-delay", command_deadline(), stop));
            if (sent && !image.command.empty()) sent = link.command(image.command, 0, command_deadline(), stop);
            if (!sent) {
                auto error = std::move(sent).error();
                // A phone that does not accept an image leaves the bus within seconds (restore-protocol.md 8).
                if (error.code() == ErrorCode::Disconnected) {
                    const auto before = i == 0 ? image.component : images[i - 1].component;
                    error = base::Error(ErrorCode::PhoneRefused, fmt::format("the phone restarted while {} was sent; it did not accept {} or {}", image.component, before, image.component))
                                .with_text("restore.error.image-refused");
                    parts_.reporter->evidence("restore.image_refused", image.component, error.message());
                }
                return fail(std::move(error).with_context("send " + image.component));
            }
            if (image.component == "RestoreLogo") UB_TRY_VOID(link.command("bgcolor 0 0 0", 0, command_deadline(), stop));
            if (image.command == "ramdisk") UB_TRY_VOID(settle("after-ramdisk", stop));
        }
        link.finish_transfer(stop);
        if (parts_.build_major >= 8) UB_TRY_VOID(link.setenv("boot-args", kRestoreBootArguments, command_deadline(), stop));
        parts_.reporter->stage("boot-ramdisk");
        static_cast<void>(link.command("bootx", 1, command_deadline(), stop));   // the phone may vanish in the middle of it
    }
    UB_TRY_CONTEXT(const auto back,
                   parts_.watcher->wait_for(
                       parts_.phone,
                       [&](const device::Phone& seen) { return seen.present() && seen.arrivals > phone.arrivals && (seen.mode == Mode::Restore || seen.mode == Mode::Recovery || seen.mode == Mode::Dfu || (seen.mode == Mode::Normal && !seen.mux_udid.empty() && seen.hidden == device::Hidden::No)); },
                       parts_.clock->patience(parts_.reporter->times().stage("boot-ramdisk").longest), stop),
                   "waiting for the RAM disk to start");
    if (back.mode != Mode::Restore)
        return fail(base::Error(ErrorCode::PhoneRefused, fmt::format("the RAM disk did not start: the phone is in {} mode again", device::to_string(back.mode)))
                        .with_text("restore.error.ramdisk-refused"));
    UB_TRY_VOID(settle("after-restore-attach", stop));
    auto still = parts_.watcher->find(parts_.phone);
    if (!still || still->mode != Mode::Restore) return fail(ErrorCode::Disconnected, "the phone left Restore mode again at once");
    return *still;
}

}  // namespace unbrick::recovery::restore
