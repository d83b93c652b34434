#include "simulator/services/service_table.h"

#include <array>

namespace unbrick::simulator::services {

namespace {

constexpr std::array<ServiceEntry, 9> kServices = {{
    {"com.apple.mobile.diagnostics_relay", serve_diagnostics_relay, true},
    {"com.apple.iosdiagnostics.relay", serve_diagnostics_relay, true},
    {"com.apple.mobileactivationd", serve_mobile_activation, true},
    {"com.apple.crashreportmover", serve_crash_report_mover, true},
    {"com.apple.crashreportcopymobile", serve_crash_report_files, true},
    {"com.apple.syslog_relay", serve_syslog_relay, true},
    {"com.apple.mobile.notification_proxy", serve_notification_proxy, true},
    {"com.apple.preboardservice_v2", serve_preboard, false},
    {"com.apple.mobile.insecure_notification_proxy", serve_notification_proxy, true},
}};

}  // namespace

const ServiceEntry* find_service(const std::string& name) {
    for (const ServiceEntry& entry : kServices)
        if (name == entry.name) return &entry;
    return nullptr;
}

}  // namespace unbrick::simulator::services
