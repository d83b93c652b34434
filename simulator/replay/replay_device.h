// One recorded life on USB, as a device of the emulated bus: answers as it was recorded.
#pragma once

#include <deque>
#include <functional>
#include <map>

#include "simulator/replay/recording.h"
#include "simulator/usb/usb_device.h"

namespace unbrick::simulator::replay {

// `leave` is called once, from the bus's thread, when the host did what ended this life in the recording.
std::shared_ptr<UsbDevice> make_replay_device(const Life& life, std::function<void()> leave);

}  // namespace unbrick::simulator::replay
