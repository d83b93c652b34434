#include "diagnostics/inference/scoring.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <set>

#include "diagnostics/readers/error_numbers.h"
#include "src/base/text.h"

namespace unbrick::diagnostics {
namespace {

// Of correlated findings the strongest counts fully, the others this much: two lines on one failure are
// hardly more than one.
constexpr double kCorrelated = 0.3;
// Weights are estimates, and a rule book always knows less than the world: probabilities are drawn
// towards the prior, so that nothing is ever called certain.
constexpr double kTemper = 1.4;
constexpr double kTrust = 0.93;
constexpr double kPanicScale = 3.6;
constexpr double kErrorScale = 2.6;
constexpr double kSymptomScale = 1.8;

// The table of numbers is made once per thread and knowledge folder.
const ErrorTable& error_table(const knowledge::Knowledge& knowledge) {
    thread_local std::string folder;
    thread_local std::unique_ptr<knowledge::Knowledge> kept;   // the table points into its documents
    thread_local std::unique_ptr<ErrorTable> table;
    if (!table || folder != knowledge.folder().string()) {
        folder = knowledge.folder().string();
        kept = std::make_unique<knowledge::Knowledge>(knowledge);
        table = std::make_unique<ErrorTable>(*kept);
    }
    return *table;
}

std::vector<std::pair<std::string, double>> table_causes(const base::Json& entry, double scale) {
    std::vector<std::pair<std::string, double>> list;
    const auto& causes = base::json_at(entry, "causes");
    if (!causes.is_array() || base::json_string(entry, "sureness") == "name-only") return list;
    for (const auto& cause : causes) {
        const auto weight = base::json_double(cause, "weight");
        if (weight) list.emplace_back(base::json_string(cause, "cause").value_or(""), std::round(*weight * scale * 100) / 100);
    }
    return list;
}

void fire_tables(std::vector<Firing>& firings, const Facts& facts, const knowledge::Knowledge& knowledge, const Context& context) {
    const auto left_out = [&](const std::string& id) { return context.left_out_rules.contains(id); };
    if (const auto& found = facts.with_key("panic.signature"); !found.empty()) {
        const auto& signatures = base::json_at(knowledge.document("panics"), "signatures");
        for (const auto index : found)
            for (const auto& signature : signatures) {
                if (base::json_string(signature, "id") != facts.evidence()[index].value.get<std::string>()) continue;
                const auto sureness = base::json_string(signature, "sureness").value_or("");
                const double scale = sureness == "high" ? kPanicScale : sureness == "medium" ? kPanicScale * 0.8 : kPanicScale * 0.5;
                auto causes = table_causes(signature, scale);
                const auto id = "panics/" + base::json_string(signature, "id").value_or("");
                if (causes.empty() || left_out(id)) continue;
                firings.push_back({nullptr, id, "panic", base::json_string(signature, "meaning_key").value_or(id), std::move(causes), {index}});
            }
    }
    const auto& errors = facts.with_key("error");
    if (!errors.empty()) {
        const auto& table = error_table(knowledge);
        for (const auto index : errors) {
            const auto& value = facts.evidence()[index].value;
            const ErrorNumber number{base::json_string(value, "domain").value_or(""), base::json_int(value, "code").value_or(0), true};
            const auto entry = table.find(number);
            if (!entry) continue;
            auto causes = table_causes(*entry->json, kErrorScale);
            const auto id = "errors/" + entry->domain + "/" + std::to_string(entry->code);
            if (causes.empty() || left_out(id)) continue;
            firings.push_back({nullptr, id, "error-code", base::json_string(*entry->json, "meaning_key").value_or(id), std::move(causes), {index}});
        }
    }
    for (const auto index : facts.with_key("symptom.known")) {
        const auto& symptoms = base::json_at(knowledge.document("symptoms"), "symptoms");
        for (const auto& symptom : symptoms) {
            if (facts.evidence()[index].value != base::json_at(symptom, "id")) continue;
            const auto id = "symptoms/" + base::json_string(symptom, "id").value_or("");
            if (left_out(id)) continue;
            firings.push_back({nullptr, id, "symptom", base::json_string(symptom, "name_key").value_or(id), table_causes(symptom, kSymptomScale), {index}});
        }
    }
}

}  // namespace

std::vector<Firing> fire_rules(const RuleBook& book, const Facts& facts, const knowledge::Knowledge& knowledge, const Context& context) {
    std::vector<Firing> firings;
    std::set<std::string> excluded;
    for (const auto& rule : book.rules) {
        if (context.left_out_rules.contains(rule.id)) continue;
        std::vector<std::size_t> because;
        if (!rule.when.holds(facts, because)) continue;
        std::sort(because.begin(), because.end());
        because.erase(std::unique(because.begin(), because.end()), because.end());
        excluded.insert(rule.excludes.begin(), rule.excludes.end());
        firings.push_back({&rule, rule.id, rule.group, rule.text_key, rule.causes, std::move(because)});
    }
    fire_tables(firings, facts, knowledge, context);
    // "errors/*" stands for a whole table.
    std::erase_if(firings, [&](const Firing& firing) {
        return std::any_of(excluded.begin(), excluded.end(), [&](const std::string& pattern) { return fits_pattern(firing.id, pattern); });
    });
    return firings;
}

std::string evidence_kind(const Facts& facts) {
    bool tool = false, dialog = false, panic = false;
    for (const auto& kind : facts.kinds()) {
        if (kind == "panic") panic = true;
        else if (kind == "dialog") dialog = true;
        else if (kind != "people" && kind != "jailbreak") tool = true;
    }
    if (panic) return "panic";
    if (tool) return "tool";
    if (dialog || !facts.with_key("error").empty()) return "dialog";
    if (!facts.with_key("phone.mode").empty()) return "phone";
    return "person";
}

std::vector<Hypothesis> weigh(const std::vector<Firing>& firings, const Facts& facts, const knowledge::Knowledge& knowledge, const Context& context) {
    const auto kind = evidence_kind(facts);
    const auto& causes = base::json_at(knowledge.document("causes"), "causes");
    std::vector<Hypothesis> hypotheses;
    std::map<std::string, std::size_t> at;
    std::vector<double> prior, logit;
    double prior_sum = 0;
    for (const auto& cause : causes) {
        Hypothesis hypothesis;
        hypothesis.cause = base::json_string(cause, "id").value_or("");
        const double weight = std::max(base::json_double(base::json_at(cause, "prior"), kind).value_or(0.01), 0.001);
        at[hypothesis.cause] = hypotheses.size();
        prior.push_back(weight);
        prior_sum += weight;
        hypotheses.push_back(std::move(hypothesis));
    }
    for (auto& weight : prior) weight /= prior_sum;
    logit.resize(prior.size());
    for (std::size_t i = 0; i < prior.size(); ++i) logit[i] = std::log(prior[i]);

    struct Part { std::size_t cause; std::string group; double weight; const Firing* firing; };
    std::vector<Part> parts;
    for (const auto& firing : firings)
        for (const auto& [cause, weight] : firing.causes) {
            const auto found = at.find(cause);
            if (found != at.end() && weight != 0) parts.push_back({found->second, firing.group, weight, &firing});
        }
    std::stable_sort(parts.begin(), parts.end(), [](const Part& a, const Part& b) { return std::abs(a.weight) > std::abs(b.weight); });
    std::set<std::pair<std::size_t, std::string>> counted;
    for (const auto& part : parts) {
        const bool first = counted.insert({part.cause, part.group + (part.weight > 0 ? "+" : "-")}).second;
        const double weight = part.weight * (first ? 1 : kCorrelated);
        logit[part.cause] += weight * kTemper;
        auto& hypothesis = hypotheses[part.cause];
        auto because = context.texts != nullptr ? context.texts->get(part.firing->text_key) : part.firing->text_key;
        (weight > 0 ? hypothesis.supporting : hypothesis.against)
            .push_back({part.firing->id, weight * kTemper, part.firing->evidence, std::move(because)});
    }
    double sum = 0;
    const double highest = *std::max_element(logit.begin(), logit.end());
    for (auto& value : logit) sum += (value = std::exp(value - highest));
    for (std::size_t i = 0; i < logit.size(); ++i) hypotheses[i].probability = kTrust * logit[i] / sum + (1 - kTrust) * prior[i];
    std::stable_sort(hypotheses.begin(), hypotheses.end(), [](const Hypothesis& a, const Hypothesis& b) { return a.probability > b.probability; });
    return hypotheses;
}

StageFinding find_stage(const std::vector<Firing>& firings, const Facts& facts, const knowledge::Knowledge& knowledge) {
    StageFinding finding;
    finding.storage_written = facts.evidence().find("restore.storage_written") != nullptr;
    std::map<std::string, double> score;
    const auto raise = [&](const std::string& stage, double strength) {
        if (!stage.empty()) score[stage] = std::max(score[stage], strength);
    };
    bool first = true;
    for (const auto index : facts.with_key("stage.failed")) {
        const auto& value = facts.evidence()[index].value;
        raise(base::json_string(value, "stage").value_or(""), base::json_double(value, "strength").value_or(3) + (first ? 0.2 : 0));
        first = false;
    }
    for (const auto index : facts.with_key("stage.begun")) {
        const auto& value = facts.evidence()[index].value;
        if (value.is_string()) {
            auto& own = score[value.get<std::string>()];
            own = own > 0 ? own + 0.6 : 1.5;
        }
    }
    for (const auto& firing : firings)
        if (firing.rule != nullptr) raise(firing.rule->stage, firing.rule->stage_strength);
    const auto kind = evidence_kind(facts);
    if (!facts.with_key("error").empty()) {
        const auto& table = error_table(knowledge);
        for (const auto index : facts.with_key("error")) {
            const auto& value = facts.evidence()[index].value;
            const auto entry = table.find({base::json_string(value, "domain").value_or(""), base::json_int(value, "code").value_or(0), true});
            if (entry && entry->sureness != "name-only") raise(entry->stage, entry->stage == "restored_operation" ? 1.1 : kind == "dialog" ? 2.0 : 1.6);
        }
    }
    if (kind == "panic") raise("running_system", 2.2);
    double best = 0;
    for (const auto& [stage, strength] : score)
        if (strength > best) { best = strength; finding.stage = stage; }
    for (const auto& key : {"checkpoint.failed", "checkpoint.last"})
        if (const auto* item = facts.evidence().find(key); item != nullptr && finding.detail.empty())
            finding.detail = base::json_string(item->value, "id").value_or("") + " " + base::json_string(item->value, "name").value_or("");
    if (finding.detail.empty())
        if (const auto* item = facts.evidence().find("operation.last"); item != nullptr) finding.detail = "operation " + item->value.dump();
    return finding;
}

}  // namespace unbrick::diagnostics
