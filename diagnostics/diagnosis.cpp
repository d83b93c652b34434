#include "diagnostics/diagnosis.h"

#include <cmath>

namespace unbrick::diagnostics {
namespace {

double rounded(double value) { return std::round(value * 1000) / 1000; }

base::OrderedJson contributions(const std::vector<Contribution>& list) {
    auto out = base::OrderedJson::array();
    for (const auto& item : list)
        out.push_back({{"rule", item.rule}, {"weight", rounded(item.weight)}, {"evidence", item.evidence}, {"because", item.because}});
    return out;
}

base::OrderedJson rung(const Rung& rung) {
    base::OrderedJson out{{"id", rung.plan}, {"action", rung.action}, {"risk", rung.risk}, {"offered", rung.offered}};
    if (!rung.locked_because.empty()) out["locked_because"] = rung.locked_because;
    return out;
}

}  // namespace

base::OrderedJson Diagnosis::to_json() const {
    base::OrderedJson out;
    auto phone = base::OrderedJson::object();
    for (const auto& item : evidence.all())
        if (item.key.starts_with("phone.")) phone[item.key.substr(6)] = base::OrderedJson::parse(item.value.dump(-1, ' ', false, base::Json::error_handler_t::replace));
    out["phone"] = std::move(phone);
    out["evidence"] = base::OrderedJson::parse(base::dump_json(evidence.to_json()));
    out["stage"] = stage;
    if (!stage_detail.empty()) out["stage_detail"] = stage_detail;
    out["storage_written"] = storage_written;
    auto list = base::OrderedJson::array();
    for (const auto& hypothesis : hypotheses)
        list.push_back({{"cause", hypothesis.cause},
                        {"probability", rounded(hypothesis.probability)},
                        {"for", contributions(hypothesis.supporting)},
                        {"against", contributions(hypothesis.against)},
                        {"missing", hypothesis.missing}});
    out["hypotheses"] = std::move(list);
    out["plan"] = rung(plan);
    auto rungs = base::OrderedJson::array();
    for (const auto& one : ladder) rungs.push_back(rung(one));
    out["ladder"] = std::move(rungs);
    auto asked = base::OrderedJson::array();
    for (const auto& question : questions) asked.push_back({{"id", question.id}, {"gain", rounded(question.gain)}});
    out["questions"] = std::move(asked);
    out["knowledge"] = {{"version", knowledge_version}, {"digest", knowledge_digest}};
    return out;
}

}  // namespace unbrick::diagnostics
