#include "src/base/result.h"

#include <fmt/core.h>

namespace unbrick::base {

std::string Error::to_string() const {
    std::string text;
    for (auto line = context_.rbegin(); line != context_.rend(); ++line) {
        text += *line;
        text += ": ";
    }
    text += message_;
    if (!native_.domain.empty()) text += fmt::format(" ({} {})", native_.domain, native_.value);
    return text;
}

std::string_view to_string(ErrorCode code) {
    switch (code) {
        case ErrorCode::Failed: return "failed";
        case ErrorCode::Usage: return "usage";
        case ErrorCode::InvalidInput: return "invalid input";
        case ErrorCode::NotFound: return "not found";
        case ErrorCode::LimitExceeded: return "limit exceeded";
        case ErrorCode::Io: return "input/output error";
        case ErrorCode::OutOfSpace: return "out of space";
        case ErrorCode::Cancelled: return "cancelled";
        case ErrorCode::TimedOut: return "timed out";
        case ErrorCode::Transport: return "transport error";
        case ErrorCode::Disconnected: return "disconnected";
        case ErrorCode::Stalled: return "stalled";
        case ErrorCode::PermissionDenied: return "permission denied";
        case ErrorCode::Busy: return "busy";
        case ErrorCode::Protocol: return "protocol error";
        case ErrorCode::NoPhone: return "no phone";
        case ErrorCode::WrongMode: return "wrong mode";
        case ErrorCode::PhoneRefused: return "phone refused";
        case ErrorCode::NotTrusted: return "not trusted";
        case ErrorCode::Locked: return "locked";
        case ErrorCode::PhoneStateUnknown: return "phone state unknown";
        case ErrorCode::PhoneInRecovery: return "phone left in recovery";
        case ErrorCode::FirmwareInvalid: return "firmware invalid";
        case ErrorCode::FirmwareUnsuitable: return "firmware unsuitable";
        case ErrorCode::SigningRefused: return "signing refused";
        case ErrorCode::SigningUnreachable: return "signing unreachable";
        case ErrorCode::TicketMismatch: return "ticket mismatch";
        case ErrorCode::KnowledgeInvalid: return "knowledge invalid";
        case ErrorCode::RefusedByGuard: return "refused by guard";
        case ErrorCode::NeedsPerson: return "needs a person";
        case ErrorCode::HostEnvironment: return "host environment";
        case ErrorCode::Internal: return "internal error";
    }
    return "unknown error";
}

}  // namespace unbrick::base
