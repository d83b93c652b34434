// How plans end. The text of each is "outcome.<id>" in knowledge/texts.
#pragma once

#include <span>
#include <string_view>

#include "src/base/exit_code.h"

namespace unbrick::recovery {

struct OutcomeKind {
    std::string_view id;
    bool success = false;                // reached what the plan was for
    base::ExitCode exit = base::ExitCode::Failed;
};

std::span<const OutcomeKind> all_outcomes();
// Unknown ids count as "failed".
const OutcomeKind& outcome_kind(std::string_view id);

}  // namespace unbrick::recovery
