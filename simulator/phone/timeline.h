// Phone time: the clock of a virtual world and the things that happen in it at a time of their own.
//
// One thread runs every callback, in order of time, one after another; so callbacks must be short and
// must not wait. Phone time runs `speed` times as fast as host time and never stops.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

#include "src/base/cancel.h"

namespace unbrick::simulator {

using PhoneSeconds = std::chrono::duration<double>;

class Timeline {
public:
    using Task = std::function<void()>;
    using EventId = std::uint64_t;  // 0 is none

    explicit Timeline(double speed = 1.0);  // speed < 0.001 counts as 0.001
    ~Timeline();                            // runs nothing more; waits for the running callback
    Timeline(const Timeline&) = delete;
    Timeline& operator=(const Timeline&) = delete;

    double speed() const { return speed_; }
    // Phone seconds since the world began. Inside a callback: the time for which it was set, so that what
    // follows from it does not depend on how late a busy computer ran it; spans count from there, too.
    double now() const;
    base::SteadyClock::duration host_span(PhoneSeconds span) const;
    // Lets a span of phone time pass at once: what was set for it happens as fast as it goes, in order.
    // For the time after the last program has gone; a host that is connected would miss its deadlines.
    void skip(PhoneSeconds span);

    // Runs `task` after a span of phone time. `owner` groups events for cancel_all.
    EventId after(PhoneSeconds span, Task task, const void* owner = nullptr);
    // As after(), for what a phone waits for from a host: a fast world gives the computer ten seconds of
    // host time on top, since a busy machine is not a silent host.
    EventId patience(PhoneSeconds span, Task task, const void* owner = nullptr);
    // As soon as possible, behind everything posted before.
    EventId post(Task task, const void* owner = nullptr) { return after(PhoneSeconds(0), std::move(task), owner); }

    // When these return, the callback is not running and will not run (unless they are called from
    // inside it). Unknown ids are ignored.
    void cancel(EventId id);
    void cancel_all(const void* owner);
    // As cancel(), without waiting for a running callback: for callers that hold a lock it may want.
    void forget(EventId id);

private:
    struct Event {
        EventId id;
        const void* owner;
        Task task;
    };
    void run();
    base::SteadyClock::time_point host_now() const;
    base::SteadyClock::duration skipped() const { return base::SteadyClock::duration(skipped_.load()); }
    EventId schedule(base::SteadyClock::time_point when, Task task, const void* owner);
    bool on_own_thread() const { return std::this_thread::get_id() == thread_.get_id(); }

    const double speed_;
    const base::SteadyClock::time_point start_;
    std::atomic<base::SteadyClock::rep> skipped_{0};  // host time that skip() made pass
    std::mutex mutex_;
    std::condition_variable changed_;
    std::condition_variable finished_;
    std::multimap<base::SteadyClock::time_point, Event> events_;
    EventId last_id_ = 0;
    EventId running_id_ = 0;
    const void* running_owner_ = nullptr;
    base::SteadyClock::time_point running_at_{};  // used by the own thread only
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace unbrick::simulator
