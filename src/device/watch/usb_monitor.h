// Phones on the USB bus, by libusb's hotplug. Never opens one. The watcher polls it; all calls on its thread.
#pragma once

#include <libusb.h>
#include <poll.h>

#include <memory>
#include <vector>

#include "src/base/result.h"
#include "src/device/usb.h"

namespace unbrick::device {

struct UsbEvent {
    bool arrived = false;
    UsbSighting sighting;            // of one that left: only the address counts
};

class UsbMonitor {
public:
    // What is plugged in already comes as arrivals of the first handle(). Errors: HostEnvironment.
    static base::Result<std::unique_ptr<UsbMonitor>> start();
    ~UsbMonitor();
    void add_to(std::vector<pollfd>& descriptors) const;
    std::vector<UsbEvent> handle();

private:
    UsbMonitor() = default;
    static int on_event(libusb_context*, libusb_device* device, libusb_hotplug_event event, void* self);
    libusb_context* context_ = nullptr;
    libusb_hotplug_callback_handle callback_ = 0;
    std::vector<UsbEvent> events_;
};

}  // namespace unbrick::device
