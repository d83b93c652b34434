// syslog_relay: raw lines of the phone's log, each ended by a newline and a zero byte, and then what
// comes; here the scenario's lines, and silence.
#include <fmt/format.h>

#include <array>

#include "simulator/services/service_table.h"

namespace unbrick::simulator::services {

void serve_syslog_relay(System& system, mux::Stream& stream) {
    std::vector<std::string> lines = system.nature().syslog;
    if (lines.empty()) lines = {"kernel[0] <Notice>: wake reason: usb", "SpringBoard[58] <Notice>: ready"};
    for (const std::string& line : lines) {
        const std::string text = fmt::format("Jan  1 12:00:00 {} {}\n", system.nature().device_name, line);
        base::Bytes bytes(text.begin(), text.end());
        bytes.push_back(0);
        if (!stream.write_all(bytes, base::Deadline::after(std::chrono::seconds(30)))) return;
    }
    std::array<std::uint8_t, 256> sink{};
    while (true) {
        auto got = stream.read_some(sink, mux::idle_deadline());
        if (!got || *got == 0) return;
    }
}

}  // namespace unbrick::simulator::services
