// The journal of a case: what was about to be done, written and flushed to the disk before it is done.
// One JSON object a line; a line that a crash tore apart is skipped when it is read.
#pragma once

#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "recovery/plan.h"
#include "src/base/file.h"
#include "src/base/json.h"
#include "src/base/result.h"

namespace unbrick::recovery {

// Entries: "run" {run, plan, phone, inputs}, "step" {run, step, state, mode}, "act" {run, step, act, data},
// "ask" / "answer" {run, step, ask ...}, "consent" {run, step, phone, phrase}, "phone" {mode, text},
// "end" {run, outcome, error}. Each has "seq" and "time" (UTC).
class Journal {
public:
    // Opens or begins <folder>/journal.jsonl for appending; a torn last line is ended first.
    static base::Result<Journal> open(const std::filesystem::path& folder);
    Journal(Journal&& other) noexcept : file_(std::move(other.file_)), path_(std::move(other.path_)), next_(other.next_) {}

    // On the disk when it returns. From any thread. Errors: Io, OutOfSpace: then the act must not happen.
    base::Status append(std::string_view entry, base::OrderedJson data);
    const std::filesystem::path& path() const { return path_; }

private:
    Journal(base::Fd file, std::filesystem::path path, std::uint64_t next)
        : file_(std::move(file)), path_(std::move(path)), next_(next) {}
    base::Fd file_;
    std::filesystem::path path_;
    std::uint64_t next_ = 1;
    std::mutex mutex_;
};

struct JournalStory {
    std::vector<base::Json> entries;
    std::size_t damaged = 0;             // lines that could not be read
};
base::Result<JournalStory> read_journal(const std::filesystem::path& folder);

// The last run of a story, as the next start must know it.
struct LastRun {
    std::string run;
    std::string phone;
    std::optional<Plan> plan;
    base::Json inputs;
    base::Json facts;                    // of the steps that ended
    std::vector<std::string> done;       // steps that ended well or were skipped
    std::string interrupted_step;        // begun and not ended; empty: between two steps
    std::string last_act;                // written, and perhaps done
    std::string last_mode;               // what the phone was last seen as
    bool ended = false;
    std::string outcome;
};
std::optional<LastRun> last_run(const JournalStory& story);

}  // namespace unbrick::recovery
