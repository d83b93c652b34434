#include "diagnostics/evidence.h"

namespace unbrick::diagnostics {

std::string_view to_string(Origin origin) {
    switch (origin) {
        case Origin::Probe: return "probe";
        case Origin::Log: return "log";
        case Origin::Person: return "person";
        case Origin::EarlierAttempt: return "earlier-attempt";
    }
    return "probe";
}

std::size_t EvidenceSet::add(Evidence evidence) {
    items_.push_back(std::move(evidence));
    return items_.size() - 1;
}

void EvidenceSet::append(const EvidenceSet& other) {
    items_.insert(items_.end(), other.items_.begin(), other.items_.end());
}

const Evidence* EvidenceSet::find(std::string_view key) const {
    for (auto item = items_.rbegin(); item != items_.rend(); ++item)
        if (item->key == key) return &*item;
    return nullptr;
}

std::vector<std::size_t> EvidenceSet::indexes_of(std::string_view key) const {
    std::vector<std::size_t> found;
    for (std::size_t index = 0; index < items_.size(); ++index)
        if (items_[index].key == key) found.push_back(index);
    return found;
}

base::Json EvidenceSet::to_json() const {
    auto list = base::Json::array();
    for (const auto& item : items_) {
        base::Json entry{{"key", item.key}, {"value", item.value}, {"origin", to_string(item.from.origin)},
                         {"source", item.from.source}};
        if (item.from.line != 0) entry["line"] = item.from.line;
        if (!item.from.text.empty()) entry["text"] = item.from.text;
        if (item.when)
            entry["time"] = std::chrono::duration_cast<std::chrono::seconds>(item.when->time_since_epoch()).count();
        list.push_back(std::move(entry));
    }
    return list;
}

}  // namespace unbrick::diagnostics
