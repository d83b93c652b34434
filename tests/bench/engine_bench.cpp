#include <fmt/core.h>

#include "diagnostics/engine.h"
#include "src/base/file.h"
#include "tests/bench/bench.h"

namespace unbrick::bench {

namespace {

constexpr std::size_t kEvidence = 200;   // issue 3's measure

// Every symptom, then error numbers in the order of the knowledge until there are 200 pieces: more than any real
// case has, and each of them meets rules.
diagnostics::EvidenceSet two_hundred(const knowledge::Knowledge& knowledge, const std::filesystem::path& folder) {
    diagnostics::EvidenceSet set;
    const auto take = [&](base::Result<diagnostics::EvidenceSet> found) {
        if (!found) return;
        for (const auto& piece : found->all())
            if (set.size() < kEvidence) set.add(piece);
    };
    const auto each_of = [&](const char* file, const auto& use) {
        const auto text = base::read_text_file(folder / file);
        if (!text) return;
        const auto document = base::Json::parse(*text, nullptr, false);
        if (document.is_discarded()) return;
        for (const auto& list : document)
            if (list.is_array())
                for (const auto& entry : list)
                    if (entry.is_object()) use(entry);
    };
    take(diagnostics::read_about(knowledge, "iPhone X, iOS 16.1, bought used, seen on 2024-05-01"));
    each_of("symptoms.json", [&](const base::Json& entry) { if (const auto id = base::json_string(entry, "id")) take(diagnostics::read_symptom(knowledge, *id)); });
    for (int code = 1; code < 5000 && set.size() < kEvidence; ++code) take(diagnostics::read_error_code(knowledge, std::to_string(code)));
    return set;
}

}  // namespace

int engine(int runs) {
    const auto folder = base::knowledge_folder();
    if (!folder) {
        fmt::print(stderr, "{}\n", folder.error().to_string());
        return 1;
    }
    std::vector<double> loads, inferences;
    double first_inference = 0;
    for (int run = 0; run < runs; ++run) {
        const auto start = Clock::now();
        const auto knowledge = knowledge::Knowledge::load(*folder);
        loads.push_back(milliseconds_since(start));
        if (!knowledge) {
            fmt::print(stderr, "{}\n", knowledge.error().to_string());
            return 1;
        }
    }
    const auto knowledge = knowledge::Knowledge::load(*folder);
    const auto evidence = two_hundred(*knowledge, *folder);
    for (int run = 0; run < runs; ++run) {
        const auto start = Clock::now();
        const auto diagnosis = diagnostics::diagnose(*knowledge, evidence);
        const double took = milliseconds_since(start);
        if (run == 0) first_inference = took;
        else inferences.push_back(took);
        if (diagnosis.hypotheses.empty()) return 1;
    }
    fmt::print("{}\n", base::dump_json(base::OrderedJson{{"knowledge_load", summary(loads)}, {"evidence", evidence.size()},
                                                         {"first_inference_ms", first_inference}, {"inference", summary(inferences)}}, 1));
    return 0;
}

}  // namespace unbrick::bench
