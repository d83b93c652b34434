// Cancelling and deadlines: every wait in the program takes one of these.
#pragma once

#include <chrono>
#include <stop_token>

#include "src/base/result.h"

namespace unbrick::base {

using SteadyClock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// A point in host time after which a wait ends with ErrorCode::TimedOut.
class Deadline {
public:
    static Deadline after(SteadyClock::duration span) { return Deadline(SteadyClock::now() + span); }
    static Deadline never() { return Deadline(SteadyClock::time_point::max()); }
    explicit Deadline(SteadyClock::time_point when) : when_(when) {}

    bool expired() const { return SteadyClock::now() >= when_; }
    SteadyClock::time_point when() const { return when_; }
    // Never negative; capped at one day so that it fits every poll().
    milliseconds remaining() const {
        if (when_ == SteadyClock::time_point::max()) return std::chrono::hours(24);
        const auto now = SteadyClock::now();
        if (now >= when_) return milliseconds(0);
        const auto left = std::chrono::duration_cast<milliseconds>(when_ - now) + milliseconds(1);
        return left < milliseconds(std::chrono::hours(24)) ? left : milliseconds(std::chrono::hours(24));
    }
    Deadline earlier_of(SteadyClock::duration span) const {
        const auto other = SteadyClock::now() + span;
        return Deadline(other < when_ ? other : when_);
    }

private:
    SteadyClock::time_point when_;
};

// What a job hands down: who may stop it.
inline Status check_cancelled(const std::stop_token& stop, std::string_view what) {
    if (stop.stop_requested())
        return fail(ErrorCode::Cancelled, std::string(what) + ": cancelled");
    return {};
}

}  // namespace unbrick::base
