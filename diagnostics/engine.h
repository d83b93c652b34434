// From evidence to a diagnosis: causes with probabilities, the stage, the gentlest plan that fits.
#pragma once

#include <functional>
#include <set>
#include <string>

#include "diagnostics/diagnosis.h"
#include "diagnostics/readers/text_reader.h"
#include "src/knowledge/knowledge.h"
#include "src/knowledge/texts.h"

namespace unbrick::diagnostics {

struct Context {
    const knowledge::Texts* texts = nullptr;   // for Contribution::because; the text key without it
    std::set<std::string> left_out_rules;      // the generalisation report leaves rules out
};

// Does not block, touches nothing. Rules and tables are prepared once per thread and knowledge folder.
Diagnosis diagnose(const knowledge::Knowledge& knowledge, EvidenceSet evidence, const Context& context = {});

// The ids of all rules and table entries that apply, those without weight too.
std::vector<std::string> rules_that_apply(const knowledge::Knowledge& knowledge, const EvidenceSet& evidence);

// The whole reasoning as text: evidence with lines, rules with weights, how the plan was chosen.
std::string explain(const Diagnosis& diagnosis, const knowledge::Texts& texts);

// Mistakes in rules and readers (ids that nobody gives, expressions that do not compile ...), each with
// file and id; for `unbrick kb check` and the tests.
std::vector<std::string> check_rules(const knowledge::Knowledge& knowledge);

}  // namespace unbrick::diagnostics
