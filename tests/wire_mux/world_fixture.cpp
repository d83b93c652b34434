#include "tests/wire_mux/world_fixture.h"

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>

#include "src/base/cancel.h"

namespace unbrick::tests {

namespace {

std::string quoted(const std::string& text) {
    std::string result = "'";
    for (const char letter : text) result += letter == '\'' ? "'\\''" : std::string(1, letter);
    return result + "'";
}

}  // namespace

Outcome run_command(const std::string& command, const std::map<std::string, std::string>& environment) {
    std::string line = "exec env";
    for (const auto& [name, value] : environment) line += " " + name + "=" + quoted(value);
    line += " timeout 60 bash -c " + quoted(command) + " 2>&1 </dev/null";
    Outcome outcome;
    FILE* pipe = ::popen(line.c_str(), "r");
    if (pipe == nullptr) return outcome;
    std::array<char, 4096> chunk{};
    for (std::size_t got = 0; (got = ::fread(chunk.data(), 1, chunk.size(), pipe)) > 0;) outcome.output.append(chunk.data(), got);
    const int status = ::pclose(pipe);
    outcome.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return outcome;
}

WorldOf::WorldOf(const std::string& name, const std::function<void(simulator::Scenario&)>& change, double speed) {
    auto scenario = simulator::find_scenario(name);
    if (!scenario) throw std::runtime_error(scenario.error().to_string());
    if (change) change(*scenario);
    simulator::WorldOptions options;
    options.speed = speed;
    auto world = simulator::World::create(std::move(*scenario), std::move(options));
    if (!world) throw std::runtime_error(world.error().to_string());
    world_ = std::move(*world);
}

bool WorldOf::reaches(const std::function<bool(const simulator::PhoneState&)>& there, std::size_t index) const {
    const bool reached = world_->phone(index).wait_until(there, base::Deadline::after(std::chrono::seconds(30)));
    world_->catch_up();
    return reached;
}

}  // namespace unbrick::tests
