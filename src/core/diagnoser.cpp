#include "src/core/diagnoser.h"

#include <fmt/core.h>

#include "diagnostics/engine.h"
#include "src/base/phone_clock.h"

namespace unbrick::core {

namespace {
// All probes of one cost together; a phone that answers nothing must not keep a diagnosis from appearing.
constexpr std::chrono::seconds kInstantProbes{3};
constexpr std::chrono::seconds kSlowProbes{12};

const base::Json* find_question(const knowledge::Knowledge& knowledge, std::string_view id) {
    const auto& document = knowledge.document("questions");
    const auto& list = document.is_array() ? document : base::json_at(document, "questions");
    for (const auto& question : list)
        if (base::json_string(question, "id") == id) return &question;
    return nullptr;
}

}  // namespace

diagnostics::EvidenceSet Diagnoser::probe(const std::optional<device::Phone>& phone, diagnostics::ProbeCost cost, const std::stop_token& stop) const {
    diagnostics::EvidenceSet evidence;
    diagnostics::ProbeContext context;
    context.watcher = watcher_;
    context.phone = phone;
    context.stop = stop;
    context.deadline = base::Deadline::after(cost == diagnostics::ProbeCost::Instant ? kInstantProbes : kSlowProbes);
    // A span of host time; in a rehearsal the phone's minutes pass meanwhile.
    if (base::PhoneClock::instance().rehearsal()) context.link_span = std::chrono::milliseconds(300);
    for (const auto* probe : diagnostics::probes_for(phone)) {
        if (probe->cost != cost) continue;
        if (stop.stop_requested() || context.deadline.expired()) break;
        for (auto& item : diagnostics::run_probe(*probe, context)) evidence.add(std::move(item));
    }
    return evidence;
}

std::shared_ptr<const diagnostics::Diagnosis> Diagnoser::conclude(diagnostics::EvidenceSet evidence) const {
    diagnostics::Context context;
    context.texts = &texts_;
    return std::make_shared<diagnostics::Diagnosis>(diagnostics::diagnose(knowledge_, std::move(evidence), context));
}

base::Result<diagnostics::EvidenceSet> Diagnoser::evidence_of_answer(std::string_view question, std::string_view choice) const {
    const auto* found = find_question(knowledge_, question);
    if (found == nullptr) return base::fail(base::ErrorCode::NotFound, fmt::format("there is no question {}", question));
    for (const auto& item : base::json_at(*found, "choices")) {
        if (base::json_string(item, "id") != choice) continue;
        diagnostics::EvidenceSet evidence;
        for (const auto& given : base::json_at(item, "evidence")) {
            diagnostics::Evidence one;
            one.key = base::json_string(given, "key").value_or("");
            one.value = base::json_at(given, "value");
            one.from = {diagnostics::Origin::Person, fmt::format("question {}", question), 0, std::string(choice)};
            one.when = std::chrono::system_clock::now();
            evidence.add(std::move(one));
        }
        return evidence;
    }
    return base::fail(base::ErrorCode::NotFound, fmt::format("question {} has no choice {}", question, choice));
}

QuestionText question_text(const knowledge::Knowledge& knowledge, const knowledge::Texts& texts, std::string_view question) {
    QuestionText result;
    const auto named = [&](const base::Json& object, const std::string& fallback) {
        for (const auto* member : {"text_key", "text"})
            if (const auto key = base::json_string(object, member); key && texts.has(*key)) return texts.get(*key);
        return texts.has(fallback) ? texts.get(fallback) : std::string();
    };
    const auto key = fmt::format("question.{}", question);
    const auto* found = find_question(knowledge, question);
    if (found == nullptr) {
        result.text = texts.get(key);
        return result;
    }
    result.text = named(*found, key);
    if (result.text.empty()) result.text = texts.get(key);
    for (const auto& choice : base::json_at(*found, "choices")) {
        const auto id = base::json_string(choice, "id").value_or("");
        auto text = named(choice, fmt::format("{}.{}", key, id));
        result.choices.emplace_back(id, text.empty() ? id : text);
    }
    return result;
}

}  // namespace unbrick::core
