// The plan's step "restore" (and "restore-dry-run"): the executor's side of run_restore.
#pragma once

#include "recovery/step.h"

namespace unbrick::recovery::restore {

// Inputs: {"firmware", "engine", "signing_server", "own_engine_on_real_phone"}; parameters: {"mode": "update"|"erase"}.
void register_restore_steps(StepRegistry& registry);

}  // namespace unbrick::recovery::restore
