// The world of a rehearsal, as far as unbrick knows of it: it tells the scenario's person what it asks.
#pragma once

#include <string>

#include "src/base/json.h"
#include "src/base/result.h"

namespace unbrick::core {

bool in_rehearsal();
std::string rehearsal_name();            // empty outside a rehearsal
// Sends {"ask": ask} to the control socket and reads its answer; nothing outside a rehearsal. Blocks a second at most.
base::Status publish_ask(const base::OrderedJson& ask);

}  // namespace unbrick::core
