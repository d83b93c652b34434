#include "src/device/usb.h"

#include <dirent.h>
#include <fcntl.h>
#include <libusb.h>
#include <libudev.h>
#include <unistd.h>

#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <set>

#include "src/base/file.h"
#include "src/base/text.h"

namespace unbrick::device {

namespace fs = std::filesystem;

std::optional<Mode> mode_of_product(std::uint16_t product) {
    if (product >= 0x1280 && product <= 0x1283) return Mode::Recovery;
    if (product == kDfuProduct) return Mode::Dfu;
    if (product == kWtfProduct) return Mode::Wtf;
    if (product == kKisProduct) return Mode::Kis;
    if (product == kPortDfuProduct) return Mode::PortDfu;
    if (product >= 0x1290 && product <= 0x12af) return Mode::Normal;
    // Restore mode of Apple silicon (1901 to 1905) has ids of its own.
    if (product >= 0x1901 && product <= 0x1905) return Mode::Restore;
    return std::nullopt;
}

namespace {

bool all_hex(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char letter) {
        return (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'f') || (letter >= 'A' && letter <= 'F');
    });
}

}  // namespace

std::string udid_of_usb_serial(std::string_view serial) {
    serial = base::trim(serial);
    while (!serial.empty() && serial.back() == '\0') serial.remove_suffix(1);
    if (serial.size() == 24 && all_hex(serial)) return std::string(serial.substr(0, 8)) + "-" + std::string(serial.substr(8));
    if (serial.size() == 25 && serial[8] == '-') return std::string(serial);
    if (serial.size() == 40 && all_hex(serial)) return std::string(serial);
    return {};
}

std::optional<Ecid> ecid_of_udid(std::string_view udid) {
    if (udid.size() != 25 || udid[8] != '-' || !all_hex(udid.substr(0, 8)) || !all_hex(udid.substr(9))) return std::nullopt;
    // The stand-in UDID that some phones have in Restore mode (restore-protocol.md 1.6) is all f.
    if (udid.substr(0, 8) == "ffffffff" || udid.substr(0, 8) == "FFFFFFFF") return std::nullopt;
    return Ecid::parse(udid.substr(9));
}

namespace {

struct UdevDeleter {
    void operator()(udev* context) const { udev_unref(context); }
    void operator()(udev_device* device) const { udev_device_unref(device); }
    void operator()(udev_enumerate* list) const { udev_enumerate_unref(list); }
};
using Udev = std::unique_ptr<udev, UdevDeleter>;
using UdevDevice = std::unique_ptr<udev_device, UdevDeleter>;
using UdevEnumerate = std::unique_ptr<udev_enumerate, UdevDeleter>;

std::string attribute(udev_device* device, const char* name) {
    const char* value = udev_device_get_sysattr_value(device, name);
    return value != nullptr ? std::string(base::trim(value)) : std::string();
}

UdevDevice find_device(udev* context, const UsbAddress& address) {
    const UdevEnumerate list(udev_enumerate_new(context));
    udev_enumerate_add_match_subsystem(list.get(), "usb");
    udev_enumerate_add_match_sysattr(list.get(), "busnum", fmt::format("{}", address.bus).c_str());
    udev_enumerate_add_match_sysattr(list.get(), "devnum", fmt::format("{}", address.address).c_str());
    udev_enumerate_scan_devices(list.get());
    for (udev_list_entry* entry = udev_enumerate_get_list_entry(list.get()); entry != nullptr; entry = udev_list_entry_get_next(entry))
        if (udev_device* device = udev_device_new_from_syspath(context, udev_list_entry_get_name(entry))) return UdevDevice(device);
    return nullptr;
}

// Who has the node open: only programs of this user can be seen, all of them by root.
std::vector<UsbHolder> programs_with_open(const std::string& node) {
    std::vector<UsbHolder> holders;
    std::error_code ignored;
    for (const auto& process : fs::directory_iterator("/proc", ignored)) {
        const auto pid = base::parse_int(process.path().filename().string());
        if (!pid || *pid == getpid()) continue;
        for (fs::directory_iterator fd(process.path() / "fd", ignored), end; !ignored && fd != end; fd.increment(ignored)) {
            std::error_code no_link;
            if (fs::read_symlink(fd->path(), no_link).string() != node) continue;
            const auto name = base::read_text_file(process.path() / "comm", 256);
            holders.push_back({"usbfs", static_cast<int>(*pid), name ? std::string(base::trim(*name)) : std::string()});
            break;
        }
        ignored.clear();
    }
    return holders;
}

}  // namespace

base::Result<Topology> read_topology(const UsbAddress& address) {
    const Udev context(udev_new());
    if (!context) return base::fail(base::ErrorCode::HostEnvironment, "libudev does not start");
    const UdevDevice device = find_device(context.get(), address);
    if (!device)
        return base::fail(base::ErrorCode::NotFound, fmt::format("USB device {}:{} is gone", address.bus, address.address));
    Topology topology;
    const std::string name = udev_device_get_sysname(device.get());   // "1-4.2"
    const auto dash = name.find('-');
    topology.port = {address.bus, dash == std::string::npos ? name : name.substr(dash + 1)};
    topology.speed_mbit = attribute(device.get(), "speed");
    if (const char* node = udev_device_get_devnode(device.get())) topology.node = node;
    if (!topology.node.empty()) {
        // Opening is what libusb will do; access() would answer for the real user, not the effective one.
        const base::Fd opened(open(topology.node.c_str(), O_RDWR | O_CLOEXEC));
        topology.node_openable = static_cast<bool>(opened);
    }
    udev_device* root = nullptr;
    for (udev_device* parent = udev_device_get_parent(device.get()); parent != nullptr; parent = udev_device_get_parent(parent)) {
        const std::string parent_name = udev_device_get_sysname(parent);
        const char* subsystem = udev_device_get_subsystem(parent);
        if (subsystem != nullptr && std::string_view(subsystem) == "usb" && base::starts_with(parent_name, "usb")) {
            root = parent;
        } else if (subsystem != nullptr && std::string_view(subsystem) == "usb") {
            ++topology.hubs;
            const std::string product = attribute(parent, "product");
            topology.hub_names.push_back(product.empty() ? parent_name : product);
        } else if (root != nullptr && topology.controller.empty()) {
            topology.controller = parent_name;
        }
    }
    if (root != nullptr) {
        const UdevEnumerate list(udev_enumerate_new(context.get()));
        udev_enumerate_add_match_subsystem(list.get(), "usb");
        udev_enumerate_add_match_sysattr(list.get(), "busnum", fmt::format("{}", address.bus).c_str());
        udev_enumerate_scan_devices(list.get());
        for (udev_list_entry* entry = udev_enumerate_get_list_entry(list.get()); entry != nullptr; entry = udev_list_entry_get_next(entry)) {
            const std::string path = udev_list_entry_get_name(entry);
            const std::string leaf = fs::path(path).filename().string();
            if (leaf != name && !base::starts_with(leaf, "usb") && leaf.find(':') == std::string::npos) ++topology.siblings;
        }
    }
    std::set<std::string> drivers;
    const fs::path folder = udev_device_get_syspath(device.get());
    std::error_code ignored;
    for (const auto& child : fs::directory_iterator(folder, ignored)) {
        if (!base::starts_with(child.path().filename().string(), name + ":")) continue;
        std::error_code no_driver;
        const auto driver = fs::read_symlink(child.path() / "driver", no_driver);
        if (!no_driver) drivers.insert(driver.filename().string());
    }
    for (const auto& driver : drivers)
        if (driver != "usbfs") topology.holders.push_back({driver, 0, {}});
    const auto programs = topology.node.empty() ? std::vector<UsbHolder>{} : programs_with_open(topology.node);
    topology.holders.insert(topology.holders.end(), programs.begin(), programs.end());
    if (programs.empty() && drivers.contains("usbfs")) topology.holders.push_back({"usbfs", 0, {}});
    return topology;
}

std::string kernel_serial(const UsbAddress& address, const UsbPort& port) {
    udev* context = udev_new();
    if (context == nullptr) return {};
    std::string serial;
    const std::string name = fmt::format("{}-{}", port.bus, port.path);
    if (udev_device* device = udev_device_new_from_subsystem_sysname(context, "usb", name.c_str())) {
        const char* number = udev_device_get_sysattr_value(device, "devnum");
        const char* value = udev_device_get_sysattr_value(device, "serial");
        // Another one may have taken the port already.
        if (number != nullptr && base::parse_int(base::trim(number)) == address.address && value != nullptr) serial = value;
        udev_device_unref(device);
    }
    udev_unref(context);
    return std::string(base::trim(serial));
}

}  // namespace unbrick::device
