#include "src/base/exit_code.h"

namespace unbrick::base {

ExitCode exit_code_for(ErrorCode code) {
    switch (code) {
        case ErrorCode::Usage:
        case ErrorCode::InvalidInput:
            return ExitCode::Usage;
        case ErrorCode::NoPhone:
            return ExitCode::NoPhone;
        case ErrorCode::NeedsPerson:
        case ErrorCode::NotTrusted:
        case ErrorCode::Locked:
            return ExitCode::NeedsPerson;
        case ErrorCode::RefusedByGuard:
            return ExitCode::RefusedByRule;
        case ErrorCode::Cancelled:
            return ExitCode::Cancelled;
        case ErrorCode::PhoneInRecovery:
            return ExitCode::LeftInRecovery;
        case ErrorCode::PhoneStateUnknown:
            return ExitCode::StateUnknown;
        default:
            return ExitCode::Failed;
    }
}

}  // namespace unbrick::base
