// Shows a job as it goes, as JSON events or as lines for people, and brings typed answers to it.
#pragma once

#include <functional>
#include <string>

#include "src/cli/session.h"

namespace unbrick::cli {

// One event a line on standard output, flushed at once.
void print_event(const base::OrderedJson& event);

class JobView {
public:
    JobView(Session& session, bool json);
    // Until the job ended; Ctrl-C cancels it, and once more ends the program. Returns its last snapshot, or
    // nothing when there never was such a job (what the workbench noticed was printed; `exit` says more).
    std::shared_ptr<const core::JobSnapshot> follow(const std::string& job_id, int& exit);
    // Asks a question that belongs to no job (of the diagnosis); nothing when nobody answered in time.
    std::optional<std::string> ask_question(const std::string& phone, const std::string& question, const base::Deadline& deadline);

private:
    void show(const core::JobSnapshot& job);
    void show_ask(const core::Request& request);
    void show_result(const core::JobSnapshot& job);
    void line_typed(const core::JobSnapshot& job, const std::string& line);
    void say(const std::string& text);
    void status(const std::string& text);   // in place on a terminal

    Session& session_;
    bool json_;
    bool terminal_;
    bool in_place_ = false;
    bool plan_shown_ = false;
    std::vector<core::StepSnapshot::State> states_;
    std::uint64_t last_line_ = 0;
    std::string last_ask_;
    std::string last_doing_;
    double last_fraction_ = -1;
    base::SteadyClock::time_point last_progress_;
    int cancelled_ = 0;
};

std::shared_ptr<const core::JobSnapshot> find_job(const core::AppSnapshot& app, const std::string& id);
// The answer that a typed line holds for an ask: {"answer": id, "text"|"choice": ...}, or the plain words.
// An empty optional: it is meant for another ask, or is JSON of something else.
std::optional<std::string> answer_in_line(std::string_view line, std::string_view ask_id);

}  // namespace unbrick::cli
