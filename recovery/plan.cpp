#include "recovery/plan.h"

#include <fmt/core.h>

#include <algorithm>

namespace unbrick::recovery {

namespace {

constexpr std::pair<Risk, std::string_view> kRisks[] = {{Risk::ReadsOnly, "reads-only"},
                                                        {Risk::Reversible, "reversible"},
                                                        {Risk::MeantToKeepData, "meant-to-keep-data"},
                                                        {Risk::ErasesData, "erases-data"}};

base::Result<std::string> required(const base::Json& object, std::string_view key, std::string_view where) {
    auto value = base::json_string(object, key);
    if (!value || value->empty())
        return base::fail(base::ErrorCode::InvalidInput, fmt::format("{}: \"{}\" is missing or no text", where, key));
    return *value;
}

base::Result<std::vector<std::string>> strings(const base::Json& object, std::string_view key, std::string_view where) {
    std::vector<std::string> values;
    const auto& list = base::json_at(object, key);
    if (list.is_null()) return values;
    if (!list.is_array()) return base::fail(base::ErrorCode::InvalidInput, fmt::format("{}: \"{}\" is no list", where, key));
    for (const auto& item : list) {
        if (!item.is_string())
            return base::fail(base::ErrorCode::InvalidInput, fmt::format("{}: \"{}\" holds something that is no text", where, key));
        values.push_back(item.get<std::string>());
    }
    return values;
}

base::Result<std::chrono::seconds> seconds(const base::Json& object, std::string_view key, std::string_view where) {
    const auto value = base::json_int(object, key);
    constexpr std::int64_t kDay = 24 * 3600;
    if (!value || *value < 0 || *value > kDay)
        return base::fail(base::ErrorCode::InvalidInput, fmt::format("{}: \"{}\" is not a number of seconds up to a day", where, key));
    return std::chrono::seconds(*value);
}

base::Result<Step> step_from_json(const base::Json& json, std::string_view where) {
    Step step;
    UB_TRY(step.id, required(json, "id", where));
    const auto here = fmt::format("{}, step {}", where, step.id);
    UB_TRY(step.kind, required(json, "kind", here));
    step.parameters = base::json_at(json, "parameters");
    if (step.parameters.is_null()) step.parameters = base::Json::object();
    UB_TRY(const auto risk, required(json, "risk", here));
    UB_TRY_CONTEXT(step.risk, parse_risk(risk), here);
    UB_TRY(step.text_key, required(json, "text", here));
    UB_TRY(step.stop_text_key, required(json, "stop", here));
    UB_TRY(step.usual, seconds(json, "usual", here));
    UB_TRY(step.longest, seconds(json, "longest", here));
    UB_TRY(step.modes, strings(json, "modes", here));
    return step;
}

}  // namespace

std::string_view to_string(Risk risk) {
    for (const auto& [value, name] : kRisks)
        if (value == risk) return name;
    return "erases-data";
}

base::Result<Risk> parse_risk(std::string_view text) {
    for (const auto& [value, name] : kRisks)
        if (name == text) return value;
    return base::fail(base::ErrorCode::InvalidInput, fmt::format("\"{}\" is no risk", text));
}

Risk Plan::risk() const {
    Risk worst = Risk::ReadsOnly;
    for (const auto& step : steps) worst = std::max(worst, step.risk);
    return worst;
}

bool Plan::may_begin_in(std::string_view mode) const {
    return modes.empty() || std::find(modes.begin(), modes.end(), mode) != modes.end();
}

std::string Plan::to_text() const {
    std::string text = fmt::format("{} ({}, {})\n", id, action, to_string(risk()));
    std::size_t number = 0;
    for (const auto& step : steps)
        text += fmt::format("{:3}. {} [{}] {}, usually {} s, at most {} s\n", ++number, step.id, step.kind, to_string(step.risk),
                            step.usual.count(), step.longest.count());
    return text;
}

base::OrderedJson to_json(const Plan& plan) {
    base::OrderedJson json;
    json["id"] = plan.id;
    json["action"] = plan.action;
    json["risk"] = to_string(plan.risk());
    json["title"] = plan.title_key;
    json["summary"] = plan.summary_key;
    json["needs"] = plan.needs;
    json["modes"] = plan.modes;
    json["simulated_only"] = plan.simulated_only;
    json["steps"] = base::OrderedJson::array();
    for (const auto& step : plan.steps) {
        base::OrderedJson item;
        item["id"] = step.id;
        item["kind"] = step.kind;
        item["risk"] = to_string(step.risk);
        item["text"] = step.text_key;
        item["stop"] = step.stop_text_key;
        item["usual"] = step.usual.count();
        item["longest"] = step.longest.count();
        if (!step.modes.empty()) item["modes"] = step.modes;
        if (!step.parameters.empty()) item["parameters"] = step.parameters;
        json["steps"].push_back(std::move(item));
    }
    return json;
}

base::Result<Plan> plan_from_json(const base::Json& json, std::string_view name) {
    if (!json.is_object()) return base::fail(base::ErrorCode::InvalidInput, fmt::format("{}: is no plan", name));
    Plan plan;
    UB_TRY(plan.id, required(json, "id", name));
    UB_TRY(plan.action, required(json, "action", name));
    UB_TRY(plan.title_key, required(json, "title", name));
    UB_TRY(plan.summary_key, required(json, "summary", name));
    UB_TRY(plan.needs, strings(json, "needs", name));
    UB_TRY(plan.modes, strings(json, "modes", name));
    plan.simulated_only = base::json_bool(json, "simulated_only").value_or(true);
    const auto& steps = base::json_at(json, "steps");
    if (!steps.is_array() || steps.empty())
        return base::fail(base::ErrorCode::InvalidInput, fmt::format("{}: \"steps\" is missing or empty", name));
    for (const auto& item : steps) {
        UB_TRY(auto step, step_from_json(item, name));
        for (const auto& other : plan.steps)
            if (other.id == step.id)
                return base::fail(base::ErrorCode::InvalidInput, fmt::format("{}: two steps are named {}", name, step.id));
        plan.steps.push_back(std::move(step));
    }
    // The whole plan's risk is derived; a plan that also states it must state the same.
    if (const auto stated = base::json_string(json, "risk"); stated && *stated != to_string(plan.risk()))
        return base::fail(base::ErrorCode::InvalidInput,
                          fmt::format("{}: \"risk\" is {}, its worst step is {}", name, *stated, to_string(plan.risk())));
    return plan;
}

}  // namespace unbrick::recovery
