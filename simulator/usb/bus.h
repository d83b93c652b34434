// An emulated USB bus for unmodified programs: libusb and libudev in a client process see it through
// Debian's libumockdev-preload (virtual-phone.md 1). No root rights and no USB in the kernel needed.
//
// Each client process needs a view of its own (two processes in one view steal each other's hotplug
// events), made before the process starts. A program that starts further USB programs asks for a view
// for each of them. Closing the bus ends clients that still use it: end them first.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "simulator/phone/timeline.h"
#include "simulator/usb/usb_device.h"
#include "src/base/result.h"

namespace unbrick::simulator {

struct UsbBusOptions {
    int root_hubs = 2;  // bus 1, 2 ...; 0: devices on a bus without a hub of its own
    // Where the views go; empty: a new folder under /tmp. Its path must be short (socket names).
    std::filesystem::path folder;
};

struct UsbAddress {
    int bus = 0;
    int device = 0;
    friend bool operator==(const UsbAddress&, const UsbAddress&) = default;
};

class UsbBus {
public:
    // `timeline` (for delays) outlives the bus. Errors: Io, LimitExceeded (folder name too long).
    static base::Result<std::unique_ptr<UsbBus>> create(Timeline& timeline, UsbBusOptions options = {});
    ~UsbBus();
    UsbBus(const UsbBus&) = delete;
    UsbBus& operator=(const UsbBus&) = delete;

    // A folder for one client process, with everything that is on the bus now.
    base::Result<std::filesystem::path> create_view();
    void remove_view(const std::filesystem::path& view);
    // What the client process needs: UMOCKDEV_DIR, LD_PRELOAD.
    static std::map<std::string, std::string> environment(const std::filesystem::path& view);

    struct Place {
        std::string port = "1-1";  // <bus>-<port>[.<port>]*, as in sysfs
        bool permitted = true;     // false: opening the device node fails with EACCES, also for root
    };
    // The device appears on all views. A port holds one device: add to a busy port removes the old one.
    // Errors: InvalidInput for a malformed port.
    base::Result<UsbAddress> add(std::shared_ptr<UsbDevice> device, const Place& place);
    // Its pending transfers end with ESHUTDOWN. Nothing when it is not there (any more).
    void remove(UsbAddress address);

private:
    struct State;
    explicit UsbBus(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace unbrick::simulator
