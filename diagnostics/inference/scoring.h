// Weights of rules and tables summed to probabilities, and the stage that the evidence speaks for.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "diagnostics/diagnosis.h"
#include "diagnostics/engine.h"
#include "diagnostics/inference/rule.h"

namespace unbrick::diagnostics {

// One rule or table entry that applies here.
struct Firing {
    const Rule* rule = nullptr;          // null: a table entry (panics, errors, symptoms)
    std::string id;
    std::string group;
    std::string text_key;
    std::vector<std::pair<std::string, double>> causes;
    std::vector<std::size_t> evidence;
};

std::vector<Firing> fire_rules(const RuleBook& book, const Facts& facts, const knowledge::Knowledge& knowledge,
                               const Context& context);

// Which table of priors applies: "tool", "dialog", "panic", "person" or "phone".
std::string evidence_kind(const Facts& facts);

// Sorted, most probable first; probabilities sum to 1.
std::vector<Hypothesis> weigh(const std::vector<Firing>& firings, const Facts& facts, const knowledge::Knowledge& knowledge,
                              const Context& context);

struct StageFinding { std::string stage = "unknown"; std::string detail; bool storage_written = false; };
StageFinding find_stage(const std::vector<Firing>& firings, const Facts& facts, const knowledge::Knowledge& knowledge);

}  // namespace unbrick::diagnostics
