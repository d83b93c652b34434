// Plugs a virtual phone into a port of the emulated bus: whenever the phone shows itself, a device with
// the face of its mode is there; a mode change is a removal and a new device with a new number.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "simulator/phone/phone.h"
#include "simulator/usb/bus.h"
#include "simulator/usb/faults.h"

namespace unbrick::simulator {

class PhonePort {
public:
    // `bus` and `phone` outlive the port. The device of the current mode is there when this returns.
    PhonePort(UsbBus& bus, VirtualPhone& phone, UsbBus::Place place = {}, std::shared_ptr<LinkFaults> faults = {});
    ~PhonePort();
    PhonePort(const PhonePort&) = delete;
    PhonePort& operator=(const PhonePort&) = delete;

    // Another port, cable (faults) or permission: takes effect when the phone appears the next time, at
    // once if it is on the bus now (it is taken off and comes back).
    void move(UsbBus::Place place, std::shared_ptr<LinkFaults> faults);
    std::optional<UsbAddress> address() const;
    // The bus follows the phone a moment later: waits until it shows what `state` says, or something newer.
    bool wait_until_shown(const PhoneState& state, base::Deadline deadline) const;
    std::string port() const;

private:
    void follow(const PhoneState& state);
    void attach(const PhoneState& state);
    void detach();

    UsbBus& bus_;
    VirtualPhone& phone_;
    mutable std::mutex mutex_;
    mutable std::condition_variable followed_;
    UsbBus::Place place_;
    std::shared_ptr<LinkFaults> faults_;
    std::uint64_t epoch_ = 0;
    std::optional<UsbAddress> address_;
    Subscription subscription_;
};

// The device that a phone in this state shows; none in Off and Booting.
std::shared_ptr<UsbDevice> face_of(VirtualPhone& phone, const PhoneState& state);

}  // namespace unbrick::simulator
