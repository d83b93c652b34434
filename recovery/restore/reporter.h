// What the engine tells while it runs: stages, progress, the phone's words, and evidence. One lock, so that the
// caller's functions are never called twice at a time; every wait for the phone asks here whether it stalls.
#pragma once

#include <atomic>
#include <chrono>
#include <map>
#include <mutex>
#include <string>

#include "recovery/restore/restore_job.h"
#include "recovery/restore/restore_times.h"
#include "src/base/cancel.h"

namespace unbrick::recovery::restore {

class Reporter {
public:
    Reporter(const RestoreCallbacks& callbacks, const RestoreTimes& times) : callbacks_(callbacks), times_(times) {}

    void stage(std::string_view id);
    std::string current_stage() const;
    const RestoreTimes& times() const { return times_; }
    // Progress of the present stage; the rate is measured here from the bytes. At most ten calls a second go out.
    void progress(double fraction);
    void bytes(std::uint64_t done, std::uint64_t total);
    void phone_said(std::string_view text);
    void said(std::string_view text);
    void ask(const PersonAct& act);

    // Adds evidence once per key and value.
    void evidence(std::string_view key, base::Json value, std::string_view text);
    void evidence_at(std::string_view key, base::Json value, std::string_view source, std::string_view text);

    void storage_written();
    bool was_storage_written() const { return written_; }

    diagnostics::EvidenceSet take_evidence();
    // The last lines that the phone said, newest last.
    std::string phone_words() const;

private:
    const RestoreCallbacks& callbacks_;
    const RestoreTimes& times_;
    mutable std::mutex mutex_;
    std::string stage_;
    std::chrono::steady_clock::time_point last_progress_{};
    std::chrono::steady_clock::time_point rate_since_{};
    std::uint64_t rate_from_ = 0;
    double rate_ = -1;
    std::string words_;
    diagnostics::EvidenceSet evidence_;
    std::atomic<bool> written_{false};
};

}  // namespace unbrick::recovery::restore
