// What the phone tells during a restore, decoded as it comes: checkpoints, operations, statuses, logs. Becomes
// stages, the phone's words, and evidence in the terms that the knowledge base uses.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "recovery/restore/reporter.h"
#include "src/base/plist.h"

namespace unbrick::recovery::restore {

class PhoneMessages {
public:
    // `checkpoints`, `operations`, `times`: the documents of knowledge/.
    PhoneMessages(Reporter& reporter, const base::Json& checkpoints, const base::Json& operations, const base::Json& times);

    void set_protocol(std::uint64_t version) { protocol_ = version; }
    void checkpoint(const base::Plist& message);
    void progress(const base::Plist& message);
    void previous_log(const base::Plist& message);
    void crash(const base::Plist& message);
    void baseband_status(const base::Plist& message);

    // A StatusMsg: nothing for success. Otherwise the error, with {"AMR", n} or {"restored", status}.
    std::optional<base::Error> status(const base::Plist& message);
    const std::string& phone_log() const { return phone_log_; }

    // The longest silence that the checkpoints which are open now allow.
    PhoneSpan silence_limit() const;
    // Where the phone is, for people: "seal_system_volume".
    std::string where() const;

private:
    struct Known { std::string name, stage; bool storage_written = false; };
    void to_stage(std::string_view id);

    Reporter& reporter_;
    std::map<std::uint32_t, Known> checkpoints_, operations_;
    std::map<std::uint32_t, std::string> stage_of_checkpoint_;
    std::vector<std::string> stage_order_;
    std::uint64_t protocol_ = 15;
    std::map<std::uint32_t, std::string> open_;      // started and not completed
    std::vector<std::uint32_t> open_order_;
    std::string last_, last_failed_;
    std::uint64_t last_operation_ = 0;
    std::string phone_log_;
};

}  // namespace unbrick::recovery::restore
