#include "simulator/world/usb_host.h"

namespace unbrick::simulator {

struct UsbHost::State {
    std::map<std::string, std::string> environment;
};
UsbHost::UsbHost(std::unique_ptr<State> state) : state_(std::move(state)) {}
UsbHost::~UsbHost() = default;
base::Result<std::unique_ptr<UsbHost>> UsbHost::create(Timeline&, const HostNature&) {
    return std::unique_ptr<UsbHost>(new UsbHost(std::make_unique<State>()));
}
base::Status UsbHost::add(PhoneUnit&) { return {}; }
void UsbHost::grant_permission() {}
const std::map<std::string, std::string>& UsbHost::environment() const { return state_->environment; }
base::Result<std::map<std::string, std::string>> UsbHost::new_view() { return state_->environment; }
}  // namespace unbrick::simulator
