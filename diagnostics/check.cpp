#include <algorithm>
#include <set>

#include "diagnostics/engine.h"
#include "diagnostics/inference/rule.h"
#include "diagnostics/readers/vocabulary.h"

namespace unbrick::diagnostics {
namespace {

std::set<std::string> ids(const knowledge::Knowledge& knowledge, const char* document) {
    std::set<std::string> found;
    const auto& list = base::json_at(knowledge.document(document), document);
    if (list.is_array())
        for (const auto& entry : list) found.insert(base::json_string(entry, "id").value_or(""));
    return found;
}

}  // namespace

std::vector<std::string> check_rules(const knowledge::Knowledge& knowledge) {
    const Vocabulary vocabulary(knowledge);
    auto mistakes = vocabulary.errors();
    const auto causes = ids(knowledge, "causes"), actions = ids(knowledge, "actions"), stages = ids(knowledge, "stages");
    for (const auto& marker : vocabulary.markers()) {
        const auto where = "readers/" + marker.reader + ": " + marker.id;
        for (const auto* list : {&marker.match, &marker.unless})
            for (const auto& pattern : *list)
                if (!pattern.valid()) mistakes.push_back(where + ": " + pattern.expression() + ": " + pattern.error());
        if (!marker.stage.empty() && !stages.contains(marker.stage)) mistakes.push_back(where + ": no such stage " + marker.stage);
    }
    const auto book = load_rules(knowledge);
    mistakes.insert(mistakes.end(), book.errors.begin(), book.errors.end());
    std::set<std::string> seen;
    for (const auto& rule : book.rules) {
        const auto where = rule.file + ": " + rule.id;
        if (!seen.insert(rule.id).second) mistakes.push_back(where + ": there twice");
        if (rule.sources.empty()) mistakes.push_back(where + ": no source");
        for (const auto& [cause, weight] : rule.causes) {
            if (!causes.contains(cause)) mistakes.push_back(where + ": no such cause " + cause);
            if (weight > 5 || weight < -5) mistakes.push_back(where + ": weight out of range for " + cause);
        }
        for (const auto& [action, weight] : rule.actions) {
            (void)weight;
            if (!actions.contains(action)) mistakes.push_back(where + ": no such action " + action);
        }
        for (const auto& action : rule.permits)
            if (!actions.contains(action)) mistakes.push_back(where + ": no such action " + action);
        if (!rule.stage.empty() && !stages.contains(rule.stage)) mistakes.push_back(where + ": no such stage " + rule.stage);
        std::vector<std::string> asked;
        rule.when.collect_ids(asked);
        for (const auto& id : asked)
            if (vocabulary.find(id) == nullptr) mistakes.push_back(where + ": no reader gives " + id);
    }
    return mistakes;
}

}  // namespace unbrick::diagnostics
