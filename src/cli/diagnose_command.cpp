#include "src/cli/diagnose_command.h"

#include <fmt/format.h>

#include <cstdio>

#include "diagnostics/engine.h"
#include "src/base/json.h"

namespace unbrick::cli {

base::Result<diagnostics::EvidenceSet> gather_evidence(const knowledge::Knowledge& knowledge, const DiagnoseOptions& options) {
    diagnostics::EvidenceSet set;
    std::string model;
    if (!options.about.empty()) {
        set = diagnostics::read_about(knowledge, options.about);
        if (const auto* found = set.find("phone.model"); found != nullptr && found->value.is_string()) model = found->value.get<std::string>();
    }
    for (const auto& path : options.evidence) {
        UB_TRY(const auto found, diagnostics::read_text_file(knowledge, path, model));
        set.append(found);
    }
    for (const auto& code : options.errors) {
        UB_TRY(const auto found, diagnostics::read_error_code(knowledge, code));
        set.append(found);
    }
    for (const auto& symptom : options.symptoms) {
        UB_TRY(const auto found, diagnostics::read_symptom(knowledge, symptom));
        set.append(found);
    }
    return set;
}

std::string in_words(const diagnostics::Diagnosis& diagnosis, const knowledge::Texts& texts) {
    std::string out;
    const auto note = [&](const char* key) {
        if (const auto* found = diagnosis.evidence.find(key); found != nullptr) out += texts.get(std::string("reader.") + key) + "\n\n";
    };
    note("log.binary");
    note("log.empty");
    const auto& first = diagnosis.hypotheses.front();
    out += texts.get("cause." + first.cause + ".what") + "\n" + texts.get("cause." + first.cause + ".means") + "\n\n";
    out += texts.get("explain.causes") + "\n";
    int shown = 0;
    for (const auto& hypothesis : diagnosis.hypotheses) {
        if (hypothesis.probability < 0.05 || ++shown > 4) break;
        out += fmt::format("  {:3.0f} %  {}\n", hypothesis.probability * 100, texts.get("cause." + hypothesis.cause + ".name"));
    }
    out += "\n" + texts.get("explain.stage") + ": " + texts.get("stage." + diagnosis.stage + ".name") + "\n";
    out += texts.get("explain.first") + ": " + texts.get("action." + diagnosis.plan.action + ".name") + "\n";
    out += texts.get("action." + diagnosis.plan.action + ".do") + "\n";
    out += texts.get("cause." + first.cause + ".not") + "\n";
    if (!diagnosis.questions.empty()) out += "\n" + texts.get("question." + diagnosis.questions.front().id) + "\n";
    return out;
}

base::ExitCode diagnose(const knowledge::Knowledge& knowledge, const knowledge::Texts& texts, const DiagnoseOptions& options) {
    auto evidence = gather_evidence(knowledge, options);
    if (!evidence) {
        fmt::print(stderr, "unbrick: {}\n", evidence.error().to_string());
        return base::exit_code_for(evidence.error().code());
    }
    diagnostics::Context context;
    context.texts = &texts;
    context.left_out_rules.insert(options.leave_out.begin(), options.leave_out.end());
    const auto diagnosis = diagnostics::diagnose(knowledge, std::move(*evidence), context);
    if (options.json) fmt::print("{}\n", base::dump_json(diagnosis.to_json(), 1));
    else if (options.explain) fmt::print("{}", diagnostics::explain(diagnosis, texts));
    else fmt::print("{}", in_words(diagnosis, texts));
    return base::ExitCode::Done;
}

}  // namespace unbrick::cli
