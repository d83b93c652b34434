#include "simulator/usb/usb_device.h"

namespace unbrick::simulator {

UsbReply UsbDevice::control(const UsbSetup&, base::ByteView) { return UsbReply::stall(); }
UsbReply UsbDevice::bulk_out(std::uint8_t, base::ByteView) { return UsbReply::stall(); }
UsbReply UsbDevice::bulk_in(std::uint8_t, std::size_t) { return UsbReply::nothing_yet(); }
void UsbDevice::configuration_set(int) {}
void UsbDevice::alternate_set(int, int) {}
void UsbDevice::reset() {}

void UsbDevice::data_ready() {
    std::function<void()> wake;
    {
        std::lock_guard lock(wake_mutex_);
        wake = wake_;
    }
    if (wake) wake();
}

void UsbDevice::set_data_ready(std::function<void()> wake) {
    std::lock_guard lock(wake_mutex_);
    wake_ = std::move(wake);
}

}  // namespace unbrick::simulator
