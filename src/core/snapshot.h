// What the front ends draw: immutable, complete, without any handle to a phone.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "diagnostics/diagnosis.h"
#include "recovery/plan.h"
#include "src/device/identity.h"

namespace unbrick::core {

struct LinkHealth {
    double score = -1;                   // 0 to 1; negative: not measured
    std::uint64_t transfers = 0;
    std::uint64_t errors = 0;
    std::uint64_t reconnects = 0;
    std::vector<float> latency_ms;       // newest last, at most 240: the moving picture
    std::string speed;                   // Mb/s as sysfs says it: "480"
    double median_ms = -1, p95_ms = -1, jitter_ms = -1;
    bool measuring = false;
    std::uint64_t measured = 0;          // how many measurements ended
};

struct Battery {
    std::optional<int> percent;
    std::optional<bool> charging;
    bool from_before = false;            // remembered, not read now (recovery, DFU)
};

enum class RequestKind { Consent, Question, Buttons, Act, Text };

// Something that only a person can do or say. The job waits, holding no lock and no open transfer.
struct Request {
    std::string id;                      // unique; an answer names it
    RequestKind kind = RequestKind::Question;
    std::string phone;                   // ECID, or its port
    std::string step;
    std::string text;                    // in the catalogue's language
    std::string phrase;                  // Consent: what must be typed, naming the phone
    std::string question;                // Question: id of knowledge/questions.json
    std::vector<std::pair<std::string, std::string>> choices;   // id and text
    base::Json buttons;                  // Buttons: the model's sequence (knowledge/devices.json)
    std::string act;                     // Act: "replug", "other-cable", "connect-charger", "trust", "unlock" ...
};

enum class JobState { Waiting, Running, NeedsPerson, Cancelling, Done, Failed, Cancelled };

struct StepSnapshot {
    std::string id;
    std::string text;
    enum class State { Todo, Running, Done, Failed, Skipped } state = State::Todo;
    double fraction = -1;                // negative: no measure
    std::chrono::duration<double> elapsed{0}, usual{0}, longest{0};   // phone time
};

struct LogLine {
    std::uint64_t number = 0;            // grows by one with each line of its job
    std::chrono::system_clock::time_point when;
    std::string who;                     // "phone", "unbrick", "tool"
    std::string text;
    std::string mode;                    // of the phone, when it is the phone that did something
};

struct JobSnapshot {
    std::string id;
    recovery::Plan plan;
    JobState state = JobState::Waiting;
    std::vector<StepSnapshot> steps;
    std::size_t current = 0;
    std::string doing;                   // what the phone is doing now and what is awaited
    std::string if_stopped;              // what happens if you stop now
    std::string last_words;              // the last thing that the phone said
    double bytes_per_second = -1;
    std::optional<Request> request;
    std::vector<LogLine> log;            // the newest 500
    std::string outcome;                 // id of the outcome, when it ended ("normal-stable", "needs-firmware-restore" ...)
    std::string outcome_text;
    std::string error;
    std::string case_id;
    std::string phone;                   // key as text
    std::string next_plan;               // suggested after the end: id of a plan, never begun by itself
    int exit = 0;                        // exit code of the outcome (src/base/exit_code.h)
    bool ended() const { return state == JobState::Done || state == JobState::Failed || state == JobState::Cancelled; }
};

struct PhoneSnapshot {
    device::PhoneKey key;
    device::Identity identity;
    device::Mode mode = device::Mode::Unknown;
    device::Hidden hidden = device::Hidden::No;
    std::string title;                   // "iPhone 11", or "Unknown phone"
    std::chrono::system_clock::time_point mode_since;
    Battery battery;
    LinkHealth link;
    bool diagnosing = false;
    std::uint64_t diagnosed = 0;         // how many diagnoses were finished since it appeared
    std::string first_word;              // one sentence on what is seen, within the first second
    std::shared_ptr<const diagnostics::Diagnosis> diagnosis;
    std::vector<recovery::Plan> plans;   // of the rungs in the diagnosis's ladder, same order
    std::shared_ptr<const JobSnapshot> job;   // the running one, or the last that ended
};

struct CaseSummary {
    std::string id;
    std::string title;
    std::chrono::system_clock::time_point begun;
    std::string outcome;
    std::string phone;                   // key as text
    std::string plan;
    std::string rehearsal;               // name of the scenario; empty with a real phone
    bool unfinished = false;             // its journal ends in the middle of a plan
};

// What a command without a job came to ("the report was written", "there is no such case").
struct Notice {
    std::uint64_t number = 0;
    bool trouble = false;
    int exit = 0;
    std::string text;
};

struct AppSnapshot {
    std::uint64_t revision = 0;
    bool settled = false;                // the first look at bus and daemon is over
    bool rehearsal = false;
    std::string rehearsal_name;
    std::vector<std::shared_ptr<const PhoneSnapshot>> phones;
    std::vector<std::pair<std::string, std::string>> host_findings;   // id and text ("usbmuxd is not running" ...)
    std::vector<CaseSummary> cases;
    std::shared_ptr<const diagnostics::Diagnosis> file_diagnosis;     // of "I have a log or an error number"
    // Of "no phone appears": what the computer alone shows, and the job that runs without knowing which phone.
    std::shared_ptr<const diagnostics::Diagnosis> host_diagnosis;
    std::vector<recovery::Plan> host_plans;
    std::shared_ptr<const JobSnapshot> host_job;
    std::vector<Notice> notices;         // the newest 20
};

}  // namespace unbrick::core
