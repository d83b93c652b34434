#include "diagnostics/inference/facts.h"

#include <algorithm>

#include "src/base/text.h"

namespace unbrick::diagnostics {

Facts::Facts(const EvidenceSet& evidence) : evidence_(&evidence) {
    for (std::size_t index = 0; index < evidence.size(); ++index) {
        const auto& item = evidence[index];
        by_key_[item.key].push_back(index);
        if (item.value.is_string() && (item.key == "log.marker" || item.key == "symptom" || item.key == "history" || item.key == "host" || item.key == "symptom.known"))
            by_id_[item.value.get<std::string>()].push_back(index);
        if (item.key == "error") {
            const auto code = std::to_string(base::json_int(item.value, "code").value_or(0));
            const auto domain = base::json_string(item.value, "domain").value_or("");
            const bool dialog = domain.empty() || domain == "AMRestoreErrorDomain" || domain == "iTunes" || domain == "com.apple.MobileDevice.MobileRestore";
            errors_.push_back({index, dialog, code, domain + "/" + code});
        }
        if (item.key == "log.kind" && item.value.is_string()) kinds_.push_back(item.value.get<std::string>());
        if (item.key == "log.repeated")
            counts_[base::json_string(item.value, "marker").value_or("")] += static_cast<std::size_t>(base::json_int(item.value, "count").value_or(1));
        if (item.key == "phone.models" && item.value.is_array())
            for (const auto& model : item.value)
                if (model.is_string()) models_.push_back(model.get<std::string>());
        if (item.key == "phone.model" && item.value.is_string()) models_.push_back(item.value.get<std::string>());
    }
}

const std::vector<std::size_t>& Facts::with_id(const std::string& id) const {
    static const std::vector<std::size_t> none;
    const auto found = by_id_.find(id);
    return found == by_id_.end() ? none : found->second;
}

const std::vector<std::size_t>& Facts::with_key(const std::string& key) const {
    static const std::vector<std::size_t> none;
    const auto found = by_key_.find(key);
    return found == by_key_.end() ? none : found->second;
}

std::size_t Facts::count(const std::string& id) const {
    const auto found = counts_.find(id);
    return found != counts_.end() ? found->second : with_id(id).size();
}

std::string Facts::date() const {
    const auto* known = evidence_->find("known.date");
    return known != nullptr && known->value.is_string() ? known->value.get<std::string>() : std::string();
}

bool fits_pattern(std::string_view text, std::string_view pattern) {
    if (base::ends_with(pattern, "*")) return base::starts_with(text, pattern.substr(0, pattern.size() - 1));
    return text == pattern;
}

}  // namespace unbrick::diagnostics
