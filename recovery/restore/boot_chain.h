// From DFU, KIS or Recovery to a running RAM disk (restore-protocol.md 2.5 to 2.7; real-restore.md 3.2, 3.3).
#pragma once

#include <functional>
#include <memory>

#include "recovery/restore/reporter.h"
#include "src/base/phone_clock.h"
#include "src/device/iboot_string.h"
#include "src/device/links/upload.h"
#include "src/device/watcher.h"
#include "src/firmware/personalizer.h"

namespace unbrick::recovery::restore {

struct BootChainParts {
    device::Watcher* watcher = nullptr;
    device::PhoneKey phone;
    Reporter* reporter = nullptr;
    const base::PhoneClock* clock = nullptr;
    int build_major = 0;
    bool image4 = true;
    // The ticket in use, replaced when the nonce changed on the way.
    std::shared_ptr<const firmware::Personalizer> personalizer;
    // Makes a new one for the phone as it says it is now.
    std::function<base::Result<std::shared_ptr<const firmware::Personalizer>>(const device::IbootInfo&)> sign_again;
};

inline constexpr std::string_view kRestoreBootArguments = "rd=md0 nand-enable-reformat=1 -progress";

class BootChain {
public:
    explicit BootChain(BootChainParts parts) : parts_(std::move(parts)) {}

    // The phone is in DFU or KIS: iBSS, then iBEC. Errors: PhoneRefused (it came back as it was), Disconnected,
    // TimedOut, TicketMismatch, Cancelled, what signing says.
    base::Status from_dfu(const std::stop_token& stop);
    // The phone is in Recovery (the iBoot of its own system): iBEC.
    base::Status from_recovery(const std::stop_token& stop);
    // iBEC runs: everything else, and the kernel. The phone as it is in Restore mode.
    base::Result<device::Phone> to_restore_mode(const std::stop_token& stop);

    const std::shared_ptr<const firmware::Personalizer>& personalizer() const { return parts_.personalizer; }

private:
    base::Result<device::Phone> now() const;
    base::Result<device::Phone> wait_back(const device::Phone& before, std::string_view stage, const std::stop_token& stop);
    base::Status check_nonce(const device::IbootInfo& before, const device::IbootInfo& info, const std::stop_token& stop);
    base::Status settle(std::string_view id, const std::stop_token& stop) const;

    BootChainParts parts_;
};

// An upload that reads as it goes.
device::UploadSource upload_of(std::shared_ptr<firmware::MemberReader> reader);
// The components that the boot chain sends in iBEC, in order, with the command after each.
struct LoadedImage { std::string component, command; };
std::vector<LoadedImage> images_to_load(const firmware::BuildIdentity& identity);

}  // namespace unbrick::recovery::restore
