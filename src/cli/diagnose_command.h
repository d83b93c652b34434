// `unbrick diagnose` from files and words (design.md has the options); `--device` and probes are the workbench's.
#pragma once

#include <string>
#include <vector>

#include "diagnostics/diagnosis.h"
#include "src/base/exit_code.h"
#include "src/knowledge/knowledge.h"
#include "src/knowledge/texts.h"

namespace unbrick::cli {

struct DiagnoseOptions {
    std::vector<std::string> evidence;   // files, or "-"
    std::vector<std::string> errors;
    std::vector<std::string> symptoms;
    std::string about;
    bool explain = false;
    bool json = false;
    std::vector<std::string> leave_out;  // rules, for the generalisation report (tests/cases)
};

// Everything that was given, read. Errors: as the readers.
base::Result<diagnostics::EvidenceSet> gather_evidence(const knowledge::Knowledge& knowledge, const DiagnoseOptions& options);
// Data to stdout, talk to stderr.
base::ExitCode diagnose(const knowledge::Knowledge& knowledge, const knowledge::Texts& texts, const DiagnoseOptions& options);
// What a person reads: the sentence, the causes, the plan, the next question.
std::string in_words(const diagnostics::Diagnosis& diagnosis, const knowledge::Texts& texts);

}  // namespace unbrick::cli
