#include "diagnostics/readers/vocabulary.h"

namespace unbrick::diagnostics {
namespace {

std::vector<Pattern> patterns(const base::Json& object, std::string_view key) {
    std::vector<Pattern> list;
    const auto& value = base::json_at(object, key);
    if (value.is_string()) list.emplace_back(value.get<std::string>());
    if (value.is_array())
        for (const auto& item : value)
            if (item.is_string()) list.emplace_back(item.get<std::string>());
    return list;
}

}  // namespace

StageMark parse_stage_mark(std::string_view text) {
    if (text == "begun") return StageMark::Begun;
    if (text == "failed") return StageMark::Failed;
    if (text == "done") return StageMark::Done;
    return StageMark::None;
}

Vocabulary::Vocabulary(const knowledge::Knowledge& knowledge) {
    for (const auto& name : knowledge.documents_in("readers")) load(knowledge.document(name), name);
    literals_.build();
}

void Vocabulary::load(const base::Json& document, const std::string& name) {
    const auto reader = base::json_string(document, "reader").value_or(name);
    const auto key = base::json_string(document, "key").value_or("log.marker");
    const auto add = [&](Marker marker) {
        const auto index = static_cast<std::uint32_t>(markers_.size());
        if (by_id_.contains(marker.id)) errors_.push_back(name + ": marker " + marker.id + " is there twice");
        for (const auto& pattern : marker.match) {
            const auto literals = pattern.required_literals();
            if (literals.empty()) {
                if (always_.empty() || always_.back() != index) always_.push_back(index);
            } else {
                for (const auto& literal : literals) literals_.add(literal, index);
            }
        }
        by_id_.emplace(marker.id, index);
        markers_.push_back(std::move(marker));
    };
    if (document.contains("recognise")) {
        Marker kind;
        kind.id = reader;
        kind.key = "log.kind";
        kind.reader = reader;
        kind.match = patterns(document, "recognise");
        kind.joined = false;
        add(std::move(kind));
    }
    const auto& list = base::json_at(document, "markers");
    if (!list.is_array()) return;
    for (const auto& entry : list) {
        Marker marker;
        marker.id = base::json_string(entry, "id").value_or("");
        marker.key = base::json_string(entry, "key").value_or(key);
        marker.reader = reader;
        marker.match = patterns(entry, "match");
        marker.unless = patterns(entry, "unless");
        marker.stage = base::json_string(entry, "stage").value_or("");
        marker.mark = parse_stage_mark(base::json_string(entry, "mark").value_or(marker.stage.empty() ? "" : "failed"));
        marker.strength = base::json_double(entry, "strength").value_or(marker.mark == StageMark::Failed ? 3 : 1.5);
        marker.joined = base::json_bool(entry, "joined").value_or(true);
        if (marker.id.empty() || marker.match.empty()) {
            errors_.push_back(name + ": a marker without id or pattern");
            continue;
        }
        add(std::move(marker));
    }
}

const Marker* Vocabulary::find(std::string_view id) const {
    const auto found = by_id_.find(std::string(id));
    return found == by_id_.end() ? nullptr : &markers_[found->second];
}

}  // namespace unbrick::diagnostics
