#include "simulator/world/person_rules.h"

#include <algorithm>
#include <array>

#include "src/base/text.h"

namespace unbrick::simulator {

using base::Json;

namespace {

// How fast a person lets go of a button or goes on to the next step.
constexpr double kBetweenSteps = 0.1;

base::Result<PersonAct> act_from(const Json& json) {
    PersonAct act;
    act.after = base::json_double(json, "after").value_or(act.after);
    act.act = json;
    act.act.erase("after");
    if (!act.act.contains("act") && !act.act.contains("perform"))
        return base::fail(base::ErrorCode::InvalidInput, "person: an entry of do has neither act nor perform");
    return act;
}

base::Result<PersonAnswer> answer_from(const Json& json) {
    PersonAnswer answer;
    answer.after = base::json_double(json, "after").value_or(answer.after);
    if (const auto text = base::json_string(json, "text")) answer.value = *text;
    else if (const auto choice = base::json_string(json, "choice")) {
        answer.kind = PersonAnswer::Kind::Choice;
        answer.value = *choice;
    } else if (base::json_bool(json, "phrase").value_or(false)) {
        answer.kind = PersonAnswer::Kind::Phrase;
    } else {
        return base::fail(base::ErrorCode::InvalidInput, "person: an answer has neither text, choice nor phrase");
    }
    return answer;
}

bool fits(const Json& when, const Json& ask) {
    return std::all_of(when.items().begin(), when.items().end(), [&](const auto& member) {
        const auto found = ask.find(member.key());
        return found != ask.end() && *found == member.value();
    });
}

// Choices come as [["id","text"],...], [{"id":..,"text":..},...], ["id",...] or {"id":"text"}.
std::vector<std::string> choice_ids(const Json& ask) {
    std::vector<std::string> ids;
    const Json& choices = base::json_at(ask, "choices");
    if (choices.is_object())
        for (const auto& [id, text] : choices.items()) ids.push_back(id);
    if (choices.is_array())
        for (const Json& choice : choices) {
            if (choice.is_string()) ids.push_back(choice.get<std::string>());
            else if (choice.is_array() && !choice.empty() && choice[0].is_string()) ids.push_back(choice[0].get<std::string>());
            else if (const auto id = base::json_string(choice, "id")) ids.push_back(*id);
            else if (const auto value = base::json_string(choice, "choice")) ids.push_back(*value);
        }
    return ids;
}

// The words in which a choice may name what the phone shows.
struct DisplayWords {
    std::string_view display;
    std::array<std::string_view, 4> words;
};
constexpr std::array<DisplayWords, 11> kDisplayWords = {{
    {"black", {"black", "dark", "off", "nothing"}},
    {"logo", {"logo", "apple", "", ""}},
    {"logo-progress", {"progress", "bar", "logo", "apple"}},
    {"computer-and-cable", {"cable", "recovery", "computer", "itunes"}},
    {"low-battery", {"battery", "low", "", ""}},
    {"charging", {"charging", "battery", "", ""}},
    {"lock-screen", {"lock", "normal", "home", "starts"}},
    {"home-screen", {"home", "normal", "lock", "starts"}},
    {"hello", {"hello", "setup", "welcome", "activation"}},
    {"trust-dialog", {"trust", "", "", ""}},
    {"passcode-dialog", {"passcode", "lock", "", ""}},
}};

std::optional<std::string> choice_for_display(const std::vector<std::string>& ids, std::string_view display) {
    for (const DisplayWords& entry : kDisplayWords) {
        if (entry.display != display) continue;
        for (const std::string_view word : entry.words) {
            if (word.empty()) continue;
            for (const std::string& id : ids)
                if (base::contains(base::to_lower(id), word)) return id;
        }
    }
    return std::nullopt;
}

// What a person says who sees nothing unusual.
std::optional<std::string> modest_choice(const std::vector<std::string>& ids) {
    for (const std::string_view word : {"no", "none", "unknown", "not-sure", "not_sure", "dont-know", "unsure", "other"})
        for (const std::string& id : ids)
            if (id == word) return id;
    return ids.empty() ? std::nullopt : std::optional(ids.back());
}

// The steps of a button sequence as the ask gives them: {"action": "press"|"hold"|"release", "buttons", "seconds"}.
// A press with seconds is held that long; a hold goes on until a release or the end.
std::vector<PersonPlan::Timed> perform_as_asked(const Json& ask, double start, double& end) {
    std::vector<PersonPlan::Timed> acts;
    const Json& buttons = base::json_at(ask, "buttons");
    const Json& steps = buttons.is_object() ? base::json_at(buttons, "steps") : buttons;
    double at = start;
    std::vector<std::string> held;
    const auto add = [&](const char* what, const std::vector<std::string>& names) {
        if (!names.empty()) acts.push_back({at, {{"act", what}, {"buttons", names}}});
    };
    if (steps.is_array()) {
        for (const Json& step : steps) {
            const std::string action = base::json_string(step, "action").value_or("press");
            const double seconds = base::json_double(step, "seconds").value_or(0.3);
            std::vector<std::string> names;
            for (const Json& name : base::json_at(step, "buttons"))
                if (name.is_string()) names.push_back(name.get<std::string>());
            if (action == "release") {
                add("release", names);
                std::erase_if(held, [&](const auto& name) { return std::find(names.begin(), names.end(), name) != names.end(); });
                at += base::json_double(step, "seconds").value_or(kBetweenSteps);
            } else if (action == "wait") {
                at += seconds;
            } else if (action == "hold") {
                // What the step does not name is let go; what it names stays or goes down.
                std::vector<std::string> let_go, down;
                for (const auto& name : held)
                    if (std::find(names.begin(), names.end(), name) == names.end()) let_go.push_back(name);
                for (const auto& name : names)
                    if (std::find(held.begin(), held.end(), name) == held.end()) down.push_back(name);
                add("release", let_go);
                add("press", down);
                held = names;
                at += seconds;
            } else {
                add("press", names);
                at += seconds;
                add("release", names);
                at += kBetweenSteps;
            }
        }
        add("release", held);
    }
    if (acts.empty() && buttons.is_object()) {
        const std::string sequence = base::json_string(buttons, "sequence").value_or("");
        if (!sequence.empty()) acts.push_back({start, {{"act", "perform"}, {"combination", sequence}}});
    }
    end = at;
    return acts;
}

}  // namespace

base::Result<PersonRules> PersonRules::from_json(const Json& person) {
    PersonRules result;
    result.silent = base::json_bool(person, "silent").value_or(false);
    result.delay = base::json_double(person, "delay").value_or(result.delay);
    const std::string consent = base::json_string(person, "consent").value_or("decline");
    if (consent == "give") result.consent = ConsentHabit::Give;
    else if (consent == "silent") result.consent = ConsentHabit::Silent;
    else if (consent != "decline") return base::fail(base::ErrorCode::InvalidInput, "person: consent: unknown habit " + consent);
    result.types_answers = result.consent == ConsentHabit::Give;
    const Json& truths = base::json_at(person, "truths");
    if (truths.is_object())
        for (const auto& [question, choice] : truths.items())
            if (choice.is_string()) result.truths[question] = choice.get<std::string>();
    for (const Json& json : base::json_at(person, "rules")) {
        PersonRule rule;
        rule.when = base::json_at(json, "when");
        if (rule.when.is_null()) rule.when = Json::object();
        rule.skip = static_cast<unsigned>(base::json_int(json, "skip").value_or(0));
        rule.times = static_cast<unsigned>(base::json_int(json, "times").value_or(0));
        for (const Json& entry : base::json_at(json, "do")) {
            UB_TRY(auto act, act_from(entry));
            rule.acts.push_back(std::move(act));
        }
        if (json.contains("answer")) {
            UB_TRY(rule.answer, answer_from(json.at("answer")));
            result.types_answers = true;
        }
        result.rules.push_back(std::move(rule));
    }
    return result;
}

PersonPlan PersonMind::decide(const Json& ask, std::string_view display) {
    for (std::size_t at = 0; at < rules_.rules.size(); ++at) {
        const PersonRule& rule = rules_.rules[at];
        if (!fits(rule.when, ask)) continue;
        const unsigned seen = used_[at]++;
        if (seen < rule.skip) continue;
        if (rule.times != 0 && seen >= rule.skip + rule.times) continue;
        return follow(rule, ask);
    }
    return rules_.silent ? PersonPlan{} : usual(ask, display);
}

PersonPlan PersonMind::follow(const PersonRule& rule, const Json& ask) const {
    PersonPlan plan;
    double at = 0;
    for (const PersonAct& entry : rule.acts) {
        at += entry.after;
        if (entry.act.contains("perform")) {
            const auto acts = perform_as_asked(ask, at, at);
            plan.acts.insert(plan.acts.end(), acts.begin(), acts.end());
        } else {
            plan.acts.push_back({at, entry.act});
        }
    }
    if (rule.answer) {
        plan.answer_at = at + rule.answer->after;
        plan.answer_is_choice = rule.answer->kind == PersonAnswer::Kind::Choice;
        plan.answer = rule.answer->kind == PersonAnswer::Kind::Phrase ? base::json_string(ask, "phrase").value_or("")
                                                                     : rule.answer->value;
    }
    return plan;
}

PersonPlan PersonMind::usual(const Json& ask, std::string_view display) const {
    PersonPlan plan;
    const std::string kind = base::json_string(ask, "kind").value_or("");
    const auto say = [&](std::string what, bool choice, double at) {
        plan.answer = std::move(what);
        plan.answer_is_choice = choice;
        plan.answer_at = at;
    };
    if (kind == "buttons") {
        double end = 0;
        plan.acts = perform_as_asked(ask, rules_.delay, end);
    } else if (kind == "act") {
        const std::string act = base::json_string(ask, "act").value_or("");
        plan.acts.push_back({rules_.delay, {{"act", act}}});
        say("done", true, rules_.delay + 2.0);
    } else if (kind == "consent") {
        switch (rules_.consent) {
            case ConsentHabit::Give: say(base::json_string(ask, "phrase").value_or(""), false, rules_.delay + 4.0); break;
            case ConsentHabit::Decline: say("no", false, rules_.delay); break;
            case ConsentHabit::Silent: break;
        }
    } else if (kind == "question") {
        const std::string question = base::json_string(ask, "question").value_or("");
        const auto ids = choice_ids(ask);
        const auto truth = rules_.truths.find(question);
        std::optional<std::string> choice;
        if (truth != rules_.truths.end()) choice = truth->second;
        if (!choice && base::contains(question, "screen")) choice = choice_for_display(ids, display);
        if (!choice) choice = modest_choice(ids);
        if (choice) say(*choice, true, rules_.delay);
    }
    return plan;
}

}  // namespace unbrick::simulator
