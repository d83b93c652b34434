// A world: phones, the host around them, a person, and the sockets that a program in it uses.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "simulator/world/scenario.h"
#include "src/base/json.h"
#include "src/base/result.h"

namespace unbrick::simulator {

struct WorldOptions {
    double speed = 1.0;  // phone seconds per host second
    // Types a line into the program's standard input; may be empty. Called from the timeline's thread.
    std::function<void(const std::string&)> type_line;
    bool type_json = false;  // answers as JSON objects (the program runs with --json)
};

class VirtualPhone;

class World {
public:
    // Errors: HostEnvironment when the computer cannot hold an emulated bus.
    static base::Result<std::unique_ptr<World>> create(Scenario scenario, WorldOptions options);
    ~World();
    World(const World&) = delete;

    // What a program needs to live in this world, and nothing that leads out of it.
    std::map<std::string, std::string> environment() const;
    // By its place in the scenario.
    const VirtualPhone& phone(std::size_t index) const;
    // When this returns, host and person have heard of everything that the phones did so far.
    void catch_up();
    // One request of the control socket.
    base::Json control(const base::Json& request);
    // Lets phone time run on, as fast as it goes, until the phones have shown what became of them (a
    // phone in Normal: up for 240 s), and asks them. Call it when the program has ended.
    base::Json verdict();

private:
    struct State;
    explicit World(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace unbrick::simulator
