// What the benchmarks share. Each prints one JSON object to standard output and returns an exit code.
#pragma once

#include <algorithm>
#include <chrono>
#include <vector>

#include "src/base/json.h"

namespace unbrick::bench {

using Clock = std::chrono::steady_clock;

inline double milliseconds_since(Clock::time_point start) { return std::chrono::duration<double, std::milli>(Clock::now() - start).count(); }

inline base::OrderedJson summary(std::vector<double> values) {
    if (values.empty()) return {{"runs", 0}};
    std::sort(values.begin(), values.end());
    return {{"runs", values.size()}, {"median_ms", values[values.size() / 2]}, {"least_ms", values.front()}, {"most_ms", values.back()}};
}

// Knowledge load and inference. Touches no phone.
int engine(int runs);
// Pulls the plug of the rehearsal's phone and puts it back, `runs` times; how long until the workbench has a
// diagnosis, and until it names `cause`. Needs the environment of a rehearsal.
int plug_in(int runs, const std::string& cause);

}  // namespace unbrick::bench
