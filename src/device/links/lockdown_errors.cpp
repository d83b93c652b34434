#include <libimobiledevice/lockdown.h>

#include <array>
#include <utility>

#include "src/device/links/normal_link.h"

namespace unbrick::device {

namespace {

// The names that lockdownd puts into "Error", with libimobiledevice's numbers for them.
constexpr std::array<std::pair<std::string_view, lockdownd_error_t>, 33> kNames{{
    {"InvalidResponse", LOCKDOWN_E_INVALID_RESPONSE},
    {"MissingKey", LOCKDOWN_E_MISSING_KEY},
    {"MissingValue", LOCKDOWN_E_MISSING_VALUE},
    {"GetProhibited", LOCKDOWN_E_GET_PROHIBITED},
    {"SetProhibited", LOCKDOWN_E_SET_PROHIBITED},
    {"RemoveProhibited", LOCKDOWN_E_REMOVE_PROHIBITED},
    {"ImmutableValue", LOCKDOWN_E_IMMUTABLE_VALUE},
    {"PasswordProtected", LOCKDOWN_E_PASSWORD_PROTECTED},
    {"UserDeniedPairing", LOCKDOWN_E_USER_DENIED_PAIRING},
    {"PairingDialogResponsePending", LOCKDOWN_E_PAIRING_DIALOG_RESPONSE_PENDING},
    {"MissingHostID", LOCKDOWN_E_MISSING_HOST_ID},
    {"InvalidHostID", LOCKDOWN_E_INVALID_HOST_ID},
    {"SessionActive", LOCKDOWN_E_SESSION_ACTIVE},
    {"SessionInactive", LOCKDOWN_E_SESSION_INACTIVE},
    {"MissingSessionID", LOCKDOWN_E_MISSING_SESSION_ID},
    {"InvalidSessionID", LOCKDOWN_E_INVALID_SESSION_ID},
    {"MissingService", LOCKDOWN_E_MISSING_SERVICE},
    {"InvalidService", LOCKDOWN_E_INVALID_SERVICE},
    {"ServiceLimit", LOCKDOWN_E_SERVICE_LIMIT},
    {"MissingPairRecord", LOCKDOWN_E_MISSING_PAIR_RECORD},
    {"SavePairRecordFailed", LOCKDOWN_E_SAVE_PAIR_RECORD_FAILED},
    {"InvalidPairRecord", LOCKDOWN_E_INVALID_PAIR_RECORD},
    {"InvalidActivationRecord", LOCKDOWN_E_INVALID_ACTIVATION_RECORD},
    {"MissingActivationRecord", LOCKDOWN_E_MISSING_ACTIVATION_RECORD},
    {"ServiceProhibited", LOCKDOWN_E_SERVICE_PROHIBITED},
    {"EscrowLocked", LOCKDOWN_E_ESCROW_LOCKED},
    {"PairingProhibitedOverThisConnection", LOCKDOWN_E_PAIRING_PROHIBITED_OVER_THIS_CONNECTION},
    {"FMiPProtected", LOCKDOWN_E_FMIP_PROTECTED},
    {"MCProtected", LOCKDOWN_E_MC_PROTECTED},
    {"MCChallengeRequired", LOCKDOWN_E_MC_CHALLENGE_REQUIRED},
    {"PairingFailed", LOCKDOWN_E_PAIRING_FAILED},
    {"NoRunningSession", LOCKDOWN_E_NO_RUNNING_SESSION},
    {"InvalidConf", LOCKDOWN_E_INVALID_CONF},
}};

base::ErrorCode code_of(lockdownd_error_t number) {
    switch (number) {
        case LOCKDOWN_E_PASSWORD_PROTECTED:
        case LOCKDOWN_E_ESCROW_LOCKED: return base::ErrorCode::Locked;
        case LOCKDOWN_E_USER_DENIED_PAIRING:
        case LOCKDOWN_E_PAIRING_DIALOG_RESPONSE_PENDING:
        case LOCKDOWN_E_MISSING_HOST_ID:
        case LOCKDOWN_E_INVALID_HOST_ID:
        case LOCKDOWN_E_SESSION_INACTIVE:
        case LOCKDOWN_E_MISSING_SESSION_ID:
        case LOCKDOWN_E_NO_RUNNING_SESSION:
        case LOCKDOWN_E_MISSING_PAIR_RECORD:
        case LOCKDOWN_E_INVALID_PAIR_RECORD: return base::ErrorCode::NotTrusted;
        default: return base::ErrorCode::PhoneRefused;
    }
}

}  // namespace

base::Error lockdown_error(std::string what, std::string_view name) {
    lockdownd_error_t number = LOCKDOWN_E_UNKNOWN_ERROR;
    for (const auto& [known, value] : kNames)
        if (known == name) number = value;
    const auto code = code_of(number);
    return base::Error(code, what + ": the phone answered " + base::to_valid_utf8(name.substr(0, 80)))
        .with_native("lockdown", number)
        .with_retry(code == base::ErrorCode::PhoneRefused ? base::Retry::No : base::Retry::AfterUserAction);
}

base::Error lockdown_error_of(std::string what, int number) {
    for (const auto& [known, value] : kNames)
        if (value == number) return lockdown_error(std::move(what), known);
    const auto code = number == LOCKDOWN_E_RECEIVE_TIMEOUT ? base::ErrorCode::TimedOut
                      : number == LOCKDOWN_E_MUX_ERROR     ? base::ErrorCode::Disconnected
                                                           : base::ErrorCode::Protocol;
    return base::Error(code, what + ": libimobiledevice answered " + std::to_string(number)).with_native("lockdown", number);
}

}  // namespace unbrick::device
