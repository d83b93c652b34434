#include "diagnostics/inference/condition.h"

#include <algorithm>

#include "diagnostics/readers/device_facts.h"
#include "src/base/text.h"

namespace unbrick::diagnostics {
namespace {

std::vector<std::string> strings(const base::Json& value) {
    std::vector<std::string> list;
    if (value.is_string()) list.push_back(value.get<std::string>());
    if (value.is_number_integer()) list.push_back(std::to_string(value.get<std::int64_t>()));
    if (value.is_array())
        for (const auto& item : value) {
            if (item.is_string()) list.push_back(item.get<std::string>());
            if (item.is_number_integer()) list.push_back(std::to_string(item.get<std::int64_t>()));
        }
    return list;
}

bool contains(const std::vector<std::string>& list, const std::string& text) {
    return std::find(list.begin(), list.end(), text) != list.end();
}

// Numbers compare as numbers, "15.7" as versions, the rest for equality.
bool value_fits(const base::Json& value, const base::Json& wanted) {
    if (wanted.contains("is")) return value == wanted["is"];
    if (wanted.contains("in")) {
        const auto& list = wanted["in"];
        return std::find(list.begin(), list.end(), value) != list.end();
    }
    bool fits = true;
    if (wanted.contains("contains")) fits = value.is_string() && wanted["contains"].is_string() && base::contains(base::to_lower(value.get<std::string>()), base::to_lower(wanted["contains"].get<std::string>()));
    for (const auto& [name, sign] : {std::pair{"min", 1}, std::pair{"max", -1}}) {
        if (!wanted.contains(name)) continue;
        const auto& limit = wanted[name];
        if (value.is_number() && limit.is_number()) fits = fits && (value.get<double>() - limit.get<double>()) * sign >= 0;
        else if (value.is_string() && limit.is_string()) fits = fits && compare_versions(value.get<std::string>(), limit.get<std::string>()) * sign >= 0;
        else fits = false;
    }
    return fits;
}

}  // namespace

base::Result<Condition> Condition::parse(const base::Json& json, const std::string& where) {
    Condition condition;
    const auto parts = [&](const base::Json& list) -> base::Status {
        if (!list.is_array()) {
            UB_TRY(auto one, parse(list, where));
            condition.parts_.push_back(std::move(one));
            return {};
        }
        for (const auto& item : list) {
            UB_TRY(auto one, parse(item, where));
            condition.parts_.push_back(std::move(one));
        }
        return {};
    };
    if (json.is_string()) {
        condition.kind_ = Kind::Id;
        condition.text_ = json.get<std::string>();
        return condition;
    }
    if (json.is_array()) {
        UB_TRY_VOID(parts(json));
        return condition;
    }
    if (!json.is_object() || json.empty())
        return base::fail(base::ErrorCode::KnowledgeInvalid, where + ": a condition is a text, a list or an object");
    const auto simple = [&](const char* name, Kind kind) {
        if (!json.contains(name)) return false;
        condition.kind_ = kind;
        condition.list_ = strings(json[name]);
        return true;
    };
    if (json.contains("all")) { UB_TRY_VOID(parts(json["all"])); }
    else if (json.contains("any")) { condition.kind_ = Kind::Any; UB_TRY_VOID(parts(json["any"])); }
    else if (json.contains("not")) { condition.kind_ = Kind::Not; UB_TRY_VOID(parts(json["not"])); }
    else if (json.contains("at_least")) {
        condition.kind_ = Kind::AtLeast;
        condition.number_ = static_cast<std::size_t>(base::json_int(json, "at_least").value_or(1));
        UB_TRY_VOID(parts(base::json_at(json, "of")));
    } else if (json.contains("count")) {
        condition.kind_ = Kind::Count;
        condition.text_ = base::json_string(json, "count").value_or("");
        condition.number_ = static_cast<std::size_t>(base::json_int(json, "min").value_or(2));
    } else if (json.contains("key")) {
        condition.kind_ = Kind::Key;
        condition.text_ = base::json_string(json, "key").value_or("");
        condition.value_ = json;
    } else if (simple("error", Kind::Error) || simple("model", Kind::Model) || simple("kind", Kind::LogKind) ||
               simple("checkpoint", Kind::Checkpoint) || simple("operation", Kind::Operation) || simple("panic", Kind::Panic) ||
               simple("sensor", Kind::Sensor) || simple("failed_in", Kind::Stage) || simple("before", Kind::Before) || simple("after", Kind::After)) {
    } else {
        return base::fail(base::ErrorCode::KnowledgeInvalid, where + ": unknown condition " + json.begin().key());
    }
    return condition;
}

bool Condition::holds(const Facts& facts, std::vector<std::size_t>& because) const {
    const auto take = [&](const std::vector<std::size_t>& found) {
        because.insert(because.end(), found.begin(), found.end());
        return !found.empty();
    };
    const auto take_where = [&](const std::string& key, auto&& fits) {
        bool any = false;
        for (const auto index : facts.with_key(key))
            if (fits(facts.evidence()[index].value)) { because.push_back(index); any = true; }
        return any;
    };
    switch (kind_) {
        case Kind::Id: return take(facts.with_id(text_));
        case Kind::All: return std::all_of(parts_.begin(), parts_.end(), [&](const Condition& c) { return c.holds(facts, because); });
        case Kind::Any: {
            bool any = false;
            for (const auto& part : parts_) any |= part.holds(facts, because);
            return any;
        }
        case Kind::Not: {
            std::vector<std::size_t> ignored;
            return std::none_of(parts_.begin(), parts_.end(), [&](const Condition& c) { return c.holds(facts, ignored); });
        }
        case Kind::AtLeast: {
            std::size_t held = 0;
            for (const auto& part : parts_) held += part.holds(facts, because) ? 1 : 0;
            return held >= number_;
        }
        case Kind::Count: return facts.count(text_) >= number_ && take(facts.with_id(text_));
        case Kind::Key: return take_where(text_, [&](const base::Json& value) { return value_fits(value, value_); });
        case Kind::Error: {
            bool any = false;
            for (const auto& error : facts.errors())
                if ((error.dialog && contains(list_, error.code)) || contains(list_, error.full)) { because.push_back(error.index); any = true; }
            return any;
        }
        case Kind::Model: {
            const bool fits = std::any_of(facts.models().begin(), facts.models().end(), [&](const std::string& model) {
                return std::any_of(list_.begin(), list_.end(), [&](const std::string& pattern) { return fits_pattern(model, pattern); });
            });
            if (fits) take(facts.with_key("phone.model"));
            return fits;
        }
        case Kind::LogKind: return std::any_of(list_.begin(), list_.end(), [&](const std::string& kind) { return contains(facts.kinds(), kind); });
        case Kind::Checkpoint:
            return take_where("checkpoint.failed", [&](const base::Json& value) {
                return contains(list_, base::json_string(value, "id").value_or("")) || contains(list_, base::json_string(value, "name").value_or(""));
            });
        case Kind::Operation:
            return take_where("operation.last", [&](const base::Json& value) { return value.is_number_integer() && contains(list_, std::to_string(value.get<std::int64_t>())); });
        case Kind::Panic:
            return take_where("panic.signature", [&](const base::Json& value) { return value.is_string() && contains(list_, value.get<std::string>()); });
        case Kind::Sensor:
            return take_where("panic.missing_sensor", [&](const base::Json& value) { return value.is_string() && contains(list_, base::to_lower(value.get<std::string>())); });
        case Kind::Stage:
            return take_where("stage.failed", [&](const base::Json& value) { return contains(list_, base::json_string(value, "stage").value_or("")); });
        case Kind::Before: return !facts.date().empty() && !list_.empty() && facts.date() < list_.front();
        case Kind::After: return !facts.date().empty() && !list_.empty() && facts.date() >= list_.front();
    }
    return false;
}

void Condition::collect_ids(std::vector<std::string>& ids) const {
    if (kind_ == Kind::Id || kind_ == Kind::Count) ids.push_back(text_);
    for (const auto& part : parts_) part.collect_ids(ids);
}

}  // namespace unbrick::diagnostics
