// The first thing to do and the ladder behind it: what fits the causes, gentlest first.
#pragma once

#include <vector>

#include "diagnostics/diagnosis.h"
#include "diagnostics/inference/scoring.h"

namespace unbrick::diagnostics {

struct PlanChoice {
    Rung first;
    std::vector<Rung> ladder;
    std::vector<std::pair<std::string, double>> scores;   // action and fitness, best first
};

// Rules that hold whatever the weights say (design.md 3, experience.md "Safety and data"): an erasing
// plan comes first only where a rule permits it; wanted data and a likely hardware fault lock it.
PlanChoice choose_plan(const std::vector<Hypothesis>& hypotheses, const std::vector<Firing>& firings, const Facts& facts,
                       const knowledge::Knowledge& knowledge);

}  // namespace unbrick::diagnostics
