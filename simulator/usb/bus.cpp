#include "simulator/usb/bus.h"

#include <fmt/core.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <list>
#include <set>
#include <thread>

#include "simulator/usb/bus_device.h"
#include "simulator/usb/descriptors.h"
#include "simulator/usb/session.h"
#include "simulator/usb/view.h"

namespace unbrick::simulator {

namespace fs = std::filesystem;

namespace {

class RootHub : public UsbDevice {
public:
    explicit RootHub(int bus) {
        UsbIds ids;
        ids.vendor = 0x1d6b;  // Linux Foundation
        ids.product = 0x0002;
        ids.release = 0x0601;
        ids.device_class = 9;
        ids.manufacturer_string = 3;
        ids.product_string = 2;
        ids.serial_string = 1;
        descriptors_.device = device_descriptor(ids);
        UsbInterface interface;
        interface.interface_class = 9;
        interface.interface_subclass = 0;
        interface.interface_protocol = 0;
        interface.bulk_endpoints = {0x81};
        descriptors_.configurations = configuration_descriptor(1, {interface});
        descriptors_.strings = {{1, fmt::format("0000:00:14.{}", bus - 1)},
                                {2, "xHCI Host Controller"},
                                {3, "Linux xhci-hcd"}};
    }
    const UsbDescriptors& descriptors() const override { return descriptors_; }

private:
    UsbDescriptors descriptors_;
};

// The bus of "1-2.4", or 0 when it is not a port.
int bus_of_port(std::string_view port) {
    const auto dash = port.find('-');
    if (dash == std::string_view::npos || dash == 0 || dash + 1 == port.size()) return 0;
    for (const char c : port.substr(dash + 1))
        if (c != '.' && (c < '0' || c > '9')) return 0;
    const auto bus = base::parse_int(port.substr(0, dash));
    return bus && *bus >= 1 && *bus <= 99 ? static_cast<int>(*bus) : 0;
}

constexpr int kLastDeviceNumber = 127;
constexpr std::size_t kLongestFolder = 60;

}  // namespace

struct UsbBus::State {
    struct Attached {
        DeviceEntry entry;
        std::shared_ptr<BusDevice> device;
    };
    // What a descriptor in the poll set is.
    struct Watched {
        base::Fd fd;
        const UsbView* view = nullptr;
        bool passes = false;  // a connection for a file that is not ours
        bool default_listener = false;
        UsbAddress address;
        std::shared_ptr<BusDevice> device;
        std::shared_ptr<ReadyPipe> pipe;
    };
    struct Session {
        base::Fd fd;
        std::thread thread;
        std::atomic<bool> over = false;
    };

    explicit State(Timeline& t) : timeline(t) {}
    ~State();

    base::Status publish(UsbView& view, const Attached& attached, bool announce);
    void watch(Watched watched);
    void unwatch_if(const std::function<bool(const Watched&)>& which);
    void run();
    void accept_on(int listener);
    void reap_sessions(bool all);
    void wake_up();
    std::string event(const DeviceEntry& entry, const char* action);

    Timeline& timeline;
    std::optional<base::TemporaryFolder> own_folder;
    fs::path folder;
    std::mutex mutex;
    std::list<Attached> attached;   // root hubs first
    std::map<fs::path, std::unique_ptr<UsbView>> views;
    std::map<int, int> last_number;  // per bus
    unsigned last_view = 0;
    std::uint64_t event_number = 1000;
    std::map<int, Watched> watched;
    std::list<Session> sessions;
    base::Fd poll, wake;
    std::atomic<bool> stopping = false;
    std::thread thread;
};

UsbBus::UsbBus(std::unique_ptr<State> state) : state_(std::move(state)) {}
UsbBus::~UsbBus() = default;

base::Result<std::unique_ptr<UsbBus>> UsbBus::create(Timeline& timeline, UsbBusOptions options) {
    auto state = std::make_unique<State>(timeline);
    if (options.folder.empty()) {
        UB_TRY(auto folder, base::TemporaryFolder::create("usb"));
        state->own_folder.emplace(std::move(folder));
        state->folder = state->own_folder->path();
    } else {
        UB_TRY_VOID(base::make_directories(options.folder));
        state->folder = options.folder;
    }
    if (state->folder.string().size() > kLongestFolder)
        return base::fail(base::ErrorCode::LimitExceeded,
                          "the folder of the emulated bus has too long a name: " + state->folder.string());
    state->poll = base::Fd(::epoll_create1(EPOLL_CLOEXEC));
    state->wake = base::Fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!state->poll || !state->wake) return base::fail(base::system_error("epoll"));
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = state->wake.get();
    ::epoll_ctl(state->poll.get(), EPOLL_CTL_ADD, state->wake.get(), &event);

    for (int bus = 1; bus <= options.root_hubs; ++bus) {
        State::Attached hub;
        hub.device = std::make_shared<BusDevice>(std::make_shared<RootHub>(bus), timeline);
        hub.entry = {{bus, 1}, fmt::format("usb{}", bus), hub.device->descriptors(), true};
        state->attached.push_back(std::move(hub));
    }
    state->thread = std::thread([raw = state.get()] { raw->run(); });
    return std::unique_ptr<UsbBus>(new UsbBus(std::move(state)));
}

void UsbBus::State::wake_up() {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(wake.get(), &one, sizeof one);
}

UsbBus::State::~State() {
    stopping = true;
    wake_up();
    if (thread.joinable()) thread.join();
    for (auto& one_attached : attached) one_attached.device->gone();
    reap_sessions(true);
}

base::Result<fs::path> UsbBus::create_view() {
    auto& s = *state_;
    std::lock_guard lock(s.mutex);
    const auto root = s.folder / fmt::format("v{}", ++s.last_view);
    UB_TRY(auto view, UsbView::create(root));
    State::Watched fallback;
    fallback.fd = view->take_default_listener();
    fallback.view = view.get();
    fallback.default_listener = true;
    s.watch(std::move(fallback));
    for (const auto& attached : s.attached) UB_TRY_VOID(s.publish(*view, attached, false));
    s.views.emplace(root, std::move(view));
    return root;
}

void UsbBus::remove_view(const fs::path& root) {
    auto& s = *state_;
    std::unique_ptr<UsbView> view;
    {
        std::lock_guard lock(s.mutex);
        const auto found = s.views.find(root);
        if (found == s.views.end()) return;
        view = std::move(found->second);
        s.views.erase(found);
        s.unwatch_if([&](const State::Watched& one) { return one.view == view.get() && !one.passes; });
    }
    // Outside the lock: its teller may be in the middle of a message.
}

std::map<std::string, std::string> UsbBus::environment(const fs::path& view) {
    return {{"UMOCKDEV_DIR", view.string()}, {"LD_PRELOAD", "libumockdev-preload.so.0"}};
}

base::Result<UsbAddress> UsbBus::add(std::shared_ptr<UsbDevice> device, const Place& place) {
    auto& s = *state_;
    const int bus = bus_of_port(place.port);
    if (bus == 0) return base::fail(base::ErrorCode::InvalidInput, "not a USB port: " + place.port);
    std::optional<UsbAddress> before;
    {
        std::lock_guard lock(s.mutex);
        for (const auto& one : s.attached)
            if (one.entry.port == place.port) before = one.entry.address;
    }
    if (before) remove(*before);

    std::lock_guard lock(s.mutex);
    // As in Linux: numbers go up and start again, never two at once.
    std::set<int> taken;
    for (const auto& one : s.attached)
        if (one.entry.address.bus == bus) taken.insert(one.entry.address.device);
    int number = std::max(s.last_number[bus], 1);
    do number = number >= kLastDeviceNumber ? 2 : number + 1;
    while (taken.count(number) != 0);
    s.last_number[bus] = number;

    State::Attached attached;
    attached.device = std::make_shared<BusDevice>(std::move(device), s.timeline);
    attached.device->start();
    attached.entry = {{bus, number}, place.port, attached.device->descriptors(), place.permitted};
    for (const auto& [root, view] : s.views) UB_TRY_VOID(s.publish(*view, attached, true));
    s.attached.push_back(std::move(attached));
    return UsbAddress{bus, number};
}

void UsbBus::remove(UsbAddress address) {
    auto& s = *state_;
    std::shared_ptr<BusDevice> device;
    {
        std::lock_guard lock(s.mutex);
        for (auto at = s.attached.begin(); at != s.attached.end(); ++at) {
            if (!(at->entry.address == address) || at->entry.port.rfind("usb", 0) == 0) continue;
            device = at->device;
            for (const auto& [root, view] : s.views) {
                view->remove(at->entry);
                view->announce(s.event(at->entry, "remove"));
            }
            s.attached.erase(at);
            break;
        }
    }
    if (device) device->gone();
}

std::string UsbBus::State::event(const DeviceEntry& entry, const char* action) {
    UeventProperties properties = {
        {"ACTION", action},
        {"DEVPATH", "/" + entry.sysfs_folder().lexically_relative("sys").string()},
        {"SUBSYSTEM", "usb"},
        {"SEQNUM", std::to_string(++event_number)}};
    for (auto& property : entry.properties(true)) properties.push_back(std::move(property));
    properties.emplace_back("USEC_INITIALIZED", "1");
    return uevent_message(properties, "usb", "usb_device");
}

base::Status UsbBus::State::publish(UsbView& view, const Attached& one, bool announce) {
    // An earlier device of this number: nobody can be about to open it any more.
    unwatch_if([&](const Watched& old) {
        return old.view == &view && !old.passes && !old.default_listener && old.address == one.entry.address;
    });
    UB_TRY(auto node, view.add(one.entry));
    if (node.listener) {
        Watched entry;
        entry.fd = std::move(node.listener);
        entry.view = &view;
        entry.address = one.entry.address;
        entry.device = one.device;
        entry.pipe = node.pipe;
        watch(std::move(entry));
    }
    if (announce) view.announce(event(one.entry, "add"));
    return {};
}

void UsbBus::State::watch(Watched entry) {
    const int fd = entry.fd.get();
    watched[fd] = std::move(entry);
    epoll_event what{};
    what.events = EPOLLIN;
    what.data.fd = fd;
    ::epoll_ctl(poll.get(), EPOLL_CTL_ADD, fd, &what);
}

void UsbBus::State::unwatch_if(const std::function<bool(const Watched&)>& which) {
    std::erase_if(watched, [&](const auto& entry) {
        if (!which(entry.second)) return false;
        ::epoll_ctl(poll.get(), EPOLL_CTL_DEL, entry.first, nullptr);
        return true;
    });
}

void UsbBus::State::run() {
    std::array<epoll_event, 32> events{};
    while (!stopping) {
        const int count = ::epoll_wait(poll.get(), events.data(), static_cast<int>(events.size()), -1);
        for (int i = 0; i < count; ++i) {
            const int fd = events[static_cast<std::size_t>(i)].data.fd;
            std::uint64_t count_of_wakes = 0;
            if (fd == wake.get()) {
                [[maybe_unused]] const auto got = ::read(fd, &count_of_wakes, sizeof count_of_wakes);
            } else {
                accept_on(fd);
            }
        }
        reap_sessions(false);
    }
}

void UsbBus::State::accept_on(int fd) {
    std::lock_guard lock(mutex);
    const auto found = watched.find(fd);
    if (found == watched.end()) return;
    if (found->second.passes) {
        if (!pass_one_request(fd)) {
            ::epoll_ctl(poll.get(), EPOLL_CTL_DEL, fd, nullptr);
            watched.erase(found);
        }
        return;
    }
    // Sessions read blocking, each on its own thread: a client that is stopped holds up only itself.
    base::Fd connection(::accept4(fd, nullptr, nullptr, SOCK_CLOEXEC));
    if (!connection) return;
    if (found->second.default_listener) {
        Watched pass;
        pass.fd = std::move(connection);
        pass.view = found->second.view;
        pass.passes = true;
        watch(std::move(pass));
        return;
    }
    auto& session = sessions.emplace_back();
    session.fd = std::move(connection);
    session.thread = std::thread([this, &session, device = found->second.device, pipe = found->second.pipe] {
        serve_open_file(session.fd.get(), device, pipe);
        session.over = true;
        wake_up();
    });
}

void UsbBus::State::reap_sessions(bool all) {
    std::lock_guard lock(mutex);
    for (auto at = sessions.begin(); at != sessions.end();) {
        if (all) ::shutdown(at->fd.get(), SHUT_RDWR);
        if (!all && !at->over) {
            ++at;
            continue;
        }
        at->thread.join();
        at = sessions.erase(at);
    }
}

}  // namespace unbrick::simulator
