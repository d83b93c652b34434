#include "simulator/usb/phone_port.h"

#include "simulator/usb/faces.h"
#include "src/base/log.h"

namespace unbrick::simulator {

std::shared_ptr<UsbDevice> face_of(VirtualPhone& phone, const PhoneState& state) {
    switch (state.mode) {
        case Mode::Normal:
        case Mode::Restore: return make_normal_face(phone);
        case Mode::Recovery: return make_recovery_face(phone, state.stage);
        case Mode::Dfu:
        case Mode::Wtf:
        case Mode::PortDfu: return make_dfu_face(phone, state.mode, state.stage);
        case Mode::Kis: return make_kis_face(phone);
        case Mode::Off:
        case Mode::Booting: break;
    }
    return nullptr;
}

PhonePort::PhonePort(UsbBus& bus, VirtualPhone& phone, UsbBus::Place place, std::shared_ptr<LinkFaults> faults)
    : bus_(bus), phone_(phone), place_(std::move(place)), faults_(std::move(faults)) {
    subscription_ = phone.listen([this](const Change& change) {
        if (change.kind == Change::Kind::Bus) follow(change.state);
    });
    follow(phone.state());
}

PhonePort::~PhonePort() {
    subscription_.reset();
    std::lock_guard lock(mutex_);
    detach();
}

void PhonePort::follow(const PhoneState& state) {
    std::lock_guard lock(mutex_);
    if (state.bus_epoch < epoch_) return;  // older than what the constructor saw
    if (!state.on_bus) {
        detach();
    } else if (!address_ || state.bus_epoch != epoch_) {
        detach();
        attach(state);
    }
    epoch_ = state.bus_epoch;
    followed_.notify_all();
}

bool PhonePort::wait_until_shown(const PhoneState& state, base::Deadline deadline) const {
    std::unique_lock lock(mutex_);
    return followed_.wait_for(lock, deadline.remaining(), [&] {
        return epoch_ > state.bus_epoch || (epoch_ == state.bus_epoch && address_.has_value() == state.on_bus);
    });
}

void PhonePort::attach(const PhoneState& state) {
    auto face = face_of(phone_, state);
    if (!face) return;
    const auto address = bus_.add(behind_link(std::move(face), faults_, phone_), place_);
    if (address) address_ = *address;
    else base::log::error("simulator", "{}", address.error().to_string());
}

void PhonePort::detach() {
    if (address_) bus_.remove(*address_);
    address_.reset();
}

void PhonePort::move(UsbBus::Place place, std::shared_ptr<LinkFaults> faults) {
    std::lock_guard lock(mutex_);
    place_ = std::move(place);
    faults_ = std::move(faults);
    const auto state = phone_.state();
    if (!address_ || !state.on_bus) return;
    detach();
    attach(state);
}

std::optional<UsbAddress> PhonePort::address() const {
    std::lock_guard lock(mutex_);
    return address_;
}

std::string PhonePort::port() const {
    std::lock_guard lock(mutex_);
    return place_.port;
}

}  // namespace unbrick::simulator
