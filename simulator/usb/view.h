// The folder that stands for /sys, /dev and udev in one client process (virtual-phone.md 1.2).
#pragma once

#include <condition_variable>
#include <deque>
#include <filesystem>
#include <map>
#include <mutex>
#include <thread>

#include "simulator/usb/bus.h"
#include "simulator/usb/ready_pipe.h"
#include "simulator/usb/uevent.h"

namespace unbrick::simulator {

// What sysfs and udev say of one device.
struct DeviceEntry {
    UsbAddress address;
    std::string port;  // "1-1", or "usb1" for a root hub
    UsbDescriptors descriptors;
    bool permitted = true;
    std::filesystem::path sysfs_folder() const;   // relative: "sys/devices/..."
    std::filesystem::path node() const;           // relative: "dev/bus/usb/001/002"
    UeventProperties properties(bool absolute_node) const;
};

class UsbView {
public:
    static base::Result<std::unique_ptr<UsbView>> create(const std::filesystem::path& root);
    ~UsbView();

    const std::filesystem::path& root() const { return root_; }
    struct Node {
        base::Fd listener;                // where opening the node is announced
        std::shared_ptr<ReadyPipe> pipe;  // none when the node must not be opened
    };
    // The link under bus/usb/devices comes last: a client that lists sees a whole device.
    base::Result<Node> add(const DeviceEntry& device);
    void remove(const DeviceEntry& device);
    base::Fd take_default_listener() { return std::move(default_listener_); }
    // Told to every udev monitor of the client, in order, on a thread of the view's own.
    void announce(std::string message);

private:
    explicit UsbView(std::filesystem::path root) : root_(std::move(root)), teller_([this] { tell(); }) {}
    void tell();

    const std::filesystem::path root_;
    base::Fd default_listener_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::string> messages_;
    bool stopping_ = false;
    std::thread teller_;
};

}  // namespace unbrick::simulator
