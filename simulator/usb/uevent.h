// The datagram with which udev tells programs that a device came or went (virtual-phone.md 1.2).
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace unbrick::simulator {

using UeventProperties = std::vector<std::pair<std::string, std::string>>;
std::string uevent_message(const UeventProperties& properties, const std::string& subsystem,
                           const std::string& devtype);

}  // namespace unbrick::simulator
