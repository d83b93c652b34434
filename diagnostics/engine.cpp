#include "diagnostics/engine.h"

#include <algorithm>
#include <cmath>

#include "diagnostics/inference/plan_choice.h"
#include "diagnostics/inference/scoring.h"

namespace unbrick::diagnostics {
namespace {

const RuleBook& rule_book(const knowledge::Knowledge& knowledge) {
    thread_local std::string folder;
    thread_local std::shared_ptr<const RuleBook> cached;
    if (!cached || folder != knowledge.folder().string()) {
        folder = knowledge.folder().string();
        cached = std::make_shared<const RuleBook>(load_rules(knowledge));
    }
    return *cached;
}

void judge(const knowledge::Knowledge& knowledge, const Context& context, Diagnosis& diagnosis) {
    const Facts facts(diagnosis.evidence);
    const auto firings = fire_rules(rule_book(knowledge), facts, knowledge, context);
    diagnosis.hypotheses = weigh(firings, facts, knowledge, context);
    auto stage = find_stage(firings, facts, knowledge);
    diagnosis.stage = std::move(stage.stage);
    diagnosis.stage_detail = std::move(stage.detail);
    diagnosis.storage_written = stage.storage_written;
    auto choice = choose_plan(diagnosis.hypotheses, firings, facts, knowledge);
    diagnosis.plan = std::move(choice.first);
    diagnosis.ladder = std::move(choice.ladder);
}

double distance(const Diagnosis& a, const Diagnosis& b) {
    double sum = 0;
    for (const auto& one : a.hypotheses)
        for (const auto& other : b.hypotheses)
            if (one.cause == other.cause) sum += std::abs(one.probability - other.probability);
    return sum / 2;
}

// What each answer would change: the plan counts most, for a question whose answers all lead to the
// same plan is not worth a person's time.
void find_questions(const knowledge::Knowledge& knowledge, const Context& context, Diagnosis& diagnosis) {
    const auto& questions = base::json_at(knowledge.document("questions"), "questions");
    if (!questions.is_array()) return;
    const Facts facts(diagnosis.evidence);
    Context silent = context;
    silent.texts = nullptr;
    for (const auto& question : questions) {
        const auto id = base::json_string(question, "id").value_or("");
        if (const auto& when = base::json_at(question, "when"); !when.is_null()) {
            const auto condition = Condition::parse(when, "questions/" + id);
            std::vector<std::size_t> because;
            if (!condition || !condition->holds(facts, because)) continue;
        }
        const auto& choices = base::json_at(question, "choices");
        if (!choices.is_array() || choices.empty()) continue;
        double gain = 0;
        bool answered = false;
        for (const auto& choice : choices) {
            const auto& given = base::json_at(choice, "evidence");
            if (!given.is_array() || given.empty()) continue;
            Diagnosis other;
            other.evidence = diagnosis.evidence;
            for (const auto& item : given) {
                const auto key = base::json_string(item, "key").value_or("");
                for (const auto index : facts.with_key(key)) answered |= facts.evidence()[index].value == base::json_at(item, "value");
                other.evidence.add({key, base::json_at(item, "value"), {Origin::Person, "question " + id, 0, ""}, std::nullopt});
            }
            judge(knowledge, silent, other);
            gain += (other.plan.action != diagnosis.plan.action ? 1.0 : 0.0) + distance(diagnosis, other) * 0.5;
        }
        if (!answered && gain > 0.1) diagnosis.questions.push_back({id, gain / static_cast<double>(choices.size())});
    }
    std::stable_sort(diagnosis.questions.begin(), diagnosis.questions.end(), [](const Question& a, const Question& b) { return a.gain > b.gain; });
}

// A panic report that a probe fetched is read like one that a person brings.
void read_reports(const knowledge::Knowledge& knowledge, EvidenceSet& evidence) {
    if (evidence.find("panic.report_read") != nullptr) return;
    const auto* model = evidence.find("phone.model");
    const auto type = model != nullptr && model->value.is_string() ? model->value.get<std::string>() : std::string();
    EvidenceSet more;
    for (const auto index : evidence.indexes_of("crash.panic_log")) {
        const auto& value = evidence[index].value;
        const auto name = base::json_string(value, "name").value_or("panic report");
        more.append(read_text(knowledge, base::json_string(value, "text").value_or(""), name, Origin::Probe, type));
        more.add({"panic.report_read", name, {Origin::Probe, name, 0, ""}, std::nullopt});
    }
    for (const auto& item : more.all())
        if (!item.key.starts_with("phone.")) evidence.add(item);   // the phone itself is known better
}

}  // namespace

std::vector<std::string> rules_that_apply(const knowledge::Knowledge& knowledge, const EvidenceSet& evidence) {
    const Facts facts(evidence);
    std::vector<std::string> ids;
    for (const auto& firing : fire_rules(rule_book(knowledge), facts, knowledge, {})) ids.push_back(firing.id);
    return ids;
}

Diagnosis diagnose(const knowledge::Knowledge& knowledge, EvidenceSet evidence, const Context& context) {
    Diagnosis diagnosis;
    diagnosis.evidence = std::move(evidence);
    read_reports(knowledge, diagnosis.evidence);
    judge(knowledge, context, diagnosis);
    if (context.left_out_rules.empty()) find_questions(knowledge, context, diagnosis);
    const auto& causes = base::json_at(knowledge.document("causes"), "causes");
    for (auto& hypothesis : diagnosis.hypotheses) {
        if (hypothesis.probability < 0.05) break;
        for (const auto& cause : causes) {
            if (base::json_string(cause, "id") != hypothesis.cause) continue;
            const auto& settled = base::json_at(cause, "settled_by");
            if (!settled.is_array()) continue;
            for (const auto& key : settled)
                if (key.is_string() && diagnosis.evidence.find(key.get<std::string>()) == nullptr) hypothesis.missing.push_back(key.get<std::string>());
        }
    }
    diagnosis.knowledge_version = knowledge.version();
    diagnosis.knowledge_digest = knowledge.digest();
    return diagnosis;
}

}  // namespace unbrick::diagnostics
