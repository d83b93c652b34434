// The one object that front ends talk to: commands in, snapshots out. No call blocks.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <variant>

#include "src/core/snapshot.h"

namespace unbrick::core {

// A phone key without ECID and port means "no phone appears": the computer alone.
struct DiagnosePhone { device::PhoneKey phone; };
struct DiagnoseText { std::vector<std::filesystem::path> files; std::vector<std::string> texts; std::vector<std::string> error_codes; std::vector<std::string> symptoms; std::string about; };
struct AddEvidence { device::PhoneKey phone; std::vector<std::filesystem::path> files; std::string text; };
struct AnswerQuestion { device::PhoneKey phone; std::string question; std::string choice; };
// `inputs`: more for the steps ("engine", "signing_server", "dry_run"). `job`: the id that the job shall get;
// empty: one is made. A plan that may not run gives a job too, which has ended and says why.
struct RunPlan { device::PhoneKey phone; std::string plan; std::filesystem::path firmware; base::Json inputs = {}; std::string job = {}; };
struct AnswerRequest { std::string job; std::string request; std::string answer; };
struct CancelJob { std::string job; };
// Goes on with the plan of a case whose journal ends in the middle.
struct ContinueCase { std::string case_id; std::string job = {}; };
struct MeasureLink { device::PhoneKey phone; std::chrono::seconds span{10}; };
struct WriteReport { std::string case_id; std::filesystem::path out; bool show_identifiers = false; };

using Command = std::variant<DiagnosePhone, DiagnoseText, AddEvidence, AnswerQuestion, RunPlan, AnswerRequest, CancelJob,
                             ContinueCase, MeasureLink, WriteReport>;

struct WorkbenchOptions {
    std::filesystem::path knowledge;     // empty: the installed one
    std::string language = "en";
    bool watch_phones = true;
    bool diagnose_by_itself = true;      // each phone that appears or changes its mode
    bool record = true;                  // the flight recorder
};

class Workbench {
public:
    static base::Result<std::unique_ptr<Workbench>> create(WorkbenchOptions options);
    virtual ~Workbench() = default;
    // From any thread; queued to the coordinator's thread.
    virtual void submit(Command command) = 0;
    // The newest snapshot; never null. From any thread.
    virtual std::shared_ptr<const AppSnapshot> snapshot() const = 0;
    // Called from the coordinator's thread after each new snapshot, at most every 33 ms; must not block.
    virtual void on_change(std::function<void()> wake) = 0;
};

}  // namespace unbrick::core
