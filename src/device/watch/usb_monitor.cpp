#include "src/device/watch/usb_monitor.h"

#include <array>
#include <cstdlib>

#include "src/base/text.h"

namespace unbrick::device {

namespace {

std::string speed_text(int speed) {
    switch (speed) {
        case LIBUSB_SPEED_LOW: return "1.5";
        case LIBUSB_SPEED_FULL: return "12";
        case LIBUSB_SPEED_HIGH: return "480";
        case LIBUSB_SPEED_SUPER: return "5000";
        case LIBUSB_SPEED_SUPER_PLUS: return "10000";
        default: return {};
    }
}

}  // namespace

base::Result<std::unique_ptr<UsbMonitor>> UsbMonitor::start() {
    std::unique_ptr<UsbMonitor> monitor(new UsbMonitor);
    if (const int begun = libusb_init(&monitor->context_); begun != 0)
        return base::fail(base::Error(base::ErrorCode::HostEnvironment, std::string("libusb does not start: ") + libusb_strerror(begun))
                              .with_native("libusb", begun));
    if (libusb_has_capability(LIBUSB_CAP_HAS_HOTPLUG) == 0)
        return base::fail(base::ErrorCode::HostEnvironment, "libusb cannot see devices come and go here");
    const int registered = libusb_hotplug_register_callback(
        monitor->context_, LIBUSB_HOTPLUG_EVENT_DEVICE_ARRIVED | LIBUSB_HOTPLUG_EVENT_DEVICE_LEFT, LIBUSB_HOTPLUG_ENUMERATE, kAppleVendor,
        LIBUSB_HOTPLUG_MATCH_ANY, LIBUSB_HOTPLUG_MATCH_ANY, &UsbMonitor::on_event, monitor.get(), &monitor->callback_);
    if (registered != 0)
        return base::fail(base::Error(base::ErrorCode::HostEnvironment, std::string("watch the USB bus: ") + libusb_strerror(registered))
                              .with_native("libusb", registered));
    return monitor;
}

UsbMonitor::~UsbMonitor() {
    if (context_ == nullptr) return;
    if (callback_ != 0) libusb_hotplug_deregister_callback(context_, callback_);
    libusb_exit(context_);
}

int UsbMonitor::on_event(libusb_context*, libusb_device* device, libusb_hotplug_event event, void* self) {
    auto* monitor = static_cast<UsbMonitor*>(self);
    UsbEvent seen;
    seen.arrived = event == LIBUSB_HOTPLUG_EVENT_DEVICE_ARRIVED;
    seen.sighting.address = {libusb_get_bus_number(device), libusb_get_device_address(device)};
    libusb_device_descriptor descriptor{};
    if (libusb_get_device_descriptor(device, &descriptor) != 0 || !mode_of_product(descriptor.idProduct)) return 0;
    seen.sighting.product = descriptor.idProduct;
    std::array<std::uint8_t, 8> ports{};
    const int depth = libusb_get_port_numbers(device, ports.data(), static_cast<int>(ports.size()));
    seen.sighting.port.bus = seen.sighting.address.bus;
    for (int index = 0; index < depth; ++index)
        seen.sighting.port.path += (index > 0 ? "." : "") + std::to_string(ports[static_cast<std::size_t>(index)]);
    seen.sighting.speed = speed_text(libusb_get_device_speed(device));
    monitor->events_.push_back(std::move(seen));
    return 0;
}

void UsbMonitor::add_to(std::vector<pollfd>& descriptors) const {
    const libusb_pollfd** list = libusb_get_pollfds(context_);
    if (list == nullptr) return;
    for (const libusb_pollfd** item = list; *item != nullptr; ++item) descriptors.push_back({(*item)->fd, (*item)->events, 0});
    libusb_free_pollfds(list);
}

std::vector<UsbEvent> UsbMonitor::handle() {
    timeval now{0, 0};
    libusb_handle_events_timeout_completed(context_, &now, nullptr);
    auto events = std::exchange(events_, {});
    for (auto& event : events)
        if (event.arrived) event.sighting.serial = kernel_serial(event.sighting.address, event.sighting.port);
    return events;
}

}  // namespace unbrick::device
