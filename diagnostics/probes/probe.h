// Probes: questions to the computer or to a phone that change nothing. Each gives evidence.
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "diagnostics/evidence.h"
#include "src/base/cancel.h"
#include "src/device/watcher.h"

namespace unbrick::diagnostics {

struct ProbeContext {
    device::Watcher* watcher = nullptr;        // may be null for host probes in tests
    std::optional<device::Phone> phone;        // as it is now; none: only host probes run
    base::Deadline deadline = base::Deadline::never();
    std::stop_token stop;
    std::chrono::milliseconds link_span{1500}; // how long the link probe measures
};

enum class ProbeCost { Instant, Seconds, Long };   // below 0.2 s, a few seconds, longer

struct Probe {
    std::string_view id;                       // "host.usbmuxd", "phone.battery" ...
    std::vector<device::Mode> modes;           // in which it can answer; empty: a host probe, needs no phone
    bool needs_trust = false;                  // needs a phone that trusts this computer
    ProbeCost cost = ProbeCost::Instant;
    std::vector<std::string_view> keys;        // the evidence that it may give
    // Errors are for the log: a probe that fails gives no evidence, or "probe.failed" with what the phone said.
    base::Result<std::vector<Evidence>> (*run)(const ProbeContext& context);
};

std::span<const Probe> all_probes();
const Probe* find_probe(std::string_view id);
// Those that can run now, cheapest first.
std::vector<const Probe*> probes_for(const std::optional<device::Phone>& phone);
// Runs one; a failure becomes evidence "probe.failed" {probe, code, text}.
std::vector<Evidence> run_probe(const Probe& probe, const ProbeContext& context);

}  // namespace unbrick::diagnostics
