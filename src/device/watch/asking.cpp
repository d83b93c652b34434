#include "src/device/watch/asking.h"

#include <algorithm>

#include "src/base/log.h"
#include "src/base/phone_clock.h"
#include "src/device/links/dfu_link.h"
#include "src/device/links/kis_link.h"
#include "src/device/links/normal_link.h"
#include "src/device/links/recovery_link.h"
#include "src/device/links/restore_link.h"

namespace unbrick::device {

namespace {

// How long a phone may take to say who it is, in phone time. A lockdownd that needs longer is called silent.
constexpr std::chrono::duration<double> kAnswerPatience{8.0};

Hidden hidden_of(const base::Error& error) {
    if (error.code() == base::ErrorCode::PermissionDenied) return Hidden::NoUsbPermission;
    if (error.code() == base::ErrorCode::Busy) return Hidden::HeldByOther;
    return Hidden::No;
}

Hidden hidden_of(PairingState state) {
    switch (state) {
        case PairingState::Paired: return Hidden::No;
        case PairingState::DialogPending: return Hidden::TrustPending;
        case PairingState::PasscodeLocked: return Hidden::PasscodeLocked;
        case PairingState::NoRecord:
        case PairingState::Refused: return Hidden::NotTrusted;
    }
    return Hidden::NotTrusted;
}

bool held_by_other(const UsbAddress& address) {
    const auto topology = read_topology(address);
    return topology && std::any_of(topology->holders.begin(), topology->holders.end(), [](const UsbHolder& holder) {
               return holder.driver == "usbfs" && holder.pid != 0;
           });
}

}  // namespace

UsbAnswer ask_usb(const UsbSighting& sighting, const std::shared_ptr<Recorder>& recorder, const std::stop_token& stop) {
    UsbAnswer answer;
    answer.address = sighting.address;
    const auto deadline = base::PhoneClock::instance().patience(kAnswerPatience);
    LinkOptions options;
    options.recorder = recorder;
    options.phone = sighting.serial;
    const auto mode = mode_of_product(sighting.product);
    if (mode == Mode::Kis) {
        // Its identity is not in a descriptor: both portals must be opened to read it.
        auto link = KisLink::open(sighting.address, deadline, stop, options);
        if (link) answer.iboot = link->info();
        else answer.hidden = hidden_of(link.error());
        if (!link) base::log::info("watcher", "{}", link.error().to_string());
        return answer;
    }
    // Nothing is claimed, so that this never stands in the way of another program or of our own links.
    auto usb = UsbHandle::open(sighting.address, options);
    if (!usb) {
        answer.hidden = hidden_of(usb.error());
        base::log::info("watcher", "{}", usb.error().to_string());
        return answer;
    }
    if (const auto serial = usb->serial_string(deadline, stop)) {
        IbootInfo info = parse_iboot_string(*serial);
        if (const auto nonces = usb->string(1, deadline, stop)) parse_nonce_string(*nonces, info);
        answer.iboot = std::move(info);
    }
    if (held_by_other(sighting.address)) answer.hidden = Hidden::HeldByOther;
    return answer;
}

MuxAnswer ask_mux(std::uint32_t id, const std::string& udid, const std::shared_ptr<Recorder>& recorder, const std::stop_token& stop) {
    MuxAnswer answer;
    answer.id = id;
    const auto deadline = base::PhoneClock::instance().patience(kAnswerPatience);
    LinkOptions options;
    options.recorder = recorder;
    options.phone = udid;
    auto link = NormalLink::open(udid, deadline, stop, options);
    if (!link) {
        answer.hidden = Hidden::LockdownSilent;
        base::log::info("watcher", "{}", link.error().to_string());
        return answer;
    }
    if (link->peer() == LockdownPeer::Restored) {
        answer.mode = Mode::Restore;
        auto restore = RestoreLink::open(udid, deadline, stop, options);
        if (!restore) return answer;
        auto identity = restore->identity(deadline, stop);
        if (identity) answer.identity = std::move(*identity);
        return answer;
    }
    auto identity = read_identity(*link, deadline, stop);
    if (!identity) {
        answer.hidden = Hidden::LockdownSilent;
        base::log::info("watcher", "{}", identity.error().to_string());
        return answer;
    }
    answer.identity = std::move(*identity);
    const auto paired = link->pairing(deadline, stop);
    answer.hidden = paired ? hidden_of(*paired) : Hidden::NotTrusted;
    if (!paired) base::log::info("watcher", "{}", paired.error().to_string());
    return answer;
}

}  // namespace unbrick::device
