// Steps that a person does or answers.
#include <fmt/core.h>

#include "recovery/steps/steps.h"
#include "src/base/text.h"

namespace unbrick::recovery::steps {

base::Result<StepEnd> tell(StepContext& context) { return StepEnd::end_plan(context.text_parameter("outcome", "done")); }

// "until": "answer" (the person says so), "arrives" (a phone comes onto the bus), "normal" (it is in Normal mode).
base::Result<StepEnd> ask_act(StepContext& context) {
    const auto act = context.text_parameter("act");
    const auto until = context.text_parameter("until", "answer");
    const auto deadline = context.longest();
    const auto before = context.phone_now();
    const auto arrivals = before ? before->arrivals : 0;
    const bool was_there = before && before->present();
    const auto fulfilled = [&](const device::Phone& now) {
        if (until == "normal") return now.mode == device::Mode::Normal;
        return now.present() && (!was_there || now.arrivals > arrivals);
    };
    auto open = ask_for(context, act, context.texts->get(context.step->text_key));
    for (;;) {
        if (until == "answer" || context.watcher == nullptr) {
            auto answer = open.wait(deadline, context.stop);
            if (!answer) {
                if (answer.error().code() == base::ErrorCode::TimedOut) return StepEnd::end_plan("no-answer");
                return base::fail(std::move(answer).error());
            }
            if (means_cannot(context, *answer)) return StepEnd::end_plan("person-unable");
            return StepEnd::go_on({{"answer", *answer}});
        }
        const auto phone = wait_phone(context, fulfilled, deadline, open.answered_or(context.stop));
        if (phone) return StepEnd::go_on({{"mode", device::to_string(phone->mode)}});
        UB_TRY_VOID(base::check_cancelled(context.stop, act));
        const auto answer = open.take_answer();
        if (!answer) {
            if (phone.error().code() == base::ErrorCode::TimedOut) return StepEnd::end_plan("no-answer");
            return base::fail(phone.error());
        }
        if (means_cannot(context, *answer)) return StepEnd::end_plan("person-unable");
        // "Done", and the phone may still be on its way (a start takes up to a minute), or was swapped unseen.
        constexpr std::chrono::seconds kOnItsWay{60};
        const auto seen = wait_phone(context, [&](const device::Phone& now) { return until == "normal" ? now.mode == device::Mode::Normal : now.present(); },
                                     context.clock->patience(kOnItsWay), context.stop);
        if (seen) return StepEnd::go_on({{"mode", device::to_string(seen->mode)}, {"answer", *answer}});
        if (seen.error().code() != base::ErrorCode::TimedOut) return base::fail(seen.error());
        context.progress(-1, words(context, "doing.still_not_there"));
        if (deadline.expired()) return StepEnd::end_plan("no-reaction");
    }
}

// "question": id of knowledge/questions.json; "ends": {choice: outcome} for answers after which the plan must not go on.
base::Result<StepEnd> ask_question(StepContext& context) {
    Ask ask;
    ask.kind = AskKind::Question;
    ask.question = context.text_parameter("question");
    const auto& document = context.knowledge->document("questions");
    const auto& list = document.is_array() ? document : base::json_at(document, "questions");
    for (const auto& question : list) {
        if (base::json_string(question, "id") != ask.question) continue;
        ask.text = words(context, base::json_string(question, "text").value_or(""));
        for (const auto& choice : base::json_at(question, "choices")) {
            const auto id = base::json_string(choice, "id").value_or("");
            auto text = words(context, base::json_string(choice, "text").value_or(""));
            ask.choices.emplace_back(id, text.empty() ? id : text);
        }
    }
    if (ask.text.empty()) ask.text = words(context, "question." + ask.question);
    if (ask.text.empty()) ask.text = context.texts->get(context.step->text_key);
    if (ask.choices.empty()) ask.choices = {{"yes", words(context, "answer.yes")}, {"no", words(context, "answer.no")}, {"unknown", words(context, "answer.unknown")}};
    const auto choices = ask.choices;
    auto open = context.ask(std::move(ask));
    auto answer = open.wait(context.longest(), context.stop);
    if (!answer) {
        if (answer.error().code() == base::ErrorCode::TimedOut) return StepEnd::end_plan("no-answer");
        return base::fail(std::move(answer).error());
    }
    auto choice = base::to_lower(base::trim(*answer));
    for (const auto& [id, text] : choices)
        if (choice == base::to_lower(text)) choice = id;
    const auto ends = base::json_string(base::json_at(context.step->parameters, "ends"), choice);
    base::Json facts{{"question", context.text_parameter("question")}, {"choice", choice}};
    if (ends) return StepEnd::end_plan(*ends, std::move(facts));
    return StepEnd::go_on(std::move(facts));
}

}  // namespace unbrick::recovery::steps
