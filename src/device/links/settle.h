// A phone that has just enumerated may refuse to be opened for a moment: libirecovery tries 10 to 20 times
// (restore-protocol.md 1.7, 2.2). It signals nothing when it is ready, so this asks again at intervals.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <string_view>

#include "src/base/cancel.h"
#include "src/base/result.h"

namespace unbrick::device {

inline constexpr std::chrono::milliseconds kOpenAgainAfter{250};

// A settle time that the phone needs and does not signal; ends early at a stop request.
inline void settle(std::chrono::milliseconds span, const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any changed;
    std::unique_lock lock(mutex);
    changed.wait_for(lock, stop, span, [] { return false; });
}

// Calls `open` until it succeeds or fails for good, or the deadline passes: then its last error.
template <class Open>
auto open_until_ready(const base::Deadline& deadline, const std::stop_token& stop, std::string_view what, Open open)
    -> decltype(open()) {
    while (true) {
        auto opened = open();
        if (opened) return opened;
        const auto code = opened.error().code();
        const bool may_pass = code == base::ErrorCode::Transport || code == base::ErrorCode::Stalled ||
                              code == base::ErrorCode::TimedOut || code == base::ErrorCode::Busy;
        if (!may_pass || deadline.remaining() <= kOpenAgainAfter)
            return base::fail(std::move(opened).error().with_context(std::string(what)));
        settle(kOpenAgainAfter, stop);
        UB_TRY_VOID(base::check_cancelled(stop, what));
    }
}

}  // namespace unbrick::device
