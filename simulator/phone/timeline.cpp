#include "simulator/phone/timeline.h"

#include <algorithm>

namespace unbrick::simulator {

namespace {
constexpr auto kHostSlack = std::chrono::seconds(10);
// Longer spans would overflow the host clock's integer.
constexpr PhoneSeconds kLongest = std::chrono::hours(24 * 365);
}  // namespace

Timeline::Timeline(double speed)
    : speed_(std::max(speed, 0.001)), start_(base::SteadyClock::now()), thread_([this] { run(); }) {}

Timeline::~Timeline() {
    {
        std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_all();
    thread_.join();
}

base::SteadyClock::time_point Timeline::host_now() const {
    return on_own_thread() ? running_at_ : base::SteadyClock::now() + skipped();
}

void Timeline::skip(PhoneSeconds span) {
    const std::lock_guard lock(mutex_);
    skipped_ += host_span(span).count();
    changed_.notify_all();
}

double Timeline::now() const {
    return std::chrono::duration<double>(host_now() - start_).count() * speed_;
}

base::SteadyClock::duration Timeline::host_span(PhoneSeconds span) const {
    const auto bounded = std::clamp(span / speed_, PhoneSeconds(0), kLongest);
    return std::chrono::duration_cast<base::SteadyClock::duration>(bounded);
}

Timeline::EventId Timeline::after(PhoneSeconds span, Task task, const void* owner) {
    return schedule(host_now() + host_span(span), std::move(task), owner);
}

Timeline::EventId Timeline::patience(PhoneSeconds span, Task task, const void* owner) {
    auto host = host_span(span);
    if (speed_ > 1.0) host += kHostSlack;
    return schedule(host_now() + host, std::move(task), owner);
}

Timeline::EventId Timeline::schedule(base::SteadyClock::time_point when, Task task, const void* owner) {
    std::lock_guard lock(mutex_);
    const auto id = ++last_id_;
    // multimap keeps the order of insertion among equal times.
    events_.emplace(when, Event{id, owner, std::move(task)});
    changed_.notify_all();
    return id;
}

void Timeline::cancel(EventId id) {
    if (id == 0) return;
    std::unique_lock lock(mutex_);
    std::erase_if(events_, [&](const auto& entry) { return entry.second.id == id; });
    if (!on_own_thread()) finished_.wait(lock, [&] { return running_id_ != id; });
}

void Timeline::forget(EventId id) {
    if (id == 0) return;
    std::lock_guard lock(mutex_);
    std::erase_if(events_, [&](const auto& entry) { return entry.second.id == id; });
}

void Timeline::cancel_all(const void* owner) {
    std::unique_lock lock(mutex_);
    const auto purge = [&] {
        std::erase_if(events_, [&](const auto& entry) { return entry.second.owner == owner; });
    };
    purge();
    if (on_own_thread()) return;
    finished_.wait(lock, [&] { return running_id_ == 0 || running_owner_ != owner; });
    purge();  // what the callback that just ended may have scheduled
}

void Timeline::run() {
    std::unique_lock lock(mutex_);
    while (!stopping_) {
        if (events_.empty()) {
            changed_.wait(lock);
            continue;
        }
        const auto first = events_.begin();
        if (first->first > base::SteadyClock::now() + skipped()) {
            changed_.wait_until(lock, first->first - skipped());
            continue;
        }
        running_at_ = first->first;
        Event event = std::move(first->second);
        events_.erase(first);
        running_id_ = event.id;
        running_owner_ = event.owner;
        lock.unlock();
        event.task();
        event.task = nullptr;  // what it captured dies before cancel() may return
        lock.lock();
        running_id_ = 0;
        running_owner_ = nullptr;
        finished_.notify_all();
    }
}

}  // namespace unbrick::simulator
