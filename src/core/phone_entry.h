// What the coordinator keeps of one phone. Only the coordinator's thread touches it, except Job and Worker.
#pragma once

#include <memory>
#include <optional>

#include "src/core/job.h"
#include "src/core/snapshot.h"
#include "src/core/worker.h"
#include "src/device/watcher.h"

namespace unbrick::core {

struct PhoneEntry {
    device::Phone phone;
    PhoneSnapshot shown;
    bool real = true;                    // false: the computer alone ("no phone appears")
    bool changed = true;                 // since the last snapshot
    diagnostics::EvidenceSet probed;     // of the last look
    diagnostics::EvidenceSet given;      // by persons: answers, files, texts
    diagnostics::EvidenceSet earlier;    // of attempts
    std::shared_ptr<Job> job;
    std::string suggest_after;           // action of a job that ended without success: the next rung is to be found
    std::uint64_t look = 0;              // number of the newest diagnosis that was begun
    std::shared_ptr<const PhoneSnapshot> last;
    std::unique_ptr<Worker> worker = std::make_unique<Worker>();
    bool busy() const { return job != nullptr && !job->ended(); }
};

}  // namespace unbrick::core
