// A world of a scenario in the test's own process, and programs that run in it.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "simulator/phone/phone.h"
#include "simulator/world/world.h"

namespace unbrick::tests {

struct Outcome {
    int code = -1;
    std::string output;  // stdout and stderr
};

// Runs a shell command with more variables; never longer than a minute.
Outcome run_command(const std::string& command, const std::map<std::string, std::string>& environment = {});

class WorldOf {
public:
    explicit WorldOf(const std::string& scenario, const std::function<void(simulator::Scenario&)>& change = {}, double speed = 100);
    simulator::World& operator*() { return *world_; }
    simulator::World* operator->() { return world_.get(); }
    Outcome run(const std::string& command) const { return run_command(command, world_->environment()); }
    base::Json act(const std::string& name) { return world_->control({{"act", name}}); }
    base::Json phone(std::size_t index = 0) { return world_->control({{"state", true}}).at("phones").at(index); }
    // Waits (in host time, generously) until the phone has come there.
    bool reaches(const std::function<bool(const simulator::PhoneState&)>& there, std::size_t index = 0) const;
    bool services_up(std::size_t index = 0) const {
        return reaches([](const simulator::PhoneState& state) { return state.services_up; }, index);
    }
    bool unlocked() const {
        return reaches([](const simulator::PhoneState& state) { return !state.locked; });
    }

private:
    std::unique_ptr<simulator::World> world_;
};

}  // namespace unbrick::tests
