// The host's pair records: what usbmuxd keeps under /var/lib/lockdown.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "src/base/text.h"

namespace unbrick::simulator::mux {

// May be used from any thread.
class PairRecords {
public:
    explicit PairRecords(std::string buid) : buid_(std::move(buid)) {}
    const std::string& buid() const { return buid_; }

    std::optional<base::Bytes> read(const std::string& udid) const {
        const std::lock_guard lock(mutex_);
        const auto found = records_.find(udid);
        if (found == records_.end()) return std::nullopt;
        return found->second;
    }
    void save(const std::string& udid, base::Bytes record) {
        const std::lock_guard lock(mutex_);
        records_[udid] = std::move(record);
    }
    bool remove(const std::string& udid) {
        const std::lock_guard lock(mutex_);
        return records_.erase(udid) > 0;
    }

private:
    std::string buid_;
    mutable std::mutex mutex_;
    std::map<std::string, base::Bytes> records_;
};

}  // namespace unbrick::simulator::mux
