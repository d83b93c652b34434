#include "simulator/world/usb_host.h"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <mutex>

#include "simulator/usb/bus.h"
#include "simulator/usb/phone_port.h"

namespace unbrick::simulator {

namespace {

constexpr std::string_view kPreloadLibrary = "libumockdev-preload.so.0";

// Without the library a program would quietly see this computer's own USB bus, and real phones on it.
bool preload_library_installed() {
    std::error_code ignored;
    for (const std::filesystem::path root : {"/usr/lib", "/lib", "/usr/lib64", "/usr/local/lib"}) {
        if (std::filesystem::exists(root / kPreloadLibrary, ignored)) return true;
        for (const auto& entry : std::filesystem::directory_iterator(root, ignored))
            if (std::filesystem::exists(entry.path() / kPreloadLibrary, ignored)) return true;
    }
    return false;
}

}  // namespace

struct UsbHost::State {
    struct Port {
        PhoneUnit* unit = nullptr;
        UsbBus::Place place;
        std::shared_ptr<LinkFaults> faults;
        std::unique_ptr<PhonePort> port;
    };
    HostNature host;
    std::mutex mutex;
    std::unique_ptr<UsbBus> bus;
    std::vector<Port> ports;  // before the bus in destruction
    std::map<std::string, std::string> environment;

    Port* port_of(const PhoneUnit& unit) {
        for (Port& port : ports)
            if (port.unit == &unit) return &port;
        return nullptr;
    }
};

UsbHost::UsbHost(std::unique_ptr<State> state) : state_(std::move(state)) {}
UsbHost::~UsbHost() = default;

base::Result<std::unique_ptr<UsbHost>> UsbHost::create(Timeline& timeline, const HostNature& host) {
    if (!preload_library_installed())
        return base::fail(base::ErrorCode::HostEnvironment,
                          fmt::format("{} is missing (Debian package umockdev): without it a rehearsal would mix with "
                                      "real phones", kPreloadLibrary));
    auto state = std::make_unique<State>();
    state->host = host;
    UsbBusOptions options;
    options.root_hubs = static_cast<int>(host.hubs);
    UB_TRY(state->bus, UsbBus::create(timeline, options));
    std::unique_ptr<UsbHost> result(new UsbHost(std::move(state)));
    UB_TRY(result->state_->environment, result->new_view());
    return result;
}

base::Status UsbHost::add(PhoneUnit& unit) {
    const std::lock_guard lock(state_->mutex);
    State::Port port;
    port.unit = &unit;
    port.place.port = fmt::format("1-{}", unit.index() + 1);
    port.place.permitted = state_->host.usb_permission;
    if (unit.scenario().usb.contains("link")) {
        UB_TRY(port.faults, LinkFaults::from_json(unit.scenario().usb.at("link")));
    }
    port.port = std::make_unique<PhonePort>(*state_->bus, unit.phone(), port.place, port.faults);
    state_->ports.push_back(std::move(port));
    return {};
}

void UsbHost::grant_permission() {
    const std::lock_guard lock(state_->mutex);
    for (State::Port& port : state_->ports) {
        port.place.permitted = true;
        port.port->move(port.place, port.faults);
    }
}

void UsbHost::act(PhoneUnit& unit, const std::string& name) {
    const std::lock_guard lock(state_->mutex);
    State::Port* port = state_->port_of(unit);
    if (port == nullptr) return;
    // A fault of the link ends with the act that the scenario names: another cable, another port ...
    const bool cured = base::json_string(unit.scenario().usb, "cured_by").value_or("") == name;
    if (cured) port->faults.reset();
    if (name == "other-port" && state_->host.hubs >= 2) port->place.port = fmt::format("2-{}", unit.index() + 1);
    if (cured || name == "other-port") port->port->move(port->place, port->faults);
}

const std::map<std::string, std::string>& UsbHost::environment() const { return state_->environment; }

base::Result<std::map<std::string, std::string>> UsbHost::new_view() {
    UB_TRY(const auto view, state_->bus->create_view());
    auto environment = UsbBus::environment(view);
    // A sanitizer's or a tracer's own library stays.
    if (const char* already = std::getenv("LD_PRELOAD"); already != nullptr && *already != '\0')
        environment["LD_PRELOAD"] += fmt::format(":{}", already);
    return environment;
}

}  // namespace unbrick::simulator
