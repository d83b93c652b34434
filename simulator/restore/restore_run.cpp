#include "simulator/restore/restore_run.h"

#include <fmt/core.h>

namespace unbrick::simulator {

using base::ErrorCode;
using base::fail;
using base::Plist;

namespace {
constexpr auto kSendPatience = std::chrono::seconds(60);
}

RestoreRun::RestoreRun(RestorePhone& phone, Channel& host, RamdiskNote ramdisk, Plist options)
    : phone_(phone), host_(host), ramdisk_(std::move(ramdisk)), options_(std::move(options)) {
    erase_ = ramdisk_.behaviour != "Update";
    data_ports_ = phone_.generation.host_lists;
    random_ = phone_.order_seed;
}

RestoreRun::~RestoreRun() {
    cut();
    if (image_thread_.joinable()) image_thread_.join();
    if (key_thread_.joinable()) key_thread_.join();
}

void RestoreRun::cut() {
    over_ = true;
    host_.cut();
    const std::lock_guard lock(image_mutex_);
    if (image_channel_ != nullptr) image_channel_->cut();
    image_changed_.notify_all();
}

bool RestoreRun::strikes(std::string_view point) {
    for (auto& fault : phone_.faults) {
        if (fault.times == 0 || fault.at != point) continue;
        if (fault.times > 0) --fault.times;
        phone_.happened(fmt::format("fault '{}' at {}", fault.what, point));
        if (fault.what == "cable") {
            phone_.pull_cable();
            return true;
        }
        if (fault.what == "stall") {
            // Says nothing more; phone time goes by until the host or the person ends it.
            while (!over_ && phone_.pause(PhoneSeconds(1))) {}
            return true;
        }
        if (fault.what == "reboot") {
            over_ = true;
            return true;
        }
        if (fault.what == "crash") {
            static_cast<void>(host_.send_plist(Plist::dict().set("MsgType", "RestoredCrash").set("RestoredBacktrace", fault.log), base::Deadline::after(kSendPatience)));
            return true;
        }
        if (fault.what == "status") {
            const std::lock_guard lock(failure_mutex_);
            failure_ = RestoreFailure{fault.status, fault.amr_error, fault.log};
            return true;
        }
        // Not at a message boundary: there the caller may hold the line to the host.
        if (fault.what == "unknown-request" && !base::starts_with(point, "message")) static_cast<void>(want_nothing_known());
        if (fault.what == "garbage") {
            static_cast<void>(host_.send(base::as_bytes(std::string_view("\x00\x00\x00\x10 this is no plist", 20)), base::Deadline::after(kSendPatience)));
        }
        if (fault.what == "huge") {
            static_cast<void>(host_.send(base::as_bytes(std::string_view("\x7F\xFF\xFF\xFF<plist>", 11)), base::Deadline::after(kSendPatience)));
        }
    }
    return false;
}

RestoreRun::StepStatus RestoreRun::send(Plist message) {
    const std::lock_guard lock(send_mutex_);
    if (over_) return fail(ErrorCode::Disconnected, "the restore is over");
    if (strikes(fmt::format("message:{}", messages_++))) return fail(ErrorCode::Disconnected, "a fault of the scenario");
    return host_.send_plist(message, base::Deadline::after(kSendPatience));
}

RestoreRun::StepStatus RestoreRun::pause(double seconds) {
    if (over_ || !phone_.pause(PhoneSeconds(seconds))) return fail(ErrorCode::Disconnected, "the phone was cut off");
    return {};
}

namespace {
Plist checkpoint_message(std::uint64_t id, const char* name, bool complete) {
    return Plist::dict()
        .set("MsgType", "CheckpointMsg")
        .set("CHECKPOINT_ID", Plist::integer(id))
        .set("CHECKPOINT_NAME", name)
        .set("CHECKPOINT_RESULT", Plist::integer(0))
        .set("CHECKPOINT_COMPLETE", Plist::boolean(complete));
}
}  // namespace

RestoreRun::StepStatus RestoreRun::checkpoint_started(std::uint64_t id, const char* name) {
    if (strikes(fmt::format("checkpoint:{:X}", id))) return fail(ErrorCode::Disconnected, "a fault of the scenario");
    // iOS 11 and older know no checkpoints on the wire; idevicerestore 1.0.0 only logs them.
    if (!data_ports_) return {};
    return send(checkpoint_message(id, name, false));
}

RestoreRun::StepStatus RestoreRun::checkpoint_completed(std::uint64_t id, const char* name) {
    if (!data_ports_) return {};
    return send(checkpoint_message(id, name, true));
}

RestoreRun::StepStatus RestoreRun::checkpoint(std::uint64_t id, const char* name, double seconds) {
    UB_TRY_VOID(checkpoint_started(id, name));
    UB_TRY_VOID(pause(seconds));
    return checkpoint_completed(id, name);
}

RestoreRun::StepStatus RestoreRun::progress(int operation, int value) {
    return send(Plist::dict()
                    .set("MsgType", "ProgressMsg")
                    .set("Operation", Plist::integer(static_cast<std::uint64_t>(operation)))
                    .set("Progress", Plist::integer(static_cast<std::uint64_t>(static_cast<std::int64_t>(value)))));
}

RestoreRun::StepStatus RestoreRun::fail_with(RestoreFailure failure) {
    const std::lock_guard lock(failure_mutex_);
    if (!failure_) failure_ = std::move(failure);
    return fail(ErrorCode::Failed, failure_->log);
}

RestoreRun::StepStatus RestoreRun::early_checkpoints() {
    UB_TRY_VOID(checkpoint(0x600, "client_protocol_version"));
    UB_TRY_VOID(checkpoint(0x601, "copy_restore_options"));
    if (phone_.generation.host_lists) {
        UB_TRY_VOID(checkpoint_started(0x655, "is_host_compatible"));
        const bool asynchronous = options_.at("SupportedAsyncDataTypes").is_dict();
        if (!options_.at("SupportedDataTypes").is_dict() || !options_.at("SupportedMessageTypes").is_dict() || (phone_.generation.aea && !asynchronous))
            return fail_with({-1, 4, "This host version is unsupported. You may need to update your host tools."});
        UB_TRY_VOID(checkpoint_completed(0x655, "is_host_compatible"));
    }
    UB_TRY_VOID(checkpoint(0x604, "set_weight_from_options"));
    UB_TRY_VOID(checkpoint(0x608, "device_has_hoover"));
    UB_TRY_VOID(checkpoint_started(0x60B, "update_ticket"));
    UB_TRY_VOID(want_root_ticket());
    UB_TRY_VOID(checkpoint_completed(0x60B, "update_ticket"));
    UB_TRY_VOID(checkpoint_started(0x60D, "wait_for_storage"));
    UB_TRY_VOID(progress(28, -1));
    UB_TRY_VOID(pause(0.3));
    if (phone_.bad_storage) {
        UB_TRY_VOID(pause(30));
        return fail_with({-1, 28, "wait_for_storage: timed out waiting for the NAND device, no block storage was published"});
    }
    UB_TRY_VOID(checkpoint_completed(0x60D, "wait_for_storage"));
    return {};
}

RestoreRun::StepStatus RestoreRun::make_room() {
    if (!erase_) {
        UB_TRY_VOID(checkpoint_started(0x6A3, "space_checks"));
        const auto needed = options_.integer_at("MinimumSystemPartition").value_or(512);
        if (needed > phone_.free_for_update_mib)
            return fail_with({14, 14, fmt::format("space_checks: {} MiB are needed for the update and {} MiB are free", needed, phone_.free_for_update_mib)});
        return checkpoint_completed(0x6A3, "space_checks");
    }
    UB_TRY_VOID(checkpoint(0x64E, "clean_nand", 0.5));
    UB_TRY_VOID(checkpoint_started(0x61F, "format_effaceable_storage"));
    phone_.erased("an erase restore formatted the effaceable storage");
    UB_TRY_VOID(checkpoint_completed(0x61F, "format_effaceable_storage"));
    UB_TRY_VOID(checkpoint_started(0x621, "create_filesystem_partitions"));
    UB_TRY_VOID(progress(11, -1));
    UB_TRY_VOID(pause(0.5));
    return checkpoint_completed(0x621, "create_filesystem_partitions");
}

RestoreRun::StepStatus RestoreRun::begin_image() {
    UB_TRY_VOID(checkpoint_started(0x65B, "restore_system_image"));
    phone_.image_begun();
    UB_TRY_VOID(checkpoint_completed(0x65B, "restore_system_image"));
    UB_TRY_VOID(progress(13, 0));
    // The port is the one that the phone names; idevicerestore 1.0.0 knows only 12345.
    const std::uint16_t port = data_ports_ ? 12346 : 12345;
    auto arguments = Plist::dict().set("MsgType", "DataRequestMsg").set("DataType", "SystemImageData");
    if (data_ports_) arguments.set("DataPort", Plist::integer(port));
    auto accepted = accept_on(port, [&] { return send(std::move(arguments)); });
    if (!accepted) return fail(std::move(accepted).error());
    image_thread_ = std::thread([this, fd = accepted->fd.release(), served = std::move(accepted->served), port] {
        Channel channel{base::Fd(fd)};
        {
            const std::lock_guard lock(image_mutex_);
            image_channel_ = &channel;
        }
        AsrOptions options;
        options.second_initiate = phone_.generation.aea;
        options.checksums = phone_.generation.cpid != 0x7000 || phone_.order_seed % 2 == 0;
        auto outcome = receive_image(
            channel, phone_, options, [this](int percent) { static_cast<void>(progress(13, percent)); },
            [this](std::uint64_t at, std::uint64_t size) {
                for (auto& fault : phone_.faults) {
                    if (fault.times == 0 || fault.at.rfind("asr", 0) != 0) continue;
                    const bool by_percent = base::ends_with(fault.at, "%");
                    const auto limit = base::parse_int(std::string_view(fault.at).substr(by_percent ? 4 : 9, fault.at.size() - (by_percent ? 5 : 9))).value_or(0);
                    const auto reached = by_percent ? static_cast<std::int64_t>(at * 100 / size) : static_cast<std::int64_t>(at);
                    if (reached >= limit) return strikes(std::string(fault.at));
                }
                return over_.load();
            });
        if (outcome) {
            // The phone verifies, then closes first (real-restore.md 3.6).
            for (int percent = 0; percent <= 100 && !over_; percent += 10) {
                static_cast<void>(progress(14, percent));
                static_cast<void>(pause(1.7));
            }
            phone_.image_written(outcome->sha256, outcome->bytes);
        }
        const std::lock_guard lock(image_mutex_);
        image_channel_ = nullptr;
        image_ = std::move(outcome);
        image_changed_.notify_all();
        phone_.ports->close(port);
    });
    return {};
}

RestoreRun::StepStatus RestoreRun::await_image() {
    UB_TRY_VOID(checkpoint_started(0x6B4, "await_system_image_invert_retry"));
    {
        std::unique_lock lock(image_mutex_);
        image_changed_.wait(lock, [this] { return image_.has_value() || over_; });
        if (!image_) return fail(ErrorCode::Disconnected, "the phone was cut off");
        if (!*image_) {
            const auto error = image_->error().to_string();
            lock.unlock();
            phone_.violation("system image: " + error);
            return fail_with({14, 14, "ASR: could not restore the system image: " + error});
        }
    }
    UB_TRY_VOID(pause(5.6));
    return checkpoint_completed(0x6B4, "await_system_image_invert_retry");
}

RestoreRun::StepStatus RestoreRun::run_older() {
    UB_TRY_VOID(early_checkpoints());
    UB_TRY_VOID(make_room());
    if (erase_) UB_TRY_VOID(progress(12, -1));
    UB_TRY_VOID(begin_image());
    UB_TRY_VOID(await_image());
    UB_TRY_VOID(progress(16, -1));
    UB_TRY_VOID(progress(17, -1));
    UB_TRY_VOID(pause(5.1));
    UB_TRY_VOID(progress(27, -1));
    UB_TRY_VOID(want_image("KernelCache", "KernelCacheFile", "krnl"));
    UB_TRY_VOID(progress(61, -1));
    UB_TRY_VOID(want_image("DeviceTree", "DeviceTreeFile", "dtre"));
    UB_TRY_VOID(progress(18, 0));
    UB_TRY_VOID(want_nor(false));
    UB_TRY_VOID(progress(18, 100));
    UB_TRY_VOID(ask("FDRTrustData").map([](const Plist&) {}));
    UB_TRY_VOID(want_image_list("FUDData", "FUDImageList", "FUDImageData", 36));
    UB_TRY_VOID(progress(19, -1));
    UB_TRY_VOID(want_baseband());
    for (const auto updater : phone_.generation.updaters) UB_TRY_VOID(want_updater(std::string(updater)));
    return progress(29, -1);
}

RestoreRun::StepStatus RestoreRun::background_updates() {
    // Serial, and beside the main sequence: baseband, Rose, SE (real-restore.md 3.5).
    UB_TRY_VOID(progress(19, -1));
    UB_TRY_VOID(want_baseband());
    for (const auto* updater : {"Rose", "SE"})
        if (std::find(phone_.generation.updaters.begin(), phone_.generation.updaters.end(), updater) != phone_.generation.updaters.end())
            UB_TRY_VOID(want_updater(updater));
    return {};
}

RestoreRun::StepStatus RestoreRun::run_newer() {
    const auto& generation = phone_.generation;
    UB_TRY_VOID(early_checkpoints());
    UB_TRY_VOID(checkpoint(0x60E, "update_NAND_firmware"));
    UB_TRY_VOID(checkpoint(0x65C, "print_nvram_variables"));
    UB_TRY_VOID(checkpoint(0x613, "find_filesystem_partitions"));
    UB_TRY_VOID(checkpoint_started(0x609, "load_sep_os"));
    UB_TRY_VOID(progress(35, -1));
    UB_TRY_VOID(want_nor(true));
    UB_TRY_VOID(checkpoint_completed(0x609, "load_sep_os"));
    UB_TRY_VOID(checkpoint(0x665, "fsck_filesystems", 0.3));
    UB_TRY_VOID(checkpoint(0x614, "mount_system_partition"));
    UB_TRY_VOID(checkpoint(0x697, "downgrade_check"));
    UB_TRY_VOID(checkpoint_started(0x616, "fdr_create"));
    UB_TRY_VOID(ask("FDRTrustData").map([](const Plist&) {}));
    UB_TRY_VOID(checkpoint_completed(0x616, "fdr_create"));
    UB_TRY_VOID(checkpoint(0x619, "check_for_restore_log"));
    UB_TRY_VOID(checkpoint(0x61B, "submit_update_stats", 0.5));
    UB_TRY_VOID(checkpoint(0x61D, "unmount_unconditionally"));
    UB_TRY_VOID(make_room());
    UB_TRY_VOID(checkpoint_started(0x677, "perform_main_os_prepare"));
    if (erase_) UB_TRY_VOID(checkpoint(0x658, "format_media"));
    UB_TRY_VOID(checkpoint(0x6B3, "prepare_for_system_image"));
    UB_TRY_VOID(begin_image());
    UB_TRY_VOID(checkpoint_completed(0x677, "perform_main_os_prepare"));
    UB_TRY_VOID(checkpoint_started(0x67B, "perform_restore_installing"));
    if (generation.aea) key_thread_ = std::thread([this] { static_cast<void>(want_key()); });
    UB_TRY_VOID(want_build_identity());
    UB_TRY_VOID(checkpoint(0x634, "fdr_recover", 0.5));
    UB_TRY_VOID(checkpoint_started(0x635, "update_device_firmware"));
    StepStatus beside;
    std::thread background([this, &beside] { beside = background_updates(); });
    const auto foreground = [&]() -> StepStatus {
        UB_TRY_VOID(checkpoint_started(0x1300, "update_iBoot"));
        UB_TRY_VOID(progress(80, 1));
        UB_TRY_VOID(want_nor(false));
        UB_TRY_VOID(checkpoint_completed(0x1300, "update_iBoot"));
        UB_TRY_VOID(checkpoint_started(0x130A, "install_fud"));
        UB_TRY_VOID(want_image_list("FUDData", "FUDImageList", "FUDImageData", 36));
        UB_TRY_VOID(checkpoint_completed(0x130A, "install_fud"));
        for (const auto updater : generation.updaters)
            if (updater == "T200" || updater == "Savage") UB_TRY_VOID(want_updater(std::string(updater)));
        return {};
    }();
    if (!foreground) cut();
    background.join();
    UB_TRY_VOID(foreground);
    UB_TRY_VOID(beside);
    UB_TRY_VOID(checkpoint(0x132F, "await_update_se"));
    UB_TRY_VOID(checkpoint_completed(0x635, "update_device_firmware"));
    UB_TRY_VOID(checkpoint(0x63C, "verify_fdr_data"));
    UB_TRY_VOID(checkpoint(0x66F, "commit_sep_os", 13.2));
    UB_TRY_VOID(await_image());
    UB_TRY_VOID(checkpoint_started(0x674, "create_protected_filesystems"));
    UB_TRY_VOID(progress(67, -1));
    UB_TRY_VOID(pause(21.1));
    UB_TRY_VOID(checkpoint_completed(0x674, "create_protected_filesystems"));
    if (generation.cryptex) {
        UB_TRY_VOID(checkpoint_started(0x6A6, "install_splat"));
        UB_TRY_VOID(want_cryptexes());
        UB_TRY_VOID(checkpoint_completed(0x6A6, "install_splat"));
    }
    UB_TRY_VOID(checkpoint_started(0x628, "install_kernel_cache"));
    UB_TRY_VOID(progress(27, -1));
    UB_TRY_VOID(want_image("KernelCache", "KernelCacheFile", "krnl"));
    UB_TRY_VOID(progress(61, -1));
    UB_TRY_VOID(want_image("DeviceTree", "DeviceTreeFile", "dtre"));
    if (generation.sealed_volume) {
        UB_TRY_VOID(want_image("SystemImageRootHash", "SystemImageRootHashFile", "isys"));
        UB_TRY_VOID(want_image("SystemImageCanonicalMetadata", "SystemImageCanonicalMetadataFile", "msys"));
    }
    UB_TRY_VOID(checkpoint_completed(0x628, "install_kernel_cache"));
    UB_TRY_VOID(checkpoint_started(0xF00, "fixup_var"));
    UB_TRY_VOID(progress(17, -1));
    UB_TRY_VOID(pause(5.1));
    UB_TRY_VOID(checkpoint_completed(0xF00, "fixup_var"));
    UB_TRY_VOID(checkpoint_completed(0x67B, "perform_restore_installing"));
    UB_TRY_VOID(checkpoint_started(0x68B, "seal_system_volume"));
    UB_TRY_VOID(progress(77, -1));
    UB_TRY_VOID(pause(22.6));
    UB_TRY_VOID(progress(77, -1));
    UB_TRY_VOID(pause(8.1));
    UB_TRY_VOID(checkpoint_completed(0x68B, "seal_system_volume"));
    UB_TRY_VOID(checkpoint(0x6BB, "migrate_user_fsevents", 0.6));
    UB_TRY_VOID(checkpoint(0x647, "cleanup_check_result"));
    return checkpoint_started(0x648, "cleanup_send_final_status");
}

bool RestoreRun::run() {
    const auto outcome = data_ports_ ? run_newer() : run_older();
    if (outcome && !over_) {
        auto status = Plist::dict().set("MsgType", "StatusMsg").set("Status", Plist::integer(0)).set("Log", "restore finished");
        if (!send(std::move(status))) return false;
        const auto reply = host_.receive_plist(base::Deadline::after(std::chrono::seconds(30)));
        // Without the acknowledgement the phone restarts all the same: everything is written.
        if (!reply || reply->string_at("MsgType") != "ReceivedFinalStatusMsg") phone_.violation("the final status was not acknowledged");
        phone_.finished(ramdisk_.version, ramdisk_.build);
        return true;
    }
    std::optional<RestoreFailure> failure;
    {
        const std::lock_guard lock(failure_mutex_);
        failure = failure_;
    }
    if (failure && !over_) {
        phone_.happened("restore failed: " + failure->log);
        auto status = Plist::dict().set("MsgType", "StatusMsg").set("Status", Plist::integer(static_cast<std::uint64_t>(failure->status)));
        if (failure->amr_error != 0) status.set("AMRError", Plist::integer(static_cast<std::uint64_t>(failure->amr_error)));
        status.set("Log", failure->log);
        const std::lock_guard lock(send_mutex_);
        static_cast<void>(host_.send_plist(status, base::Deadline::after(kSendPatience)));
    } else if (!outcome) {
        phone_.happened("restore ended: " + outcome.error().to_string());
    }
    return false;
}

}  // namespace unbrick::simulator
