// The idevicerestore program as second engine: a process of its own, its progress and words read.
#pragma once

#include "recovery/restore/reporter.h"

namespace unbrick::recovery::restore {

struct IdevicerestoreEnd { base::Status status; std::string version; };
// Errors: HostEnvironment (not installed), FirmwareUnsuitable (too old for the build), PhoneRefused, Cancelled.
IdevicerestoreEnd run_idevicerestore(device::Watcher& watcher, const knowledge::Knowledge& knowledge, const RestoreRequest& request, Reporter& reporter,
                                     const std::stop_token& stop);

// What one line of its output says.
struct ToolLine {
    std::string stage;                    // empty: none
    double fraction = -1;
    bool finished = false, failed = false;
};
ToolLine read_tool_line(std::string_view line);
// The major number of iOS builds that a version is known to restore: 17 for 1.0.0, 22 for newer (restore-protocol.md 10).
int newest_build_of(std::string_view version);

}  // namespace unbrick::recovery::restore
