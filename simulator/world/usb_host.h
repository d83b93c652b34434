// The USB side of the host: the emulated bus, and each phone's device on it while it has one.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "simulator/world/phone_unit.h"
#include "simulator/world/scenario.h"

namespace unbrick::simulator {

class UsbHost {
public:
    // Errors: HostEnvironment when the preload library is missing (a program would see this computer's
    // real bus); as UsbBus::create.
    static base::Result<std::unique_ptr<UsbHost>> create(Timeline& timeline, const HostNature& host);
    ~UsbHost();

    // Follows the phone from now on. `unit` outlives this.
    base::Status add(PhoneUnit& unit);
    // The device nodes may be opened from now on; phones that are there appear anew.
    void grant_permission();
    // What "other-port" and "other-cable" mean for the phone's port and its link.
    void act(PhoneUnit& unit, const std::string& name);
    // Variables for the first program, and for one more program.
    const std::map<std::string, std::string>& environment() const;
    base::Result<std::map<std::string, std::string>> new_view();

private:
    struct State;
    explicit UsbHost(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace unbrick::simulator
