// diagnostics_relay: restart, shutdown, gas gauge, MobileGestalt and IORegistry.
#include "simulator/services/service_table.h"

namespace unbrick::simulator::services {

using base::Plist;

namespace {

Plist number(std::int64_t value) { return Plist::integer(static_cast<std::uint64_t>(value)); }

Plist success() { return Plist::dict().set("Status", "Success"); }
Plist with(std::string_view name, Plist value) {
    return success().set("Diagnostics", Plist::dict().set(name, std::move(value)));
}

int battery_percent(const System& system) {
    return system.acts().battery_percent ? system.acts().battery_percent() : system.nature().battery_percent;
}

Plist gas_gauge(const System& system) {
    const SystemNature& nature = system.nature();
    return Plist::dict()
        .set("CycleCount", number(nature.battery_cycles))
        .set("DesignCapacity", number(nature.battery_design_mah))
        .set("FullChargeCapacity", number(nature.battery_full_mah))
        .set("Status", "Success");
}

// AppleSmartBattery, the entry that tells of a worn or failing battery
// (facts/knowledge/battery_and_power.json).
Plist smart_battery(const System& system) {
    const SystemNature& nature = system.nature();
    const int percent = battery_percent(system);
    const bool charging = system.acts().charging ? system.acts().charging() : nature.battery_charging;
    return Plist::dict()
        .set("BatteryInstalled", Plist::boolean(true))
        .set("CurrentCapacity", number(percent))
        .set("MaxCapacity", number(100))
        .set("DesignCapacity", number(nature.battery_design_mah))
        .set("NominalChargeCapacity", number(nature.battery_full_mah))
        .set("AppleRawMaxCapacity", number(nature.battery_full_mah))
        .set("AppleRawCurrentCapacity", number(nature.battery_full_mah * percent / 100))
        .set("CycleCount", number(nature.battery_cycles))
        .set("Temperature", number(nature.battery_centigrade * 100))
        .set("Voltage", number(nature.battery_millivolts))
        .set("AppleRawBatteryVoltage", number(nature.battery_millivolts))
        .set("IsCharging", Plist::boolean(charging))
        .set("ExternalConnected", Plist::boolean(true))
        .set("FullyCharged", Plist::boolean(percent >= 100))
        .set("InstantAmperage", number(charging ? 900 : -250));
}

Plist registry_entry(const System& system, const std::string& name) {
    const base::Json& added = base::json_at(system.nature().registry, name);
    Plist entry = name == "AppleSmartBattery" || name == "AppleARMPMUCharger" || name == "IOPMPowerSource"
                      ? smart_battery(system)
                      : Plist();
    if (added.is_object()) {
        if (!entry) entry = Plist::dict();
        for (const auto& [key, value] : added.items()) entry.set(key, plist_from_json(value));
    }
    return entry;
}

Plist gestalt_value(const System& system, const std::string& key) {
    const base::Json& added = base::json_at(system.nature().gestalt, key);
    if (!added.is_null()) return plist_from_json(added);
    const SystemNature& nature = system.nature();
    if (key == "BatteryCurrentCapacity") return number(battery_percent(system));
    if (key == "BatteryIsCharging") return Plist::boolean(system.acts().charging ? system.acts().charging() : nature.battery_charging);
    if (key == "DeviceSupportsTelephony") return Plist::boolean(nature.cellular);
    // Most names are lockdown's names as well.
    System::Answer answer = system.value("", key, true);
    return answer.error.empty() ? std::move(answer.value) : Plist();
}

// iOS 17.4 took MobileGestalt away from hosts.
bool gestalt_is_gone(std::string_view version) {
    const auto parts = base::split(version, '.');
    const auto major = parts.empty() ? 0 : base::parse_int(parts[0]).value_or(0);
    const auto minor = parts.size() < 2 ? 0 : base::parse_int(parts[1]).value_or(0);
    return major > 17 || (major == 17 && minor >= 4);
}

Plist gestalt(const System& system, const Plist& request) {
    if (gestalt_is_gone(system.nature().product_version))
        return with("MobileGestalt", Plist::dict().set("Status", "MobileGestaltDeprecated"));
    Plist values = Plist::dict();
    const Plist keys = request.at("MobileGestaltKeys");
    for (std::size_t at = 0; at < keys.size(); ++at) {
        const std::string key = keys.item(at).as_string().value_or("");
        if (Plist value = gestalt_value(system, key)) values.set(key, std::move(value));
    }
    values.set("Status", "Success");
    return with("MobileGestalt", std::move(values));
}

Plist registry(const System& system, const Plist& request) {
    if (const auto plane = request.string_at("CurrentPlane")) {
        Plist children = Plist::array();
        if (Plist battery = registry_entry(system, "AppleSmartBattery"))
            children.append(std::move(battery).set("name", "AppleSmartBattery"));
        return with("IORegistry", Plist::dict()
                                      .set("name", system.nature().hardware_model)
                                      .set("plane", *plane)
                                      .set("children", std::move(children)));
    }
    const std::string name = request.string_at("EntryName").value_or(request.string_at("EntryClass").value_or(""));
    Plist entry = registry_entry(system, name);
    // An entry that does not exist is a success with an empty list of diagnostics.
    return entry ? with("IORegistry", std::move(entry)) : success().set("Diagnostics", Plist::dict());
}

}  // namespace

void serve_diagnostics_relay(System& system, mux::Stream& stream) {
    while (true) {
        auto request = stream.read_plist(mux::idle_deadline());
        if (!request) return;
        const std::string what = request->string_at("Request").value_or("");
        Plist answer = success();
        std::function<void()> act;
        if (what == "Restart") act = system.acts().restart;
        else if (what == "Shutdown") act = system.acts().shut_down;
        else if (what == "Sleep" || what == "Goodbye") {}
        else if (what == "GasGauge") answer = with("GasGauge", gas_gauge(system));
        else if (what == "All")
            answer = success().set("Diagnostics", Plist::dict()
                                                      .set("GasGauge", gas_gauge(system))
                                                      .set("WiFi", Plist::dict().set("Status", "Success")));
        else if (what == "WiFi") answer = with("WiFi", Plist::dict().set("Status", "Success"));
        else if (what == "NAND") answer = with("NAND", Plist::dict().set("Status", "Success"));
        else if (what == "MobileGestalt") answer = gestalt(system, *request);
        else if (what == "IORegistry") answer = registry(system, *request);
        else answer = Plist::dict().set("Status", "UnknownRequest");
        if (!stream.write_plist(answer)) return;
        if (act) act();
        if (what == "Goodbye") return;
    }
}

}  // namespace unbrick::simulator::services
