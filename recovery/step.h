// Steps by kind: what a plan's data names and code does. A kind registers itself with the least risk that it
// carries with given parameters, so that no plan's data can claim less.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "recovery/ask.h"
#include "recovery/consent.h"
#include "recovery/journal.h"
#include "recovery/plan.h"
#include "src/base/phone_clock.h"
#include "src/device/watcher.h"
#include "src/knowledge/knowledge.h"
#include "src/knowledge/texts.h"

namespace unbrick::recovery {

// How a step ended when nothing failed.
struct StepEnd {
    std::string outcome;                 // not empty: the whole plan ends here with this outcome (recovery/outcome.h)
    bool skipped = false;
    base::Json facts = base::Json::object();   // for later steps, the journal and the report
    static StepEnd go_on(base::Json facts = base::Json::object()) { return {{}, false, std::move(facts)}; }
    static StepEnd skip() { return {{}, true, base::Json::object()}; }
    static StepEnd end_plan(std::string outcome, base::Json facts = base::Json::object()) {
        return {std::move(outcome), false, std::move(facts)};
    }
};

struct StepProgress {
    double fraction = -1;                // negative: no measure
    std::string doing;                   // what the phone does now and what is awaited; empty: unchanged
    double bytes_per_second = -1;
};

// Everything that a step may use; lives as long as the step. All calls from the step's thread.
class StepContext {
public:
    const Plan* plan = nullptr;
    const Step* step = nullptr;
    std::string run;
    device::PhoneKey phone;              // followed when the phone becomes Identified
    device::Watcher* watcher = nullptr;  // null only in tests of steps that need no phone
    const knowledge::Knowledge* knowledge = nullptr;
    const knowledge::Texts* texts = nullptr;
    const base::PhoneClock* clock = nullptr;
    std::stop_token stop;
    base::Json inputs;                   // what the command gave: {"firmware": path, "engine", "signing_server"}
    base::Json facts;                    // of the earlier steps, by step id
    std::filesystem::path case_folder;
    bool resumed = false;                // this step was begun by an earlier run that was interrupted
    const Consent* consent = nullptr;    // of an erasing step, which must check that it covers phone, run and step

    Journal* journal = nullptr;
    AskDesk* desk = nullptr;
    std::function<void(const StepProgress&)> on_progress;
    std::function<void(const std::string& mode, const std::string& text)> on_phone;

    // Writes to the journal what is about to be done to the phone. To be called before each act; when it fails
    // the act must not happen.
    base::Status before_act(std::string_view act, base::OrderedJson data = base::OrderedJson::object()) const;
    void progress(double fraction, std::string doing = {}) const;
    void phone_said(std::string_view mode, std::string text) const;
    // The phone as the watcher has it. Errors: NoPhone.
    base::Result<device::Phone> phone_now();
    // The phone in one of these modes, waited for until the step's longest time (owner of the time-out: the
    // step's data). Errors: TimedOut, Cancelled.
    base::Result<device::Phone> wait_mode(std::initializer_list<device::Mode> modes);
    base::Deadline longest() const;      // patience of the step's data, from now
    // Parameters of the step's data, with a default.
    std::string text_parameter(std::string_view name, std::string fallback = {}) const;
    double number_parameter(std::string_view name, double fallback) const;
    AskDesk::Open ask(Ask ask);          // fills phone and step
};

using StepFunction = std::function<base::Result<StepEnd>(StepContext&)>;

struct StepKind {
    StepFunction run;
    std::function<Risk(const Step&)> least_risk;   // empty: ReadsOnly
};

class StepRegistry {
public:
    void add(std::string kind, StepKind step) { kinds_.insert_or_assign(std::move(kind), std::move(step)); }
    const StepKind* find(std::string_view kind) const;
    std::vector<std::string> kinds() const;

private:
    std::map<std::string, StepKind, std::less<>> kinds_;
};

// The steps of recovery/steps: all that need no firmware restore.
void register_gentle_steps(StepRegistry& registry);

}  // namespace unbrick::recovery
