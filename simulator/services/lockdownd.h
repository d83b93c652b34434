// lockdownd: the door of a running iOS, on port 62078 (virtual-phone.md section 2).
#pragma once

#include <memory>

#include "simulator/mux/server.h"
#include "simulator/services/system.h"

namespace unbrick::simulator::services {

inline constexpr std::uint16_t kLockdownPort = 62078;

// What a phone in Normal mode has behind `port`: lockdownd, or a service that was started through it.
mux::Service normal_mode_service(const std::shared_ptr<System>& system, std::uint16_t port);

}  // namespace unbrick::simulator::services
