// The services of NormalLink that the probes read: diagnostics_relay, crash reports, mobileactivation.
#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "src/device/links/afc.h"
#include "src/device/links/normal_link.h"

namespace unbrick::device {

using base::ErrorCode;
using base::fail;
using base::Plist;

namespace {

constexpr std::string_view kDiagnosticsRelay = "com.apple.mobile.diagnostics_relay";
constexpr std::string_view kCrashMover = "com.apple.crashreportmover";
constexpr std::string_view kCrashCopy = "com.apple.crashreportcopymobile";
constexpr std::string_view kActivation = "com.apple.mobileactivationd";
constexpr int kDeepestFolder = 4;

// The answer's Diagnostics; nothing when the phone does not know the question.
base::Result<std::optional<Plist>> diagnostics(NormalLink& link, const Plist& message, const base::Deadline& deadline,
                                               const std::stop_token& stop) {
    UB_TRY(PlistConnection relay, link.service(kDiagnosticsRelay, deadline, stop));
    UB_TRY_CONTEXT(const Plist answer, relay.ask(message, deadline, stop), message.string_at("Request").value_or(""));
    (void)relay.send(Plist::dict().set("Request", "Goodbye"), deadline, stop);
    const auto status = answer.string_at("Status").value_or("");
    if (status == "UnknownRequest") return std::optional<Plist>();
    if (status != "Success") return fail(ErrorCode::PhoneRefused, "diagnostics_relay answered " + base::to_valid_utf8(status.substr(0, 80)));
    Plist value = answer.at("Diagnostics");
    if (!value) return std::optional<Plist>();
    return std::optional<Plist>(std::move(value));
}

// Walks breadth first, so that a deep tree does not hide the reports at the top.
base::Status walk(Afc& afc, std::vector<std::pair<std::string, int>> folders, std::size_t at_most, std::vector<CrashReport>& into,
                  const base::Deadline& deadline, const std::stop_token& stop) {
    for (std::size_t at = 0; at < folders.size() && into.size() < at_most; ++at) {
        const auto [folder, depth] = folders[at];
        auto names = afc.list(folder, deadline, stop);
        if (!names) {
            if (at > 0 && names.error().native().domain == "afc") continue;   // one unreadable folder does not hide the rest
            return fail(std::move(names).error());
        }
        for (const auto& name : *names) {
            if (into.size() >= at_most) break;
            const std::string path = folder == "." || folder == "/" ? "/" + name : folder + "/" + name;
            auto info = afc.info(path, deadline, stop);
            if (!info) {
                if (info.error().native().domain == "afc") continue;
                return fail(std::move(info).error());
            }
            if (!info->folder) into.push_back({path, info->size});
            else if (depth < kDeepestFolder) folders.emplace_back(path, depth + 1);
        }
    }
    return {};
}

}  // namespace

base::Result<std::optional<Plist>> NormalLink::io_registry(std::string_view entry_name, std::string_view entry_class,
                                                           const base::Deadline& deadline, const std::stop_token& stop) {
    auto message = Plist::dict().set("Request", "IORegistry");
    if (!entry_name.empty()) message.set("EntryName", entry_name);
    if (!entry_class.empty()) message.set("EntryClass", entry_class);
    UB_TRY(auto answer, diagnostics(*this, message, deadline, stop));
    if (!answer) return answer;
    Plist entry = answer->at("IORegistry");
    if (!entry) return std::optional<Plist>();
    return std::optional<Plist>(std::move(entry));
}

base::Result<std::optional<Plist>> NormalLink::mobile_gestalt(const std::vector<std::string>& keys, const base::Deadline& deadline,
                                                              const std::stop_token& stop) {
    auto names = Plist::array();
    for (const auto& key : keys) names.append(Plist::string(key));
    UB_TRY(auto answer, diagnostics(*this, Plist::dict().set("Request", "MobileGestalt").set("MobileGestaltKeys", std::move(names)), deadline, stop));
    if (!answer) return answer;
    Plist gestalt = answer->at("MobileGestalt");
    // From iOS 17.4 on it only says that the question is deprecated.
    if (!gestalt.is_dict() || gestalt.string_at("Status").value_or("") == "MobileGestaltDeprecated") return std::optional<Plist>();
    return std::optional<Plist>(std::move(gestalt));
}

base::Status NormalLink::restart(const base::Deadline& deadline, const std::stop_token& stop) {
    UB_TRY(PlistConnection relay, service(kDiagnosticsRelay, deadline, stop));
    UB_TRY_CONTEXT(const Plist answer, relay.ask(Plist::dict().set("Request", "Restart").set("WaitForDisconnect", Plist::boolean(true)), deadline, stop), "Restart");
    if (answer.string_at("Status").value_or("") != "Success") return fail(ErrorCode::PhoneRefused, "the phone refuses to restart");
    return {};
}

base::Result<std::vector<CrashReport>> NormalLink::crash_reports(std::size_t at_most, const base::Deadline& deadline,
                                                                 const std::stop_token& stop) {
    // The mover answers "ping\0" when the newest reports are in the folder; a phone without it just has older ones.
    if (auto mover = service(kCrashMover, deadline, stop)) {
        std::array<std::uint8_t, 5> ping{};
        (void)mover->receive_raw(ping, deadline.earlier_of(std::chrono::seconds(10)), stop);
    } else if (mover.error().code() != ErrorCode::PhoneRefused) {
        return fail(std::move(mover).error().with_context("crash reports"));
    }
    UB_TRY(PlistConnection copy, service(kCrashCopy, deadline, stop));
    Afc afc(std::move(copy));
    std::vector<CrashReport> reports;
    UB_TRY_VOID(walk(afc, {{"/", 0}}, at_most, reports, deadline, stop));
    return reports;
}

base::Result<base::Bytes> NormalLink::read_crash_report(const std::string& path, std::size_t limit, const base::Deadline& deadline,
                                                        const std::stop_token& stop) {
    UB_TRY(PlistConnection copy, service(kCrashCopy, deadline, stop));
    Afc afc(std::move(copy));
    return afc.read(path, limit, deadline, stop);
}

base::Result<std::string> NormalLink::activation_state(const base::Deadline& deadline, const std::stop_token& stop) {
    auto activation = service(kActivation, deadline, stop);
    if (activation) {
        UB_TRY_CONTEXT(const Plist answer, activation->ask(Plist::dict().set("Command", "GetActivationStateRequest"), deadline, stop),
                       "activation state");
        if (const auto value = answer.string_at("Value")) return base::to_valid_utf8(value->substr(0, 80));
        return fail(ErrorCode::PhoneRefused, "mobileactivation: " + base::to_valid_utf8(answer.string_at("Error").value_or("no value").substr(0, 200)));
    }
    // Older phones have no such service, but lockdownd knows the state as well.
    if (activation.error().code() != ErrorCode::PhoneRefused) return fail(std::move(activation).error());
    UB_TRY(const auto value, this->value("", "ActivationState", deadline, stop));
    if (!value || !value->as_string()) return fail(ErrorCode::PhoneRefused, "the phone does not say whether it is activated");
    return base::to_valid_utf8(value->as_string()->substr(0, 80));
}

}  // namespace unbrick::device
