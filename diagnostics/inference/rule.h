// Rules: knowledge/rules/*.json. A rule turns evidence into weights for causes, a stage and actions.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "diagnostics/inference/condition.h"
#include "src/knowledge/knowledge.h"

namespace unbrick::diagnostics {

struct Rule {
    std::string id;
    std::string file;
    Condition when;
    std::vector<std::pair<std::string, double>> causes;    // log-odds
    std::vector<std::pair<std::string, double>> actions;   // added to an action's fitness, -1 to 1
    std::vector<std::string> permits;                      // erasing actions that may come first here
    std::string stage;
    double stage_strength = 2.5;
    std::vector<std::string> excludes;                     // rules that do not count when this one does
    std::string group;                                     // of correlated rules only the strongest counts fully
    std::string text_key;
    std::string sureness;                                  // high, medium, low, name-only
    std::vector<std::string> sources;
};

struct RuleBook {
    std::vector<Rule> rules;
    std::vector<std::string> errors;
};

// Rules that are damaged are left out and named in `errors`.
RuleBook load_rules(const knowledge::Knowledge& knowledge);

}  // namespace unbrick::diagnostics
