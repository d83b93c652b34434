// The one place that decides whether a step may erase: it asks, compares, writes to the journal, and only then
// makes a Consent.
#pragma once

#include "recovery/step.h"

namespace unbrick::recovery {

// The risk of a step as data and code together say: the worse of the two.
Risk real_risk(const Step& step, const StepRegistry& registry);

class RiskGuard {
public:
    // Asks the person and waits. An empty optional: no consent was given (wrong words three times, "no", nobody
    // answered). Errors: Cancelled; Io when the journal cannot be written.
    static base::Result<std::optional<Consent>> ask_to_erase(StepContext& context);
};

}  // namespace unbrick::recovery
