// One recorded life on usbmux: services that answer as they were recorded. Sessions stay plain text, since a
// recording holds no keys.
#pragma once

#include <functional>
#include <memory>

#include "simulator/mux/server.h"
#include "simulator/replay/recording.h"

namespace unbrick::simulator::replay {

inline constexpr const char* kReplayHostId = "00000000-0000-4000-8000-0000005EC04D";

// `leave` is called once, from a connection's thread.
std::function<mux::Service(std::uint16_t)> make_replay_services(const Life& life, std::function<void()> leave);
// A pair record that only says that there is one.
base::Bytes replay_pair_record();

}  // namespace unbrick::simulator::replay
