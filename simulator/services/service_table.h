// The services that lockdownd starts. Each runs on its own connection until the host hangs up.
#pragma once

#include <memory>
#include <string>

#include "simulator/mux/stream.h"
#include "simulator/services/system.h"

namespace unbrick::simulator::services {

using ServiceFunction = void (*)(System& system, mux::Stream& stream);

void serve_diagnostics_relay(System& system, mux::Stream& stream);
void serve_mobile_activation(System& system, mux::Stream& stream);
void serve_crash_report_mover(System& system, mux::Stream& stream);
void serve_crash_report_files(System& system, mux::Stream& stream);
void serve_syslog_relay(System& system, mux::Stream& stream);
void serve_notification_proxy(System& system, mux::Stream& stream);
void serve_preboard(System& system, mux::Stream& stream);

struct ServiceEntry {
    const char* name;
    ServiceFunction serve;
    bool while_locked;  // starts although the phone was not unlocked since it booted
};

// nullptr: the phone has no such service.
const ServiceEntry* find_service(const std::string& name);

}  // namespace unbrick::simulator::services
