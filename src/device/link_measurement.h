// The link doctor: many small transfers that change nothing, and what became of them.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <vector>

#include "src/base/cancel.h"
#include "src/base/json.h"
#include "src/device/watcher.h"

namespace unbrick::device {

struct LinkMeasurement {
    std::uint64_t transfers = 0;
    std::uint64_t errors = 0;
    std::uint64_t timeouts = 0;
    std::uint64_t reconnects = 0;            // the phone left and came back while we measured
    double latency_ms_median = -1;           // negative: not measured
    double latency_ms_p95 = -1;
    double jitter_ms = -1;                   // mean distance of neighbours
    std::vector<float> latency_ms;           // newest last, at most 240
    std::string speed_mbit;                  // "480", as sysfs says
    double score = -1;                       // 0 (unusable) to 1 (no error, no re-connection)
    std::chrono::milliseconds span{0};
    base::Json to_json() const;
};

// The score from the counts alone: one re-connection or 2 % of errors halve it.
double link_score(std::uint64_t transfers, std::uint64_t errors, std::uint64_t reconnects);

// Measures for `span` of host time; `progress` is called about ten times a second on the caller's thread.
// Works in Normal (lockdown QueryType), Recovery and DFU/KIS (reads of a descriptor). A phone that leaves is
// waited for and counted. Errors: NoPhone (never seen), Cancelled, PermissionDenied.
base::Result<LinkMeasurement> measure_link(Watcher& watcher, const PhoneKey& key, std::chrono::milliseconds span,
                                           const std::function<void(const LinkMeasurement&)>& progress,
                                           const std::stop_token& stop);

}  // namespace unbrick::device
