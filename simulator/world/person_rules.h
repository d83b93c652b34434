// What the person of a scenario does when unbrick asks for something.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "src/base/json.h"
#include "src/base/result.h"

namespace unbrick::simulator {

// One thing that a person does, some phone seconds after the ask (or after the act before it).
struct PersonAct {
    double after = 1.0;
    base::Json act;             // as on the control socket; {"perform":"as-asked"} follows the ask's own steps
};

struct PersonAnswer {
    enum class Kind { Text, Choice, Phrase };
    Kind kind = Kind::Text;
    std::string value;          // Phrase: exactly what the ask wants to be typed
    double after = 2.0;         // phone seconds after the last act
};

struct PersonRule {
    base::Json when = base::Json::object();  // every member equals the ask's member
    unsigned skip = 0;                       // fitting asks to let pass first
    unsigned times = 0;                      // 0: always
    std::vector<PersonAct> acts;
    std::optional<PersonAnswer> answer;
};

enum class ConsentHabit { Decline, Give, Silent };

struct PersonRules {
    std::vector<PersonRule> rules;                  // before the usual behaviour
    std::map<std::string, std::string> truths;      // question id -> choice
    ConsentHabit consent = ConsentHabit::Decline;
    bool silent = false;                            // does and says nothing beyond `rules`
    double delay = 1.0;                             // usual phone seconds before an act
    bool types_answers = false;                     // the scenario itself has answers that are typed

    // Errors: InvalidInput with the member's name.
    static base::Result<PersonRules> from_json(const base::Json& person);
};

// What the person makes of one ask: acts and an answer, with times counted from the ask.
struct PersonPlan {
    struct Timed {
        double at = 0;
        base::Json act;
    };
    std::vector<Timed> acts;
    std::optional<std::string> answer;       // the text or the choice to type
    bool answer_is_choice = false;
    double answer_at = 0;
};

// Decides; keeps count of how often each rule was used. `display` is what the phone shows now.
class PersonMind {
public:
    explicit PersonMind(PersonRules rules) : rules_(std::move(rules)), used_(rules_.rules.size(), 0) {}
    PersonPlan decide(const base::Json& ask, std::string_view display);

private:
    PersonPlan usual(const base::Json& ask, std::string_view display) const;
    PersonPlan follow(const PersonRule& rule, const base::Json& ask) const;

    PersonRules rules_;
    std::vector<unsigned> used_;
};

}  // namespace unbrick::simulator
