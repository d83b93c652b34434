#include "simulator/world/scenario.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <set>

#include "simulator/world/schema_check.h"
#include "src/base/file.h"

namespace unbrick::simulator {

using base::ErrorCode;
using base::Json;

namespace {

constexpr std::size_t kLargestScenario = 4u << 20;

base::Result<DaemonPolicy> daemon_policy_from(const std::string& text) {
    if (text == "udev") return DaemonPolicy::Udev;
    if (text == "running") return DaemonPolicy::Running;
    if (text == "missing") return DaemonPolicy::Missing;
    return base::fail(ErrorCode::InvalidInput, "/host/usbmuxd: unknown word " + text);
}

template <class T>
void take(const Json& from, const char* key, T& into) {
    const Json& value = base::json_at(from, key);
    if constexpr (std::is_same_v<T, std::string>) {
        if (value.is_string()) into = value.get<std::string>();
    } else if constexpr (std::is_same_v<T, bool>) {
        if (value.is_boolean()) into = value.get<bool>();
    } else {
        if (value.is_number()) into = value.get<T>();
    }
}

services::SystemNature system_from(const Json& ios) {
    services::SystemNature system;
    take(ios, "baseband_alive", system.baseband_alive);
    take(ios, "baseband_version", system.baseband_version);
    take(ios, "sim_present", system.sim_present);
    take(ios, "wifi_address", system.wifi_address);
    bool paired = true;
    take(ios, "paired", paired);
    system.pairing = paired ? services::Pairing::Trusted : services::Pairing::None;
    take(ios, "silent", system.silent);
    take(ios, "activation_state", system.activation_state);
    take(ios, "activation_locked", system.activation_locked);
    take(ios, "find_my", system.find_my);
    const Json& battery = base::json_at(ios, "battery");
    take(battery, "cycles", system.battery_cycles);
    take(battery, "design_mah", system.battery_design_mah);
    take(battery, "full_mah", system.battery_full_mah);
    take(battery, "millivolts", system.battery_millivolts);
    take(battery, "centigrade", system.battery_centigrade);
    const Json& storage = base::json_at(ios, "storage");
    take(storage, "disk_total", system.disk_total);
    take(storage, "data_total", system.data_total);
    take(storage, "data_free", system.data_free);
    for (const Json& report : base::json_at(ios, "crash_reports")) {
        services::File file;
        take(report, "path", file.path);
        const Json& content = base::json_at(report, "content");
        // A list is written as lines: an .ips file is a JSON line and a JSON body.
        if (content.is_array()) {
            for (const Json& line : content)
                file.content += (line.is_string() ? line.get<std::string>() : base::dump_json(line)) + "\n";
        } else if (content.is_string()) {
            file.content = content.get<std::string>();
        }
        system.crash_reports.push_back(std::move(file));
    }
    for (const Json& line : base::json_at(ios, "syslog"))
        if (line.is_string()) system.syslog.push_back(line.get<std::string>());
    for (const auto& [key, into] : {std::pair{"values", &system.values}, {"gestalt", &system.gestalt}, {"registry", &system.registry}})
        if (base::json_at(ios, key).is_object()) *into = ios.at(key);
    return system;
}

base::Result<mux::StreamFault> stream_fault_from(const Json& json) {
    mux::StreamFault fault;
    fault.at = static_cast<std::uint64_t>(base::json_int(json, "at").value_or(0));
    const std::string what = base::json_string(json, "what").value_or("");
    if (what == "cut") fault.kind = mux::StreamFault::Kind::Cut;
    else if (what == "stall") fault.kind = mux::StreamFault::Kind::Stall;
    else if (what == "garbage") fault.kind = mux::StreamFault::Kind::Garbage;
    else return base::fail(ErrorCode::InvalidInput, "connection_faults: unknown word " + what);
    return fault;
}

base::Result<ScenarioPhone> phone_from(const Json& json) {
    ScenarioPhone phone;
    UB_TRY(phone.nature, Nature::from_json(json));
    const Json& extras = phone.nature.extras;
    phone.system = system_from(base::json_at(extras, "ios"));
    for (const Json& entry : base::json_at(extras, "connection_faults")) {
        ConnectionFault fault;
        take(entry, "port", fault.port);
        take(entry, "skip", fault.skip);
        take(entry, "times", fault.times);
        UB_TRY(fault.fault, stream_fault_from(entry));
        phone.connection_faults.push_back(fault);
    }
    for (const Json& entry : base::json_at(extras, "cable_faults")) {
        CableFault fault;
        take(entry, "after", fault.after);
        take(entry, "every", fault.every);
        take(entry, "away", fault.away);
        take(entry, "cured_by", fault.cured_by);
        phone.cable_faults.push_back(fault);
    }
    if (extras.contains("restore")) phone.restore = extras.at("restore");
    if (extras.contains("usb")) phone.usb = extras.at("usb");
    return phone;
}

base::Result<Scenario> scenario_from(const Json& json) {
    Scenario scenario;
    take(json, "id", scenario.id);
    take(json, "title", scenario.title);
    take(json, "story", scenario.story);
    take(json, "needs_restore", scenario.needs_restore);
    const Json& host = base::json_at(json, "host");
    UB_TRY(scenario.host.usbmuxd, daemon_policy_from(base::json_string(host, "usbmuxd").value_or("udev")));
    take(host, "usb_permission", scenario.host.usb_permission);
    take(host, "hubs", scenario.host.hubs);
    take(host, "network", scenario.host.network);
    std::size_t index = 0;
    std::set<std::uint64_t> ecids;
    for (const Json& entry : base::json_at(json, "phones")) {
        auto phone = phone_from(entry);
        if (!phone) return base::fail(ErrorCode::InvalidInput, fmt::format("/phones/{}: {}", index, phone.error().message()));
        if (!ecids.insert(phone->nature.ecid).second)
            return base::fail(ErrorCode::InvalidInput, fmt::format("/phones/{}/ecid: two phones have the same ECID", index));
        scenario.phones.push_back(std::move(*phone));
        ++index;
    }
    auto person = PersonRules::from_json(base::json_at(json, "person"));
    if (!person) return base::fail(ErrorCode::InvalidInput, "/person: " + person.error().message());
    scenario.person = std::move(*person);
    if (json.contains("servers")) scenario.servers = json.at("servers");
    if (json.contains("expected")) scenario.expected = json.at("expected");
    return scenario;
}

}  // namespace

base::Result<std::filesystem::path> scenarios_folder() {
    std::vector<std::filesystem::path> places;
    if (const char* named = std::getenv("UNBRICK_SCENARIOS"); named != nullptr && *named != '\0') places = {named};
    else places = {base::program_folder() / "scenarios", base::program_folder() / "../share/unbrick/scenarios"};
    for (const auto& place : places) {
        std::error_code ignored;
        if (std::filesystem::is_regular_file(place / "schema.json", ignored)) return place;
    }
    return base::fail(ErrorCode::NotFound, "no folder with scenarios at " + places.front().string());
}

base::Result<Scenario> load_scenario(const std::filesystem::path& file) {
    UB_TRY(const auto folder, scenarios_folder());
    UB_TRY(const Json schema, base::load_json(folder / "schema.json"));
    UB_TRY(const std::string text, base::read_text_file(file, kLargestScenario));
    UB_TRY(const Json json, base::parse_json(text, file.string()));
    UB_TRY(const auto mistakes, check_schema(schema, json));
    if (!mistakes.empty()) {
        std::string all;
        for (const SchemaMistake& mistake : mistakes)
            all += fmt::format("{}{}: {}: {}", all.empty() ? "" : "\n", file.string(), mistake.pointer.empty() ? "/" : mistake.pointer, mistake.reason);
        return base::fail(ErrorCode::InvalidInput, all);
    }
    auto scenario = scenario_from(json);
    if (!scenario) return base::fail(ErrorCode::InvalidInput, fmt::format("{}: {}", file.string(), scenario.error().message()));
    return scenario;
}

base::Result<Scenario> find_scenario(const std::string& id_or_path) {
    if (base::contains(id_or_path, "/") || base::ends_with(id_or_path, ".json")) return load_scenario(id_or_path);
    UB_TRY(const auto folder, scenarios_folder());
    const auto file = folder / (id_or_path + ".json");
    std::error_code ignored;
    if (id_or_path == "schema" || !std::filesystem::is_regular_file(file, ignored))
        return base::fail(ErrorCode::NotFound, "no scenario is called \"" + id_or_path + "\" (--list shows them)");
    return load_scenario(file);
}

base::Result<std::vector<Scenario>> all_scenarios() {
    UB_TRY(const auto folder, scenarios_folder());
    std::vector<std::filesystem::path> files;
    std::error_code problem;
    for (const auto& entry : std::filesystem::directory_iterator(folder, problem))
        if (entry.path().extension() == ".json" && entry.path().filename() != "schema.json") files.push_back(entry.path());
    if (problem) return base::fail(ErrorCode::Io, folder.string() + ": " + problem.message());
    std::sort(files.begin(), files.end());
    std::vector<Scenario> scenarios;
    for (const auto& file : files) {
        UB_TRY(auto scenario, load_scenario(file));
        scenarios.push_back(std::move(scenario));
    }
    return scenarios;
}

}  // namespace unbrick::simulator
