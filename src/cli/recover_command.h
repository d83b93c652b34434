// `unbrick recover`, and the commands that are one fixed plan: exit-recovery, enter-recovery, enter-dfu.
#pragma once

#include "src/base/json.h"
#include "src/cli/session.h"

namespace unbrick::cli {

struct RecoverOptions {
    std::string device;
    std::string plan;                    // empty: what the diagnosis puts first
    std::string firmware;
    std::string case_id;                 // go on with this case
    base::Json inputs = base::Json::object();   // for the steps
    bool json = false;
    bool ask_questions = true;
};

int recover(const GlobalOptions& global, const RecoverOptions& options);

}  // namespace unbrick::cli
