#include <fmt/format.h>

#include "diagnostics/engine.h"
#include "src/base/text.h"

namespace unbrick::diagnostics {
namespace {

std::string shown(const base::Json& value) { return value.is_string() ? value.get<std::string>() : base::dump_json(value); }

void contributions(std::string& out, const std::vector<Contribution>& list, const Diagnosis& diagnosis, const knowledge::Texts& texts) {
    for (const auto& one : list) {
        out += fmt::format("    {:+.2f}  {}  [{}]\n", one.weight, one.because, one.rule);
        for (const auto index : one.evidence) {
            const auto& item = diagnosis.evidence[index];
            if (item.from.text.empty()) continue;
            out += item.from.line != 0 ? fmt::format("           {}:{}: {}\n", item.from.source, item.from.line, item.from.text)
                                       : fmt::format("           {}: {}\n", item.from.source, item.from.text);
        }
    }
    (void)texts;
}

}  // namespace

std::string explain(const Diagnosis& diagnosis, const knowledge::Texts& texts) {
    std::string out = texts.get("explain.evidence") + "\n";
    for (std::size_t index = 0; index < diagnosis.evidence.size(); ++index) {
        const auto& item = diagnosis.evidence[index];
        out += fmt::format("  {:3} {} = {}", index, item.key, shown(item.value));
        if (item.from.line != 0) out += fmt::format("  ({}:{})", item.from.source, item.from.line);
        else out += fmt::format("  ({})", item.from.source);
        out += '\n';
    }
    out += fmt::format("\n{}: {}{}\n", texts.get("explain.stage"), texts.get("stage." + diagnosis.stage + ".name"),
                       diagnosis.stage_detail.empty() ? "" : " (" + diagnosis.stage_detail + ")");
    out += texts.get(diagnosis.storage_written ? "explain.storage_written" : "explain.storage_not_seen") + "\n";
    out += "\n" + texts.get("explain.causes") + "\n";
    for (const auto& hypothesis : diagnosis.hypotheses) {
        if (hypothesis.probability < 0.02 && hypothesis.supporting.empty()) continue;
        out += fmt::format("  {:5.1f} %  {}  [{}]\n", hypothesis.probability * 100, texts.get("cause." + hypothesis.cause + ".name"), hypothesis.cause);
        contributions(out, hypothesis.supporting, diagnosis, texts);
        contributions(out, hypothesis.against, diagnosis, texts);
    }
    out += "\n" + texts.get("explain.plan") + "\n";
    for (const auto& rung : diagnosis.ladder)
        out += fmt::format("  {} {}  [{}, {}]{}\n", rung.action == diagnosis.plan.action ? "->" : "  ", texts.get("action." + rung.action + ".name"), rung.plan, rung.risk,
                           rung.offered ? "" : "  " + texts.get(rung.locked_because));
    if (!diagnosis.questions.empty()) {
        out += "\n" + texts.get("explain.questions") + "\n";
        for (const auto& question : diagnosis.questions) out += fmt::format("  {:.2f}  {}\n", question.gain, texts.get("question." + question.id));
    }
    out += fmt::format("\n{} {} ({})\n", texts.get("explain.knowledge"), diagnosis.knowledge_version, diagnosis.knowledge_digest);
    return out;
}

}  // namespace unbrick::diagnostics
