// Before anything is changed: what the phone is, whether the firmware fits it, its ticket, and the checks.
#pragma once

#include <memory>
#include <optional>

#include "recovery/restore/reporter.h"
#include "recovery/restore/restore_job.h"
#include "src/base/phone_clock.h"
#include "src/device/iboot_string.h"
#include "src/device/watcher.h"
#include "src/firmware/personalizer.h"
#include "src/firmware/signing/client.h"
#include "src/firmware/signing/request.h"

namespace unbrick::device { class NormalLink; }

namespace unbrick::recovery::restore {

struct Prepared {
    std::shared_ptr<const firmware::Archive> archive;
    firmware::BuildManifest manifest;
    const firmware::BuildIdentity* identity = nullptr;
    const firmware::BuildIdentity* recovery_identity = nullptr;
    firmware::signing::PhoneParameters phone;
    base::Plist baseband_answer;
    std::shared_ptr<const firmware::Personalizer> personalizer;
};

class Preparation {
public:
    Preparation(device::Watcher& watcher, const RestoreRequest& request, Reporter& reporter, const base::PhoneClock& clock,
                const firmware::signing::Client& signing)
        : watcher_(watcher), request_(request), reporter_(reporter), clock_(clock), signing_(signing) {}

    // Errors: FirmwareInvalid, FirmwareUnsuitable.
    base::Status open_firmware();
    // By what the phone says in its mode. Normal: also the stashbag of an update. Errors: FirmwareUnsuitable, RefusedByGuard
    // (older firmware for an update), Locked, NeedsPerson.
    base::Status identify(const device::Phone& phone, const std::stop_token& stop);
    // A ticket for the parameters known now, checked, and every image of the boot compared with it.
    base::Status sign(const std::stop_token& stop);
    base::Result<std::shared_ptr<const firmware::Personalizer>> sign_again(const device::IbootInfo& info, const std::stop_token& stop);
    // Of a phone in Normal: the stashbag is committed and the phone told to go to Recovery.
    base::Status leave_normal(const device::Phone& phone, const std::stop_token& stop);

    Prepared& prepared() { return prepared_; }

private:
    base::Status choose(std::uint32_t cpid, std::uint32_t bdid, const device::Phone& phone, const std::string& board, const std::string& product);
    base::Status identify_normal(const device::Phone& phone, const std::stop_token& stop);
    base::Status create_stashbag(device::NormalLink& link, const std::stop_token& stop);
    base::Status check_version(const std::string& installed) const;
    base::Result<std::shared_ptr<const firmware::Personalizer>> ticket_for(const firmware::signing::PhoneParameters& phone, const std::stop_token& stop);

    device::Watcher& watcher_;
    const RestoreRequest& request_;
    Reporter& reporter_;
    const base::PhoneClock& clock_;
    const firmware::signing::Client& signing_;
    Prepared prepared_;
    bool stashbag_ = false;
};

}  // namespace unbrick::recovery::restore
