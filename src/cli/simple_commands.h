// devices, link, report, cases, watch-log, and the programs beside this one.
#pragma once

#include <vector>

#include "src/cli/session.h"

namespace unbrick::cli {

int devices(const GlobalOptions& global, bool watch, bool json);
int diagnose_device(const GlobalOptions& global, const std::string& device, bool explain, bool json);
int link(const GlobalOptions& global, const std::string& device, int seconds, bool json);
int report(const GlobalOptions& global, const std::string& case_id, const std::string& out, bool show_identifiers);
int cases(const GlobalOptions& global, bool json);
int watch_log(const GlobalOptions& global, const std::string& file, bool json);

// Replaces this program by one that lies beside it. Returns only on failure, with the exit code.
int run_beside(const std::string& program, const std::vector<std::string>& arguments);
// Without arguments: the window; where there is no display the rehearsal "recovery-loop" here.
int start_window(const GlobalOptions& global);

}  // namespace unbrick::cli
