// The answer of the engine: every conclusion with what led to it.
#pragma once

#include <string>
#include <vector>

#include "diagnostics/evidence.h"

namespace unbrick::diagnostics {

// One rule's say about one cause.
struct Contribution {
    std::string rule;                    // id in knowledge/rules
    double weight = 0;                   // log-odds, as printed by --explain
    std::vector<std::size_t> evidence;   // indexes into Diagnosis::evidence
    std::string because;                 // the rule's sentence, in the catalogue's language
};

struct Hypothesis {
    std::string cause;                   // id of knowledge/causes.json
    double probability = 0;              // over all causes of this diagnosis, sums to 1
    std::vector<Contribution> supporting;    // "for" in JSON
    std::vector<Contribution> against;
    std::vector<std::string> missing;    // evidence keys or question ids that would settle it
};

struct Rung {
    std::string plan;                    // id of knowledge/plans
    std::string action;                  // id of knowledge/actions.json
    std::string risk;                    // "reads-only", "reversible", "meant-to-keep-data", "erases-data"
    bool offered = true;
    std::string locked_because;          // text key, when not offered ("data wanted and hardware likely")
};

struct Question {
    std::string id;                      // id of knowledge/questions.json
    double gain = 0;                     // how much an answer may change the plan; the best comes first
};

struct Diagnosis {
    EvidenceSet evidence;
    std::string stage = "unknown";       // id of knowledge/stages.json
    std::string stage_detail;
    bool storage_written = false;        // whether a restore had begun to write
    std::vector<Hypothesis> hypotheses;  // most probable first
    Rung plan;                           // what to do first
    std::vector<Rung> ladder;            // gentlest first
    std::vector<Question> questions;
    std::string knowledge_version;
    std::string knowledge_digest;

    base::OrderedJson to_json() const;   // the contract of design.md ("diagnose --json")
};

}  // namespace unbrick::diagnostics
