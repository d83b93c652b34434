// A watcher without USB: tests set what phones do.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>

#include "src/device/watcher.h"

namespace unbrick::recovery {

class FakeWatcher : public device::Watcher {
public:
    void set(const device::PhoneKey& key, device::Mode mode, device::Hidden hidden = device::Hidden::No) {
        {
            const std::lock_guard lock(mutex_);
            auto& phone = phones_[key.to_string()];
            if (mode != device::Mode::Absent && (phone.mode == device::Mode::Absent || phone.arrivals == 0)) ++phone.arrivals;
            phone.key = key;
            phone.mode = mode;
            phone.hidden = hidden;
            phone.mode_since_steady = base::SteadyClock::now();
        }
        changed_.notify_all();
    }
    std::vector<device::Phone> phones() const override {
        const std::lock_guard lock(mutex_);
        std::vector<device::Phone> all;
        for (const auto& [name, phone] : phones_) all.push_back(phone);
        return all;
    }
    std::optional<device::Phone> find(const device::PhoneKey& key) const override {
        const std::lock_guard lock(mutex_);
        const auto found = phones_.find(key.to_string());
        if (found == phones_.end()) return std::nullopt;
        return found->second;
    }
    device::WatchedHost host() const override { return {}; }
    std::uint64_t subscribe(std::function<void(const device::WatchEvent&)>) override { return 1; }
    void unsubscribe(std::uint64_t) override {}
    base::Result<device::Phone> wait_for(const device::PhoneKey& key, const std::function<bool(const device::Phone&)>& predicate,
                                         const base::Deadline& deadline, const std::stop_token& stop) override {
        return wait([&](const device::Phone& phone) { return phone.key.to_string() == key.to_string() && predicate(phone); }, deadline, stop);
    }
    base::Result<device::Phone> wait_for_any(const std::function<bool(const device::Phone&)>& predicate, const base::Deadline& deadline,
                                             const std::stop_token& stop) override {
        return wait(predicate, deadline, stop);
    }
    base::Status wait_settled(const base::Deadline&, const std::stop_token&) override { return {}; }
    void probe_again(const device::PhoneKey&) override {}
    void report_hidden(const device::PhoneKey& key, device::Hidden hidden) override {
        if (const auto phone = find(key)) set(key, phone->mode, hidden);
    }

private:
    base::Result<device::Phone> wait(const std::function<bool(const device::Phone&)>& predicate, const base::Deadline& deadline,
                                     const std::stop_token& stop) {
        std::unique_lock lock(mutex_);
        std::optional<device::Phone> found;
        changed_.wait_until(lock, stop, base::SteadyClock::now() + deadline.remaining(), [&] {
            for (const auto& [name, phone] : phones_)
                if (predicate(phone)) found = phone;
            return found.has_value();
        });
        if (found) return *found;
        if (stop.stop_requested()) return base::fail(base::ErrorCode::Cancelled, "cancelled");
        return base::fail(base::ErrorCode::TimedOut, "timed out");
    }
    mutable std::mutex mutex_;
    std::condition_variable_any changed_;
    std::map<std::string, device::Phone> phones_;
};

}  // namespace unbrick::recovery
