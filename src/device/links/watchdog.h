// Ends blocking calls of libimobiledevice: shuts their socket down when the deadline passes or a stop is
// requested. The call then fails as if the phone had hung up. One thread for all connections.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>

#include "src/base/cancel.h"

namespace unbrick::device {

class SocketGuard {
public:
    // `descriptor` stays owned by the caller and must outlive the guard.
    SocketGuard(int descriptor, const base::Deadline& deadline, const std::stop_token& stop);
    ~SocketGuard();
    SocketGuard(const SocketGuard&) = delete;
    SocketGuard& operator=(const SocketGuard&) = delete;
    bool fired() const;                  // it has shut the socket down: the connection is finished

private:
    std::uint64_t id_ = 0;
    std::shared_ptr<std::atomic<bool>> fired_;
    std::optional<std::stop_callback<std::function<void()>>> on_stop_;
};

// Runs `work` (a call of libimobiledevice that hides its socket) on a thread of its own and waits for it. When
// the deadline passes first, the thread is left to end by itself, at the latest with the phone's departure: it
// keeps what it uses alive by `work`'s captures. Errors: TimedOut, Cancelled.
base::Status run_bounded(std::function<void()> work, const base::Deadline& deadline, const std::stop_token& stop);

}  // namespace unbrick::device
