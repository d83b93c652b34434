#include "simulator/world/person.h"

#include "src/base/log.h"

namespace unbrick::simulator {

Person::Person(PersonRules rules, Timeline& timeline, std::function<void(const std::string&)> type, bool type_json)
    : mind_(std::move(rules)), timeline_(timeline), type_(std::move(type)), type_json_(type_json) {}

Person::~Person() { leave(); }

void Person::leave() { timeline_.cancel_all(this); }

std::string Person::line_for(const base::Json& ask, const PersonPlan& plan) const {
    if (!type_json_) return *plan.answer;
    return base::dump_json(base::Json{{"answer", base::json_string(ask, "id").value_or("")},
                                      {plan.answer_is_choice ? "choice" : "text", *plan.answer}});
}

base::Json Person::hear(const base::Json& ask, Hands hands) {
    PersonPlan plan;
    {
        const std::lock_guard lock(mutex_);
        plan = mind_.decide(ask, hands.display());
    }
    for (const auto& timed : plan.acts) {
        timeline_.after(PhoneSeconds(timed.at), [act = timed.act, hands] {
            if (auto done = hands.act(act); !done) base::log::warning("simulator", "person: {}", done.error().to_string());
        }, this);
    }
    if (plan.answer && type_)
        timeline_.after(PhoneSeconds(plan.answer_at), [this, line = line_for(ask, plan)] { type_(line); }, this);
    return {{"ok", true}, {"acts", plan.acts.size()}, {"answers", plan.answer.has_value()}};
}

}  // namespace unbrick::simulator
