// What goes wrong on the link between host and phone, as a scenario says it. Counts go on over
// re-enumerations: a bad cable stays bad.
//
//   {"latency": 0.001, "rate": 38000000, "rules": [
//     {"mode": "recovery", "stage": "ibec", "transfer": "bulk-out", "nth": 3, "times": 1,
//      "do": "disconnect", "replug_after": 4} ]}
//
// Which transfers: mode, stage, transfer (control, control-out, control-in, bulk-out, bulk-in, any),
// contains (text in the data sent, such as a command). When, among these: nth (from 1), every, byte (of
// all bytes sent in them), chance (0..1, from a seeded generator). times: how often, 0 for always.
// What: stall, short (half of the data), timeout (never answered), disconnect (the cable loses contact;
// with replug_after seconds it comes back), wrong (one bit of the answer or data turned), delay
// (seconds), error (bus error).
#pragma once

#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "simulator/phone/phone.h"
#include "simulator/usb/usb_device.h"

namespace unbrick::simulator {

class LinkFaults {
public:
    LinkFaults() = default;
    // Errors: InvalidInput that names the member.
    static base::Result<std::shared_ptr<LinkFaults>> from_json(const base::Json& link);

    enum class Effect { None, Stall, Short, Timeout, Disconnect, Wrong, Delay, Error };
    struct Decision {
        Effect effect = Effect::None;
        double delay = 0;                    // latency, rate and Effect::Delay together
        std::optional<double> replug_after;
    };
    enum class Transfer { ControlOut, ControlIn, BulkOut, BulkIn };
    Decision decide(const PhoneState& state, Transfer transfer, base::ByteView sent);

private:
    struct Rule {
        std::optional<Mode> mode;
        std::optional<Stage> stage;
        std::string transfer = "any", contains;
        std::optional<std::uint64_t> nth, every, byte;
        std::optional<double> chance;
        std::uint64_t times = 1;
        Effect effect = Effect::Stall;
        double seconds = 0;
        std::optional<double> replug_after;
        std::uint64_t seen = 0, bytes = 0, fired = 0;
    };
    static base::Result<Rule> rule_from(const base::Json& json, std::size_t index);
    bool fires(Rule& rule, const PhoneState& state, Transfer transfer, base::ByteView sent);

    std::mutex mutex_;
    double latency_ = 0;
    double rate_ = 0;  // bytes per phone second; 0: no limit
    std::vector<Rule> rules_;
    std::mt19937 random_{20240917};
};

// A device behind such a link.
std::shared_ptr<UsbDevice> behind_link(std::shared_ptr<UsbDevice> device, std::shared_ptr<LinkFaults> faults,
                                       VirtualPhone& phone);

}  // namespace unbrick::simulator
