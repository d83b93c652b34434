// The button coach: the sequence of this model, and what the phone makes of it, seen at once.
#include <fmt/core.h>

#include <algorithm>

#include "recovery/steps/steps.h"

namespace unbrick::recovery::steps {

namespace {

// A person reads, finds the buttons and holds them; then the phone takes its time.
constexpr std::chrono::seconds kOneTry{90};
constexpr int kTries = 6;

// A null value for a model that is not known.
const base::Json& model_of(const StepContext& context, const device::Identity& identity) {
    static const base::Json kNone;
    for (const auto& entry : base::json_at(context.knowledge->document("devices"), "devices")) {
        bool same = !identity.product_type.empty() && base::json_string(entry, "product_type") == identity.product_type;
        for (const auto& board : base::json_at(entry, "boards"))
            if (!same && !identity.board.empty()) same = base::json_string(board, "board") == identity.board;
        if (same) return entry;
    }
    return kNone;
}

// {"sequence", "button_class", "steps"}; for a model that is not known every class's sequence is given.
base::Json sequence_of(const StepContext& context, std::string_view goal, const device::Identity& identity) {
    base::Json result{{"sequence", goal}, {"steps", base::Json::array()}};
    const auto& model = model_of(context, identity);
    const auto wanted = base::json_string(model, "button_class").value_or("");
    const auto* power_button = base::json_string(model, "side_button") == "top" ? "button.top" : "button.side";
    base::Json ways = base::Json::array();
    for (const auto& entry : base::json_at(context.knowledge->document("devices"), "button_classes")) {
        const auto id = base::json_string(entry, "id").value_or("");
        if (!wanted.empty() && id != wanted) continue;
        for (const auto& sequence : base::json_at(entry, "sequences")) {
            if (base::json_string(sequence, "goal") != goal) continue;
            auto steps = base::json_at(sequence, "steps");
            for (auto& step : steps) {
                const bool tap = base::json_bool(step, "tap").value_or(false);
                step["action"] = tap ? "press" : "hold";      // hold: exactly these buttons, the others are let go
                if (const auto key = base::json_string(step, "text_key"))
                    step["text"] = context.texts->get(*key, {{"side", context.texts->get(power_button)}});
            }
            ways.push_back({{"button_class", id}, {"steps", steps}});
        }
    }
    if (!wanted.empty() && !ways.empty()) {
        result["button_class"] = wanted;
        result["steps"] = ways[0]["steps"];
    } else {
        result["ways"] = ways;
    }
    return result;
}

}  // namespace

base::Result<std::string> guide_buttons(StepContext& context, std::string_view goal, const std::vector<std::string>& expected) {
    const auto wants = [&](std::string_view what) { return std::find(expected.begin(), expected.end(), what) != expected.end(); };
    const auto deadline = context.longest();
    auto text = words(context, fmt::format("buttons.{}", goal));
    if (text.empty()) text = context.texts->get(context.step->text_key);
    std::string wrong;                   // what went wrong with the last try
    for (int attempt = 0; attempt < kTries && !deadline.expired(); ++attempt) {
        const auto known = context.phone_now();
        auto mode = known ? known->mode : device::Mode::Absent;
        auto arrivals = known ? known->arrivals : 0;
        if (wants(device::to_string(mode))) return std::string();
        Ask ask;
        ask.kind = AskKind::Buttons;
        ask.buttons = sequence_of(context, goal, known ? known->identity : device::Identity{});
        ask.buttons["attempt"] = attempt + 1;
        if (!wrong.empty()) ask.buttons["went_wrong"] = wrong;
        ask.text = wrong.empty() ? text : wrong + " " + text;
        ask.choices = {{"cannot", words(context, "answer.cannot")}};
        auto open = context.ask(std::move(ask));
        wrong.clear();
        const auto try_ends = context.clock->patience(kOneTry);
        while (wrong.empty()) {
            const auto phone = wait_phone(context, [&](const device::Phone& now) { return now.mode != mode || now.arrivals != arrivals; },
                                          try_ends.when() < deadline.when() ? try_ends : deadline, open.answered_or(context.stop));
            if (!phone) {
                UB_TRY_VOID(base::check_cancelled(context.stop, "buttons"));
                if (const auto answer = open.take_answer()) {
                    if (means_cannot(context, *answer)) return std::string("person-unable");
                    continue;            // what the phone does counts, not what is said
                }
                if (phone.error().code() != base::ErrorCode::TimedOut) return base::fail(phone.error());
                wrong = words(context, "buttons.nothing_happened");
                if (wrong.empty()) wrong = "-";
                break;
            }
            mode = phone->mode;
            arrivals = phone->arrivals;
            const auto name = device::to_string(mode);
            context.phone_said(name, words(context, mode == device::Mode::Absent ? "phone.left" : "phone.came_as",
                                           {{"mode", words(context, "mode." + std::string(name))}}));
            if (wants(name) || wants("restart")) return std::string();
            if (mode == device::Mode::Absent || mode == device::Mode::Unknown) {
                context.progress(-1, words(context, "doing.keep_holding"));
                continue;                // on its way
            }
            wrong = words(context, "buttons.other_mode", {{"mode", words(context, "mode." + std::string(name))}});
            if (wrong.empty()) wrong = "-";
        }
    }
    return std::string("no-reaction");
}

base::Result<StepEnd> guided_buttons(StepContext& context) {
    std::vector<std::string> expected;
    for (const auto& mode : base::json_at(context.step->parameters, "expect"))
        if (mode.is_string()) expected.push_back(mode.get<std::string>());
    UB_TRY_VOID(context.before_act("guide-buttons", {{"sequence", context.text_parameter("sequence")}}));
    UB_TRY(const auto outcome, guide_buttons(context, context.text_parameter("sequence"), expected));
    if (!outcome.empty()) return StepEnd::end_plan(outcome);
    const auto reached = context.text_parameter("outcome");
    return reached.empty() ? StepEnd::go_on() : StepEnd::end_plan(reached);
}

}  // namespace unbrick::recovery::steps
