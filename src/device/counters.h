// Counts of what happened on a link, by kind: the raw numbers of the link doctor.
#pragma once

#include <atomic>
#include <cstdint>

namespace unbrick::device {

struct TransferCounts {
    std::uint64_t transfers = 0;
    std::uint64_t bytes_out = 0, bytes_in = 0;
    std::uint64_t timeouts = 0;
    std::uint64_t stalls = 0;        // of requests that should not stall; an unset boot variable is none
    std::uint64_t short_writes = 0;
    std::uint64_t overflows = 0;
    std::uint64_t lost = 0;          // the device left in the middle
    std::uint64_t other = 0;
    std::uint64_t cancelled = 0;
    std::uint64_t errors() const { return timeouts + stalls + short_writes + overflows + lost + other; }
};

// Written by the link's thread, read by any.
class TransferCounters {
public:
    std::atomic<std::uint64_t> transfers{0}, bytes_out{0}, bytes_in{0}, timeouts{0}, stalls{0}, short_writes{0},
        overflows{0}, lost{0}, other{0}, cancelled{0};
    TransferCounts read() const {
        return {transfers, bytes_out, bytes_in, timeouts, stalls, short_writes, overflows, lost, other, cancelled};
    }
};

}  // namespace unbrick::device
