#include "simulator/usb/view.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>

namespace unbrick::simulator {

namespace fs = std::filesystem;

namespace {

constexpr const char* kControllerFolder = "sys/devices/pci0000:00/0000:00:14.0";

base::Status write_text(const fs::path& path, std::string_view text) {
    base::Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (!fd || ::write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
        return base::fail(base::system_error("write " + path.string()));
    return {};
}

base::Status link_to(const std::string& target, const fs::path& path) {
    ::unlink(path.c_str());
    if (::symlink(target.c_str(), path.c_str()) != 0) return base::fail(base::system_error("link " + path.string()));
    return {};
}

base::Result<sockaddr_un> socket_address(const fs::path& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const auto text = path.string();
    if (text.size() >= sizeof address.sun_path)
        return base::fail(base::ErrorCode::LimitExceeded, "socket name too long: " + text);
    std::memcpy(address.sun_path, text.c_str(), text.size() + 1);
    return address;
}

base::Result<base::Fd> listen_at(const fs::path& path) {
    UB_TRY(const auto address, socket_address(path));
    ::unlink(path.c_str());
    base::Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd || ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(fd.get(), 64) != 0)
        return base::fail(base::system_error("listen " + path.string()));
    ::chmod(path.c_str(), 0666);
    return fd;
}

std::uint16_t word_at(const base::Bytes& bytes, std::size_t at) {
    return bytes.size() > at + 1 ? static_cast<std::uint16_t>(bytes[at] | (bytes[at + 1] << 8)) : std::uint16_t{0};
}

std::uint8_t byte_at(const base::Bytes& bytes, std::size_t at) { return bytes.size() > at ? bytes[at] : std::uint8_t{0}; }

std::string string_of(const UsbDescriptors& descriptors, std::size_t offset) {
    const auto found = descriptors.strings.find(byte_at(descriptors.device, offset));
    return found == descriptors.strings.end() ? std::string() : found->second;
}

}  // namespace

fs::path DeviceEntry::sysfs_folder() const {
    fs::path folder = fs::path(kControllerFolder) / fmt::format("usb{}", address.bus);
    if (port.rfind("usb", 0) == 0) return folder;
    // "1-1.4.2" lives in 1-1/1-1.4/1-1.4.2.
    for (std::size_t dot = port.find('.'); dot != std::string::npos; dot = port.find('.', dot + 1))
        folder /= port.substr(0, dot);
    return folder / port;
}

fs::path DeviceEntry::node() const { return fmt::format("dev/bus/usb/{:03}/{:03}", address.bus, address.device); }

UeventProperties DeviceEntry::properties(bool absolute_node) const {
    const auto& device = descriptors.device;
    const auto node_name = fmt::format("bus/usb/{:03}/{:03}", address.bus, address.device);
    return {{"MAJOR", "189"},
            {"MINOR", std::to_string((address.bus - 1) * 128 + address.device - 1)},
            {"DEVNAME", absolute_node ? "/dev/" + node_name : node_name},
            {"DEVTYPE", "usb_device"},
            {"DRIVER", "usb"},
            {"PRODUCT", fmt::format("{:x}/{:x}/{:x}", word_at(device, 8), word_at(device, 10), word_at(device, 12))},
            {"TYPE", fmt::format("{}/{}/{}", byte_at(device, 4), byte_at(device, 5), byte_at(device, 6))},
            {"BUSNUM", fmt::format("{:03}", address.bus)},
            {"DEVNUM", fmt::format("{:03}", address.device)}};
}

base::Result<std::unique_ptr<UsbView>> UsbView::create(const fs::path& root) {
    for (const char* folder : {"sys/bus/usb/devices", "sys/class", kControllerFolder, "dev/bus/usb", "dev/.node",
                               "ioctl/dev/bus/usb"})
        UB_TRY_VOID(base::make_directories(root / folder));
    std::unique_ptr<UsbView> view(new UsbView(root));
    UB_TRY(view->default_listener_, listen_at(root / "ioctl/_default"));
    return view;
}

UsbView::~UsbView() {
    {
        std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_all();
    teller_.join();
    std::error_code ignored;
    fs::remove_all(root_, ignored);
}

base::Result<UsbView::Node> UsbView::add(const DeviceEntry& device) {
    const auto& d = device.descriptors;
    const auto folder = root_ / device.sysfs_folder();
    UB_TRY_VOID(base::make_directories(folder));
    std::string uevent;
    for (const auto& [name, value] : device.properties(false)) uevent += name + "=" + value + "\n";
    const std::string port_path = device.port.rfind("usb", 0) == 0 ? "0" : device.port.substr(device.port.find('-') + 1);
    const std::pair<const char*, std::string> attributes[] = {
        {"busnum", std::to_string(device.address.bus)},
        {"devnum", std::to_string(device.address.device)},
        {"devpath", port_path},
        {"speed", std::to_string(d.speed_mbit)},
        {"version", " 2.00"},
        {"bConfigurationValue", std::to_string(d.configuration)},
        {"bNumConfigurations", std::to_string(byte_at(d.device, 17))},
        {"bDeviceClass", fmt::format("{:02x}", byte_at(d.device, 4))},
        {"bMaxPower", fmt::format("{}mA", d.removable_milliamps)},
        {"bcdDevice", fmt::format("{:04x}", word_at(d.device, 12))},
        {"idVendor", fmt::format("{:04x}", word_at(d.device, 8))},
        {"idProduct", fmt::format("{:04x}", word_at(d.device, 10))},
        {"manufacturer", string_of(d, 14)},
        {"product", string_of(d, 15)},
        {"serial", string_of(d, 16)},
        {"dev", fmt::format("189:{}", (device.address.bus - 1) * 128 + device.address.device - 1)},
        {"removable", "removable"},
        {"authorized", "1"},
        {"maxchild", device.port.rfind("usb", 0) == 0 ? "4" : "0"},
    };
    for (const auto& [name, value] : attributes)
        if (!value.empty()) UB_TRY_VOID(write_text(folder / name, value + "\n"));
    std::string raw(d.device.begin(), d.device.end());
    raw.append(d.configurations.begin(), d.configurations.end());
    UB_TRY_VOID(write_text(folder / "descriptors", raw));
    UB_TRY_VOID(write_text(folder / "uevent", uevent));
    // subsystem is relative, so that it stays inside the view.
    const auto sysfs = device.sysfs_folder();
    const auto depth = std::distance(sysfs.begin(), sysfs.end()) - 1;
    std::string up;
    for (std::ptrdiff_t i = 0; i < depth; ++i) up += "../";
    UB_TRY_VOID(link_to(up + "bus/usb", folder / "subsystem"));

    Node node;
    const auto node_path = root_ / device.node();
    UB_TRY_VOID(base::make_directories(node_path.parent_path()));
    const auto socket_path = root_ / "ioctl" / device.node();
    UB_TRY_VOID(base::make_directories(socket_path.parent_path()));
    if (device.permitted) {
        UB_TRY(node.pipe, ReadyPipe::create(node_path));
        UB_TRY(node.listener, listen_at(socket_path));
    } else {
        // A file that even root may not open for writing: open() fails with EACCES as for a user
        // without a udev rule.
        UB_TRY_VOID(link_to("/proc/sys/kernel/version", node_path));
    }
    const auto number = fmt::format("189:{}", (device.address.bus - 1) * 128 + device.address.device - 1);
    UB_TRY_VOID(link_to(number, root_ / "dev/.node" /
                                    fmt::format("bus_usb_{:03}_{:03}", device.address.bus, device.address.device)));
    UB_TRY_VOID(link_to("../../../" + fs::path(device.sysfs_folder()).lexically_relative("sys").string(),
                        root_ / "sys/bus/usb/devices" / device.port));
    return node;
}

void UsbView::remove(const DeviceEntry& device) {
    std::error_code ignored;
    fs::remove(root_ / "sys/bus/usb/devices" / device.port, ignored);
    fs::remove_all(root_ / device.sysfs_folder(), ignored);
    fs::remove(root_ / device.node(), ignored);
    // The ioctl socket and the .node link stay: a client that has just opened the node would be ended by
    // the preload library if its connect failed. The next device of this number replaces them.
}

void UsbView::announce(std::string message) {
    {
        std::lock_guard lock(mutex_);
        messages_.push_back(std::move(message));
    }
    changed_.notify_all();
}

void UsbView::tell() {
    base::Fd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    // A stopped client whose queue is full must not hold up the end of the world.
    const timeval patience{2, 0};
    ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    std::unique_lock lock(mutex_);
    for (;;) {
        changed_.wait(lock, [&] { return stopping_ || !messages_.empty(); });
        if (stopping_) return;
        const auto message = std::move(messages_.front());
        messages_.pop_front();
        lock.unlock();
        std::error_code ignored;
        for (fs::directory_iterator at(root_, ignored), end; at != end; at.increment(ignored)) {
            if (at->path().filename().string().rfind("event", 0) != 0) continue;
            const auto address = socket_address(at->path());
            if (!address) continue;
            // Errors: a monitor that was closed leaves its socket file behind.
            ::sendto(fd.get(), message.data(), message.size(), MSG_NOSIGNAL,
                     reinterpret_cast<const sockaddr*>(&*address), sizeof *address);
        }
        lock.lock();
    }
}

}  // namespace unbrick::simulator
