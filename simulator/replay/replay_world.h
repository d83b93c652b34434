// A world in which a flight recording plays the phones (docs/recording.md). It answers what was asked then;
// each life on the bus ends when the host does what ended it in the recording, else after its recorded time.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "src/base/result.h"

namespace unbrick::simulator::replay {

class ReplayWorld {
public:
    // Errors: as read_recording; HostEnvironment when the computer cannot hold an emulated bus.
    static base::Result<std::unique_ptr<ReplayWorld>> create(const std::filesystem::path& recording, double speed);
    ~ReplayWorld();
    ReplayWorld(const ReplayWorld&) = delete;
    // What a program needs to live in it. Signing and firmware servers lead nowhere.
    std::map<std::string, std::string> environment() const;

private:
    struct State;
    explicit ReplayWorld(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace unbrick::simulator::replay
