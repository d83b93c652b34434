// What every command with a phone shares: the workbench, and one place to wait for its news, for lines on
// standard input and for Ctrl-C.
#pragma once

#include <condition_variable>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "src/base/cancel.h"
#include "src/base/exit_code.h"
#include "src/core/workbench.h"
#include "src/knowledge/knowledge.h"
#include "src/knowledge/texts.h"

namespace unbrick::cli {

struct GlobalOptions {
    std::filesystem::path knowledge;
    std::string language;
    int verbose = 0;
};

// The knowledge folder that is meant, and its texts.
base::Result<std::filesystem::path> knowledge_of(const GlobalOptions& options);
base::Result<knowledge::Texts> texts_of(const GlobalOptions& options);
// "unbrick: what and why" on standard error; the exit code that belongs to it.
int complain(const base::Error& error);
int complain(base::ExitCode code, std::string_view text);

// To be called first in main(), while there is one thread: Ctrl-C and friends become news of a Session.
void block_signals();

class Session {
public:
    static base::Result<std::unique_ptr<Session>> open(const GlobalOptions& options, bool diagnose_by_itself = true);
    ~Session();

    core::Workbench& workbench() { return *workbench_; }
    const knowledge::Texts& texts() const { return texts_; }
    const knowledge::Knowledge& knowledge() const { return knowledge_; }
    std::shared_ptr<const core::AppSnapshot> now() const { return workbench_->snapshot(); }

    // Returns true as soon as it holds (looked at after each news), false at the deadline or on Ctrl-C.
    bool wait(const std::function<bool(const core::AppSnapshot&)>& holds, const base::Deadline& deadline);
    // Waits for any news: a snapshot, a line, a signal, or the deadline.
    void wait_news(const base::Deadline& deadline);

    void read_lines();                   // begins to read standard input
    std::optional<std::string> take_line();
    bool input_ended() const;
    int interrupted() const;             // how often Ctrl-C was pressed
    // Notices newer than those seen by the last call.
    std::vector<core::Notice> new_notices();

private:
    Session(std::unique_ptr<core::Workbench> workbench, knowledge::Knowledge knowledge, knowledge::Texts texts);
    void watch_signals(const std::stop_token& end);
    void watch_input(const std::stop_token& end);
    void news();

    knowledge::Knowledge knowledge_;
    knowledge::Texts texts_;
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::uint64_t news_ = 0, seen_ = 0;
    std::deque<std::string> lines_;
    bool input_ended_ = false;
    int interrupted_ = 0;
    std::uint64_t seen_notice_ = 0;
    std::unique_ptr<core::Workbench> workbench_;
    std::jthread signals_, input_;
};

// Chooses the phone that a command means. Errors: Usage (several, and none was named), NoPhone.
// Waits a few seconds for a named phone; for any phone only as long as the first look takes.
base::Result<device::PhoneKey> choose_phone(Session& session, const std::string& device);
std::shared_ptr<const core::PhoneSnapshot> find_phone(const core::AppSnapshot& app, const device::PhoneKey& key);

}  // namespace unbrick::cli
