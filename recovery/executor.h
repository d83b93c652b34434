// Runs a printable plan step by step: journal first, consent for what erases, a deadline with one owner for
// each wait, and an outcome that has a name.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "recovery/step.h"

namespace unbrick::recovery {

enum class StepState { Todo, Running, Done, Failed, Skipped };
std::string_view to_string(StepState state);

// What the executor tells while it runs; all calls from its thread, must not block.
class RunListener {
public:
    virtual ~RunListener() = default;
    virtual void step(std::size_t index, StepState state, const std::string& text) = 0;
    virtual void progress(std::size_t index, const StepProgress& progress) = 0;
    virtual void phone(const std::string& mode, const std::string& text) = 0;
};

struct RunRequest {
    Plan plan;
    device::PhoneKey phone;
    base::Json inputs = base::Json::object();
    std::optional<LastRun> resume;       // go on after an interruption instead of from the start
};

struct RunEnd {
    std::string run;
    std::string outcome;                 // recovery/outcome.h
    std::optional<base::Error> error;    // when a step failed
    std::string failed_step;
    base::Json facts;
    device::PhoneKey phone;              // its key at the end
};

struct ExecutorParts {
    const StepRegistry* registry = nullptr;
    device::Watcher* watcher = nullptr;
    const knowledge::Knowledge* knowledge = nullptr;
    const knowledge::Texts* texts = nullptr;
    const base::PhoneClock* clock = nullptr;   // null: the program's
    Journal* journal = nullptr;
    AskDesk* desk = nullptr;
    RunListener* listener = nullptr;
    std::filesystem::path case_folder;
};

// Blocks until the plan ended. Never throws; every way out is a named outcome.
RunEnd run_plan(const ExecutorParts& parts, const RunRequest& request, const std::stop_token& stop);

// Whether data and code agree that the plan is runnable: every kind is known, no step claims less risk than its
// kind carries. Errors: RefusedByGuard, NotFound.
base::Status check_plan(const Plan& plan, const StepRegistry& registry);

}  // namespace unbrick::recovery
