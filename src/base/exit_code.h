// The exit codes of the command line: numbered here and nowhere else.
#pragma once

#include "src/base/result.h"

namespace unbrick::base {

enum class ExitCode : int {
    Done = 0,             // also a diagnosis of any content
    Failed = 1,
    Usage = 2,
    NoPhone = 3,
    NeedsPerson = 4,      // the way on needs a person: consent not given, a repair, an official way
    RefusedByRule = 5,    // one of our safety rules said no
    Cancelled = 6,
    LeftInRecovery = 7,   // it failed, and the phone stays in recovery, DFU or restore mode
    StateUnknown = 8,     // it failed, and nobody knows what the phone does now
    NoDisplay = 9,        // of unbrick-window: there is no display, or no OpenGL 3.2 on it; said on stderr
};

ExitCode exit_code_for(ErrorCode code);

}  // namespace unbrick::base
