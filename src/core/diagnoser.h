// Asks the probes and the engine: evidence of a phone or of the computer alone, and what follows from it.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "diagnostics/diagnosis.h"
#include "diagnostics/probes/probe.h"
#include "src/device/watcher.h"
#include "src/knowledge/knowledge.h"
#include "src/knowledge/texts.h"

namespace unbrick::core {

class Diagnoser {
public:
    Diagnoser(knowledge::Knowledge knowledge, const knowledge::Texts& texts, device::Watcher* watcher)
        : knowledge_(std::move(knowledge)), texts_(texts), watcher_(watcher) {}

    // Runs the probes of this cost; without a phone those of the computer. Blocks; ends early on `stop`.
    diagnostics::EvidenceSet probe(const std::optional<device::Phone>& phone, diagnostics::ProbeCost cost, const std::stop_token& stop) const;
    // Blocks for milliseconds.
    std::shared_ptr<const diagnostics::Diagnosis> conclude(diagnostics::EvidenceSet evidence) const;

    // What a choice of a question says, as knowledge/questions.json has it. Errors: NotFound.
    base::Result<diagnostics::EvidenceSet> evidence_of_answer(std::string_view question, std::string_view choice) const;
    const knowledge::Knowledge& knowledge() const { return knowledge_; }
    const knowledge::Texts& texts() const { return texts_; }

private:
    knowledge::Knowledge knowledge_;
    const knowledge::Texts& texts_;
    device::Watcher* watcher_;
};

struct QuestionText {
    std::string text;
    std::vector<std::pair<std::string, std::string>> choices;   // id and text
};
QuestionText question_text(const knowledge::Knowledge& knowledge, const knowledge::Texts& texts, std::string_view question);

}  // namespace unbrick::core
