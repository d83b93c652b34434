#include "diagnostics/inference/rule.h"

namespace unbrick::diagnostics {
namespace {

std::vector<std::pair<std::string, double>> weights(const base::Json& object) {
    std::vector<std::pair<std::string, double>> list;
    if (object.is_object())
        for (const auto& [name, value] : object.items())
            if (value.is_number()) list.emplace_back(name, value.get<double>());
    return list;
}

std::vector<std::string> names(const base::Json& array) {
    std::vector<std::string> list;
    if (array.is_array())
        for (const auto& item : array)
            if (item.is_string()) list.push_back(item.get<std::string>());
    return list;
}

}  // namespace

RuleBook load_rules(const knowledge::Knowledge& knowledge) {
    RuleBook book;
    for (const auto& name : knowledge.documents_in("rules")) {
        const auto& document = knowledge.document(name);
        const auto& list = base::json_at(document, "rules");
        if (!list.is_array()) { book.errors.push_back(name + ": no list of rules"); continue; }
        for (const auto& entry : list) {
            Rule rule;
            rule.id = base::json_string(entry, "id").value_or("");
            rule.file = name;
            auto when = Condition::parse(base::json_at(entry, "when"), name + "/" + rule.id);
            if (!when) { book.errors.push_back(when.error().to_string()); continue; }
            rule.when = std::move(*when);
            rule.sureness = base::json_string(entry, "sureness").value_or("medium");
            // Who knows only a name says nothing about causes (design.md, rule 4).
            if (rule.sureness != "name-only") rule.causes = weights(base::json_at(entry, "causes"));
            rule.actions = weights(base::json_at(entry, "actions"));
            rule.permits = names(base::json_at(entry, "permits"));
            rule.stage = base::json_string(entry, "stage").value_or("");
            rule.stage_strength = base::json_double(entry, "stage_strength").value_or(2.5);
            rule.excludes = names(base::json_at(entry, "excludes"));
            rule.group = base::json_string(entry, "group").value_or(rule.id);
            rule.text_key = base::json_string(entry, "text").value_or("rule." + rule.id);
            rule.sources = names(base::json_at(entry, "sources"));
            book.rules.push_back(std::move(rule));
        }
    }
    return book;
}

}  // namespace unbrick::diagnostics
