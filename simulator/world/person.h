// The person of a world: hears what unbrick asks for and does it, in phone time.
#pragma once

#include <functional>
#include <mutex>
#include <string>

#include "simulator/phone/timeline.h"
#include "simulator/world/person_rules.h"

namespace unbrick::simulator {

class Person {
public:
    struct Hands {
        std::function<std::string()> display;                  // of the phone that the ask is about
        std::function<base::Status(const base::Json&)> act;    // on that phone
    };
    // `type` gets a line for the program's standard input.
    Person(PersonRules rules, Timeline& timeline, std::function<void(const std::string&)> type, bool type_json);
    ~Person();

    // Returns at once; what the person does follows. Answers what was planned.
    base::Json hear(const base::Json& ask, Hands hands);
    // Does nothing more.
    void leave();

private:
    std::string line_for(const base::Json& ask, const PersonPlan& plan) const;

    std::mutex mutex_;
    PersonMind mind_;
    Timeline& timeline_;
    std::function<void(const std::string&)> type_;
    bool type_json_;
};

}  // namespace unbrick::simulator
