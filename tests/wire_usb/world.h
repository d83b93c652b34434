// A phone on an emulated bus, for the tests in this folder.
#pragma once

#include <gtest/gtest.h>

#include "simulator/phone/phone.h"
#include "simulator/usb/phone_port.h"
#include "tests/wire_usb/process.h"

namespace unbrick::test {

using base::Json;
using namespace simulator;
using namespace std::chrono_literals;

inline Json iphone_x(const Json& more = Json::object()) {
    Json phone = {{"product_type", "iPhone10,6"},  {"board", "d221ap"},
                  {"cpid", "0x8015"},              {"bdid", "0x0e"},
                  {"ecid", "0x001A2B3C4D5E6F70"},  {"serial", "C39TESTPHON"},
                  {"imei", "350000000000007"},     {"srtg", "iBoot-3332.0.0.1.23"},
                  {"iboot_version", "iBoot-8419.80.7"}};
    phone.update(more);
    return phone;
}

inline Json in_recovery(Json more = Json::object()) {
    more["start"] = {{"mode", "recovery"}};
    if (!more.contains("boot_variables")) more["boot_variables"] = {{"auto-boot", "false"}};
    return iphone_x(more);
}

struct World {
    // No hubs by default: with them Debian 12's irecovery may crash (virtual-phone.md 1.6).
    explicit World(const Json& phone_json, int root_hubs = 0, double speed = 200, const Json& link = nullptr)
        : timeline(speed),
          phone(Nature::from_json(phone_json).value(), timeline),
          bus(UsbBus::create(timeline, {root_hubs, {}}).value()),
          port(*bus, phone, {}, link.is_null() ? nullptr : LinkFaults::from_json(link).value()) {}

    std::map<std::string, std::string> environment() { return UsbBus::environment(bus->create_view().value()); }
    std::unique_ptr<Process> start(const std::vector<std::string>& command) {
        return std::make_unique<Process>(command, environment());
    }
    std::unique_ptr<Process> client(std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), std::string(UNBRICK_BUILD_FOLDER) + "/usb_client");
        return start(arguments);
    }
    // The phone gets there, and clients can see it.
    bool shows(const std::function<bool(const PhoneState&)>& what) {
        const auto deadline = base::Deadline::after(20s);
        PhoneState state;
        return phone.wait_until([&](const PhoneState& s) { state = s; return s.on_bus && what(s); }, deadline) &&
               port.wait_until_shown(state, deadline);
    }
    bool rests_in(Mode mode, unsigned starts = 0) {
        return shows([&](const PhoneState& s) { return s.mode == mode && s.starts >= starts; });
    }
    bool violated(const std::string& rule) const {
        for (const auto& one : phone.violations())
            if (one.at("rule") == rule) return true;
        return false;
    }

    Timeline timeline;
    VirtualPhone phone;
    std::unique_ptr<UsbBus> bus;
    PhonePort port;
};

}  // namespace unbrick::test
