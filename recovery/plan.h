// Plans: complete and printable before they run. They come from knowledge/plans.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "src/base/json.h"
#include "src/base/result.h"

namespace unbrick::recovery {

enum class Risk { ReadsOnly, Reversible, MeantToKeepData, ErasesData };
std::string_view to_string(Risk risk);
base::Result<Risk> parse_risk(std::string_view text);

// One act. `kind` names a step that the executor knows ("set-auto-boot", "reboot", "wait-normal-stable",
// "ask-person", "restore" ...); `parameters` are its data. Risk and texts are data of the plan.
struct Step {
    std::string id;
    std::string kind;
    base::Json parameters;
    Risk risk = Risk::ReadsOnly;
    std::string text_key;                // what happens, for the owner
    std::string stop_text_key;           // what happens if you stop now
    std::chrono::seconds usual{0};       // usual and longest duration, in phone time
    std::chrono::seconds longest{0};
    std::vector<std::string> modes;      // modes in which it can act; empty: any, also while the phone is away
};

struct Plan {
    std::string id;
    std::string action;                  // id of knowledge/actions.json
    std::string title_key;
    std::string summary_key;             // what happens and what it costs, in one or two sentences
    std::vector<Step> steps;
    std::vector<std::string> needs;      // "battery", "firmware", "network", "disk", "person"
    std::vector<std::string> modes;      // modes in which it may begin
    bool simulated_only = true;          // proved only against virtual phones: said wherever it is offered

    Risk risk() const;                   // of its worst step
    bool may_begin_in(std::string_view mode) const;
    std::string to_text() const;         // the printable form, one line a step
};

// The form of knowledge/plans/<id>.json, of the journal and of the event "plan". Errors: InvalidInput naming
// `name` and the member.
base::OrderedJson to_json(const Plan& plan);
base::Result<Plan> plan_from_json(const base::Json& json, std::string_view name);

}  // namespace unbrick::recovery
