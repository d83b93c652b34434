#include "diagnostics/inference/plan_choice.h"

#include <algorithm>
#include <map>
#include <set>

namespace unbrick::diagnostics {
namespace {

// A rung is shown when it would fit what may be wrong at least this well.
constexpr double kShown = 0.06;
constexpr double kHardwareLikely = 0.35;

}  // namespace

PlanChoice choose_plan(const std::vector<Hypothesis>& hypotheses, const std::vector<Firing>& firings, const Facts& facts, const knowledge::Knowledge& knowledge) {
    PlanChoice choice;
    const auto& causes = base::json_at(knowledge.document("causes"), "causes");
    const auto& actions = base::json_at(knowledge.document("actions"), "actions");
    std::map<std::string, double> fitness;
    double hardware = 0;
    std::map<std::string, double> probability;
    for (const auto& hypothesis : hypotheses) probability[hypothesis.cause] = hypothesis.probability;
    for (const auto& cause : causes) {
        const double likely = probability[base::json_string(cause, "id").value_or("")];
        if (base::json_string(cause, "family") == "hardware") hardware += likely;
        const auto& plans = base::json_at(cause, "plans");
        if (plans.is_object())
            for (const auto& [action, fit] : plans.items())
                if (fit.is_number()) fitness[action] += likely * fit.get<double>();
    }
    std::set<std::string> permitted;
    for (const auto& firing : firings) {
        if (firing.rule == nullptr) continue;
        for (const auto& [action, weight] : firing.rule->actions) fitness[action] += weight;
        permitted.insert(firing.rule->permits.begin(), firing.rule->permits.end());
    }
    const bool data_wanted = !facts.with_id("data-wanted").empty() || !facts.with_key("data.wanted").empty();
    const bool erase_locked = (data_wanted && hardware > kHardwareLikely) || !facts.with_id("lost-mode").empty();
    if (data_wanted) fitness["data_recovery_first"] += hardware > kHardwareLikely ? 1.0 : 0.15;

    double best = -1;
    std::vector<std::pair<std::int64_t, Rung>> rungs;
    for (const auto& action : actions) {
        Rung rung;
        rung.action = base::json_string(action, "id").value_or("");
        rung.plan = base::json_string(action, "plan").value_or(rung.action);
        rung.risk = base::json_string(action, "risk").value_or("reads-only");
        const bool erases = rung.risk == "erases-data";
        const double fit = fitness[rung.action];
        choice.scores.emplace_back(rung.action, fit);
        if (erases && erase_locked) {
            rung.offered = false;
            rung.locked_because = data_wanted ? "ladder.locked.data_wanted" : "ladder.locked.lost_mode";
        }
        const bool may_be_first = !erases || (permitted.contains(rung.action) && !erase_locked);
        // actions.json lists the gentlest first, so an equal fitness goes to the gentler one.
        if (may_be_first && fit > best + 1e-9) {
            best = fit;
            choice.first = rung;
        }
        if (fit >= kShown) rungs.emplace_back(base::json_int(action, "rung").value_or(50), rung);
    }
    // Nothing of ours opens this lock: the plan that says the official way stands in for the empty one.
    if (choice.first.action == "none" && !hypotheses.empty() && hypotheses.front().cause == "activation_lock") choice.first.plan = "activation-lock";
    std::stable_sort(rungs.begin(), rungs.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    bool shown = false;
    for (auto& [order, rung] : rungs) {
        shown |= rung.action == choice.first.action;
        choice.ladder.push_back(std::move(rung));
    }
    if (!shown) choice.ladder.insert(choice.ladder.begin(), choice.first);
    std::stable_sort(choice.scores.begin(), choice.scores.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
    return choice;
}

}  // namespace unbrick::diagnostics
