// Probes of a phone in Normal mode.
#include <algorithm>

#include "diagnostics/probes/support.h"
#include "src/base/text.h"
#include "src/device/recorder.h"

namespace unbrick::diagnostics::probes {

using base::Plist;

namespace {

constexpr std::size_t kMostReports = 400;
constexpr std::size_t kMostPanicsRead = 3;
constexpr std::size_t kPanicLimit = 96 * 1024;

// A value that the phone may refuse or lack: nothing then. Silence is an error still.
base::Result<std::optional<Plist>> optional_value(device::NormalLink& link, std::string_view domain, std::string_view key, const ProbeContext& context) {
    auto value = link.value(domain, key, context.deadline, context.stop);
    if (value || value.error().native().domain != "lockdown") return value;
    return std::optional<Plist>();
}

// Signed numbers come as the 64 bits of an unsigned one.
std::optional<std::int64_t> signed_at(const Plist& dict, std::string_view key) {
    const auto value = dict.integer_at(key);
    if (!value) return std::nullopt;
    return static_cast<std::int64_t>(*value);
}

bool looks_like(const std::string& path, std::string_view part) { return base::contains(base::to_lower(path), part); }

}  // namespace

Found pairing(const ProbeContext& context) {
    Finding finding("phone.pairing");
    UB_TRY(device::NormalLink link, open_normal(context));
    UB_TRY(const auto state, link.pairing(context.deadline, context.stop));
    finding.add("pairing.state", device::to_string(state));
    UB_TRY(const auto locked, optional_value(link, "", "PasswordProtected", context));
    if (locked)
        if (const auto set = locked->as_boolean()) finding.add("phone.password_protected", *set);
    return finding.take();
}

Found battery(const ProbeContext& context) {
    Finding finding("phone.battery");
    UB_TRY(device::NormalLink link, open_normal(context));
    UB_TRY_VOID(link.start_session(context.deadline, context.stop));
    UB_TRY(const auto domain, optional_value(link, "com.apple.mobile.battery", "", context));
    std::optional<std::int64_t> level;
    if (domain && domain->is_dict()) {
        level = signed_at(*domain, "BatteryCurrentCapacity");
        if (const auto charging = domain->boolean_at("BatteryIsCharging")) finding.add("battery.charging", *charging);
        if (const auto external = domain->boolean_at("ExternalConnected")) finding.add("battery.external_power", *external);
        if (const auto present = domain->boolean_at("HasBattery")) finding.add("battery.present", *present);
    }
    // The gauge itself; all of it may be missing (knowledge/battery.json).
    auto gauge = link.io_registry("", "IOPMPowerSource", context.deadline, context.stop);
    if (gauge && *gauge && (*gauge)->is_dict()) {
        const Plist& source = **gauge;
        if (!level)
            if (const auto now = signed_at(source, "CurrentCapacity"); now && *now >= 0 && *now <= 100) level = now;
        if (const auto millivolts = signed_at(source, "Voltage")) finding.add("battery.voltage_mv", *millivolts);
        if (const auto hundredths = signed_at(source, "Temperature")) finding.add("battery.temperature_c", static_cast<double>(*hundredths) / 100);
        if (const auto current = signed_at(source, "InstantAmperage")) finding.add("battery.current_ma", *current);
        if (const auto cycles = signed_at(source, "CycleCount")) finding.add("battery.cycles", *cycles);
        auto full = signed_at(source, "NominalChargeCapacity");
        if (!full) full = signed_at(source, "AppleRawMaxCapacity");
        if (const auto design = signed_at(source, "DesignCapacity"); full && design && *design > 0)
            finding.add("battery.health_percent", std::min<std::int64_t>(*full * 100 / *design, 120));
        if (const auto failure = signed_at(source, "PermanentFailureStatus")) finding.add("battery.failure_status", *failure);
        if (const auto critical = source.boolean_at("AtCriticalLevel")) finding.add("battery.critical", *critical);
    }
    if (level && *level >= 0 && *level <= 100) finding.add("battery.level", *level);
    return finding.take();
}

Found storage(const ProbeContext& context) {
    Finding finding("phone.storage");
    UB_TRY(device::NormalLink link, open_normal(context));
    UB_TRY_VOID(link.start_session(context.deadline, context.stop));
    UB_TRY(const auto usage, optional_value(link, "com.apple.disk_usage", "", context));
    if (!usage || !usage->is_dict()) return finding.take();
    auto free = usage->integer_at("TotalDataAvailable");
    if (!free) free = usage->integer_at("AmountDataAvailable");
    const auto total = usage->integer_at("TotalDataCapacity");
    if (free) finding.add("storage.free_bytes", *free);
    if (total) finding.add("storage.total_bytes", *total);
    if (free && total && *total > 0) finding.add("storage.free_percent", 100.0 * static_cast<double>(*free) / static_cast<double>(*total));
    return finding.take();
}

Found activation(const ProbeContext& context) {
    Finding finding("phone.activation");
    UB_TRY(device::NormalLink link, open_normal(context));
    UB_TRY(const auto state, optional_value(link, "", "ActivationState", context));
    if (state && state->as_string()) {
        finding.add("activation.state", base::to_valid_utf8(state->as_string()->substr(0, 80)));
    } else if (context.phone->hidden == device::Hidden::No) {
        UB_TRY(const std::string asked, link.activation_state(context.deadline, context.stop));
        finding.add("activation.state", asked);
    }
    UB_TRY(const auto find_my, optional_value(link, "com.apple.fmip", "IsAssociated", context));
    if (find_my)
        if (const auto on = find_my->as_boolean()) finding.add("activation.find_my", *on);
    return finding.take();
}

Found baseband(const ProbeContext& context) {
    Finding finding("phone.baseband");
    UB_TRY(device::NormalLink link, open_normal(context));
    UB_TRY(const auto telephony, optional_value(link, "", "TelephonyCapability", context));
    const bool phone = telephony && telephony->as_boolean().value_or(false);
    if (telephony) finding.add("baseband.telephony", phone);
    UB_TRY(const auto version, optional_value(link, "", "BasebandVersion", context));
    if (version && version->as_string()) finding.add("baseband.version", base::to_valid_utf8(version->as_string()->substr(0, 80)));
    if (context.phone->hidden != device::Hidden::No) return finding.take();
    // With a session: a phone that cannot read its IMEI has lost its modem.
    UB_TRY_VOID(link.start_session(context.deadline, context.stop));
    UB_TRY(const auto imei, optional_value(link, "", "InternationalMobileEquipmentIdentity", context));
    if (phone) finding.add("baseband.imei_present", imei && !imei->as_string().value_or("").empty());
    UB_TRY(const auto sim, optional_value(link, "", "SIMStatus", context));
    if (sim && sim->as_string()) finding.add("baseband.sim", base::to_valid_utf8(sim->as_string()->substr(0, 80)));
    return finding.take();
}

Found crash_reports(const ProbeContext& context) {
    Finding finding("phone.crash-reports");
    UB_TRY(device::NormalLink link, open_normal(context));
    UB_TRY(const auto reports, link.crash_reports(kMostReports, context.deadline, context.stop));
    std::vector<device::CrashReport> panics;
    std::uint64_t resets = 0, low_battery = 0;
    for (const auto& report : reports) {
        if (looks_like(report.path, "panic")) panics.push_back(report);
        else if (looks_like(report.path, "resetcounter")) ++resets;
        else if (looks_like(report.path, "lowbattery")) ++low_battery;
    }
    finding.add("crash.reports", reports.size());
    finding.add("crash.panics", panics.size());
    finding.add("crash.resets", resets);
    finding.add("crash.low_battery", low_battery);
    // Their names end in the date: the last ones by name are the newest.
    std::sort(panics.begin(), panics.end(), [](const auto& one, const auto& other) { return one.path > other.path; });
    const auto pseudonyms = device::Pseudonyms::of_this_computer();
    for (std::size_t index = 0; index < std::min(panics.size(), kMostPanicsRead); ++index) {
        auto content = link.read_crash_report(panics[index].path, kPanicLimit, context.deadline, context.stop);
        if (!content) {
            if (content.error().code() == base::ErrorCode::Cancelled) return base::fail(std::move(content).error());
            continue;   // the counts hold without it
        }
        finding.add("crash.panic_log", {{"name", panics[index].path}, {"text", pseudonyms->redact(base::to_valid_utf8(base::as_text(*content)))}},
                    panics[index].path);
    }
    return finding.take();
}

}  // namespace unbrick::diagnostics::probes
