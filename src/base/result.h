// Result<T>: a value, or an Error that says what failed and in which context.
//
// Every call that can fail returns Result<T>. While it unwinds, each layer may add one line of
// context, so the last reader sees the whole chain from the wire to the request of the user.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

namespace unbrick::base {

// Families of a hundred, never renumbered: general, transport, protocol, phone, firmware, signing,
// knowledge, plan and guard, host, internal.
enum class ErrorCode : std::uint16_t {
    Failed = 1,
    Usage = 2,
    InvalidInput = 3,       // a file or text that was given is damaged or not what it should be
    NotFound = 4,
    LimitExceeded = 5,      // larger than what we are willing to read or hold
    Io = 6,
    OutOfSpace = 7,
    Cancelled = 10,
    TimedOut = 11,

    Transport = 100,        // USB or socket trouble without a better name
    Disconnected = 101,     // the phone left the bus in the middle
    Stalled = 102,          // the endpoint answered STALL
    PermissionDenied = 103,
    Busy = 104,             // somebody else holds the device

    Protocol = 200,         // the peer answered something that the protocol does not allow

    NoPhone = 300,
    WrongMode = 301,
    PhoneRefused = 302,     // the phone said no, in its own words
    NotTrusted = 303,
    Locked = 304,
    PhoneStateUnknown = 305,
    PhoneInRecovery = 306,

    FirmwareInvalid = 400,
    FirmwareUnsuitable = 401,

    SigningRefused = 500,
    SigningUnreachable = 501,
    TicketMismatch = 502,

    KnowledgeInvalid = 600,

    RefusedByGuard = 700,   // one of our own safety rules says no
    NeedsPerson = 701,

    HostEnvironment = 800,  // a missing service, program, permission or library on this computer

    Internal = 900,
};

// Whether trying the same thing again makes sense, and after what.
enum class Retry : std::uint8_t { No, Now, AfterReplug, AfterModeChange, AfterUserAction };

// A number that another library or server gave, kept with its domain: 9 of one is not 9 of another.
struct NativeError {
    std::string domain;  // "libusb", "errno", "lockdown", "curl", "TSS" ...
    std::int64_t value = 0;
    friend bool operator==(const NativeError&, const NativeError&) = default;
};

class [[nodiscard]] Error {
public:
    Error(ErrorCode code, std::string message) : code_(code), message_(std::move(message)) {}

    ErrorCode code() const { return code_; }
    const std::string& message() const { return message_; }
    const std::vector<std::string>& context() const { return context_; }
    const NativeError& native() const { return native_; }
    Retry retry() const { return retry_; }
    const std::string& text_key() const { return text_key_; }

    Error& with_context(std::string line) & { context_.push_back(std::move(line)); return *this; }
    Error&& with_context(std::string line) && { context_.push_back(std::move(line)); return std::move(*this); }
    Error&& with_native(std::string domain, std::int64_t value) && {
        native_ = {std::move(domain), value};
        return std::move(*this);
    }
    Error&& with_retry(Retry retry) && { retry_ = retry; return std::move(*this); }
    // The key of a text in knowledge/texts that tells a user what this means and what to do.
    Error&& with_text(std::string key) && { text_key_ = std::move(key); return std::move(*this); }

    // "restore: send ramdisk: bulk write timed out (libusb -7)", outermost context first.
    std::string to_string() const;

private:
    ErrorCode code_;
    std::string message_;
    std::vector<std::string> context_;
    NativeError native_;
    Retry retry_ = Retry::No;
    std::string text_key_;
};

template <class T>
using Result = tl::expected<T, Error>;
using Status = Result<void>;

inline tl::unexpected<Error> fail(Error error) { return tl::unexpected<Error>(std::move(error)); }
inline tl::unexpected<Error> fail(ErrorCode code, std::string message) {
    return tl::unexpected<Error>(Error(code, std::move(message)));
}

// "usage", "timed out" ...: a stable lower-case word for logs and JSON.
std::string_view to_string(ErrorCode code);

}  // namespace unbrick::base

// UB_TRY(auto value, call()) declares `value` or returns the error; UB_TRY_VOID(call()) for Status.
#define UB_CONCAT_(a, b) a##b
#define UB_CONCAT(a, b) UB_CONCAT_(a, b)
#define UB_TRY_IMPL(result, declaration, expression)                       \
    auto result = (expression);                                            \
    if (!result) return ::tl::unexpected<::unbrick::base::Error>(std::move(result).error()); \
    declaration = std::move(*result)
#define UB_TRY(declaration, expression) \
    UB_TRY_IMPL(UB_CONCAT(ub_result_, __LINE__), declaration, expression)
#define UB_TRY_VOID(expression)                                              \
    do {                                                                     \
        auto ub_status = (expression);                                       \
        if (!ub_status)                                                      \
            return ::tl::unexpected<::unbrick::base::Error>(std::move(ub_status).error()); \
    } while (false)
// As UB_TRY, and adds a line of context to the error on its way out.
#define UB_TRY_CONTEXT_IMPL(result, declaration, expression, line)         \
    auto result = (expression);                                            \
    if (!result)                                                           \
        return ::tl::unexpected<::unbrick::base::Error>(                   \
            std::move(result).error().with_context(line));                 \
    declaration = std::move(*result)
#define UB_TRY_CONTEXT(declaration, expression, line) \
    UB_TRY_CONTEXT_IMPL(UB_CONCAT(ub_result_, __LINE__), declaration, expression, line)
