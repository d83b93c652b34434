#include "src/cli/job_view.h"

#include <fmt/core.h>
#include <unistd.h>

#include <cstdio>

#include "src/base/digest.h"
#include "src/base/text.h"
#include "src/core/diagnoser.h"
#include "src/core/rehearsal.h"

namespace unbrick::cli {

namespace {

constexpr std::chrono::milliseconds kProgressEvery{500};
constexpr std::chrono::seconds kStillThere{2};
constexpr std::chrono::seconds kPlainProgressEvery{5};
// How long a job that was submitted may take to appear among the snapshots.
constexpr std::chrono::seconds kAppears{5};

const char* name_of(core::StepSnapshot::State state) {
    using enum core::StepSnapshot::State;
    switch (state) {
        case Todo: return "todo";
        case Running: return "running";
        case Done: return "done";
        case Failed: return "failed";
        case Skipped: return "skipped";
    }
    return "todo";
}

const char* kind_of(core::RequestKind kind) {
    switch (kind) {
        case core::RequestKind::Consent: return "consent";
        case core::RequestKind::Question: return "question";
        case core::RequestKind::Buttons: return "buttons";
        case core::RequestKind::Act: return "act";
        case core::RequestKind::Text: return "text";
    }
    return "act";
}

std::string minutes(std::chrono::duration<double> span) {
    const auto seconds = static_cast<long>(span.count());
    return fmt::format("{}:{:02}", seconds / 60, seconds % 60);
}

base::OrderedJson choices_json(const std::vector<std::pair<std::string, std::string>>& choices) {
    auto list = base::OrderedJson::array();
    for (const auto& [id, text] : choices) list.push_back({{"id", id}, {"text", text}});
    return list;
}

}  // namespace

void print_event(const base::OrderedJson& event) {
    fmt::print("{}\n", base::dump_json(event));
    std::fflush(stdout);
}

std::shared_ptr<const core::JobSnapshot> find_job(const core::AppSnapshot& app, const std::string& id) {
    for (const auto& phone : app.phones)
        if (phone->job && phone->job->id == id) return phone->job;
    if (app.host_job && app.host_job->id == id) return app.host_job;
    return nullptr;
}

std::optional<std::string> answer_in_line(std::string_view line, std::string_view ask_id) {
    line = base::trim(line);
    if (line.empty() || line.front() != '{') return std::string(line);
    const auto json = base::parse_json(line, "answer");
    if (!json || base::json_string(*json, "answer") != ask_id) return std::nullopt;
    if (auto text = base::json_string(*json, "text")) return text;
    return base::json_string(*json, "choice");
}

JobView::JobView(Session& session, bool json) : session_(session), json_(json), terminal_(!json && ::isatty(STDOUT_FILENO) != 0) {}

void JobView::say(const std::string& text) {
    if (json_) return;
    if (in_place_) fmt::print("\r\033[K");
    in_place_ = false;
    fmt::print("{}\n", text);
    std::fflush(stdout);
}

void JobView::status(const std::string& text) {
    const auto now = base::SteadyClock::now();
    if (json_) return;
    if (!terminal_) {
        if (text == last_doing_ || now - last_progress_ < kPlainProgressEvery) return;
        last_progress_ = now;
        last_doing_ = text;
        fmt::print("    {}\n", text);
        std::fflush(stdout);
        return;
    }
    if (now - last_progress_ < kProgressEvery) return;
    last_progress_ = now;
    fmt::print("\r\033[K    {}", text);
    std::fflush(stdout);
    in_place_ = true;
}

void JobView::show_ask(const core::Request& request) {
    if (json_) {
        base::OrderedJson event{{"event", "ask"}, {"id", request.id}, {"kind", kind_of(request.kind)}, {"phone", request.phone},
                                {"step", request.step}, {"text", request.text}};
        if (!request.phrase.empty()) event["phrase"] = request.phrase;
        if (!request.question.empty()) event["question"] = request.question;
        if (!request.choices.empty()) event["choices"] = choices_json(request.choices);
        if (!request.buttons.is_null()) event["buttons"] = request.buttons;
        if (!request.act.empty()) event["act"] = request.act;
        print_event(event);
        return;
    }
    say("");
    say("  ? " + request.text);
    if (request.kind == core::RequestKind::Buttons) {
        const auto list = [&](const base::Json& steps) {
            int number = 0;
            for (const auto& step : steps) {
                auto text = base::json_string(step, "text").value_or("");
                if (text.empty()) text = base::dump_json(base::json_at(step, "buttons"));
                say(fmt::format("      {}. {}", ++number, text));
            }
        };
        list(base::json_at(request.buttons, "steps"));
        for (const auto& way : base::json_at(request.buttons, "ways")) {
            say(fmt::format("      {}:", session_.texts().get(fmt::format("button_class.{}", base::json_string(way, "button_class").value_or("")))));
            list(base::json_at(way, "steps"));
        }
    }
    if (!request.phrase.empty()) say("    " + session_.texts().get("cli.type_phrase", {{"phrase", request.phrase}}));
    for (const auto& [id, text] : request.choices) say(fmt::format("      {:<10} {}", id, text));
}

void JobView::show(const core::JobSnapshot& job) {
    if (!plan_shown_) {
        plan_shown_ = true;
        if (json_) {
            auto plan = recovery::to_json(job.plan);
            plan["title"] = session_.texts().get(job.plan.title_key);
            plan["summary"] = session_.texts().get(job.plan.summary_key);
            for (auto& step : plan["steps"]) {
                step["text"] = session_.texts().get(step["text"].get<std::string>());
                step["stop"] = session_.texts().get(step["stop"].get<std::string>());
            }
            print_event({{"event", "plan"}, {"phone", job.phone}, {"plan", std::move(plan)}});
        } else {
            say(session_.texts().get("cli.plan", {{"title", session_.texts().get(job.plan.title_key)}}));
            say("  " + session_.texts().get(job.plan.summary_key));
            if (job.plan.simulated_only) say("  " + session_.texts().get("cli.simulated_only"));
            int number = 0;
            for (const auto& step : job.plan.steps)
                say(fmt::format("  {}. {} [{}]", ++number, session_.texts().get(step.text_key), session_.texts().get(fmt::format("risk.{}", recovery::to_string(step.risk)))));
            say("");
        }
    }
    states_.resize(job.steps.size(), core::StepSnapshot::State::Todo);
    for (std::size_t i = 0; i < job.steps.size(); ++i) {
        const auto& step = job.steps[i];
        if (step.state == states_[i]) continue;
        using enum core::StepSnapshot::State;
        // A step may be over before it was ever seen running.
        if (states_[i] == Todo && (step.state == Done || step.state == Failed)) {
            if (json_) print_event({{"event", "step"}, {"step", step.id}, {"state", "running"}, {"text", step.text}});
            else say("> " + step.text);
        }
        states_[i] = step.state;
        if (json_) print_event({{"event", "step"}, {"step", step.id}, {"state", name_of(step.state)}, {"text", step.text}});
        else if (step.state == Running) say("> " + step.text);
        else say(fmt::format("  {} ({})", session_.texts().get(fmt::format("state.{}", name_of(step.state))), minutes(step.elapsed)));
    }
    for (const auto& line : job.log) {
        if (line.number <= last_line_) continue;
        last_line_ = line.number;
        if (line.who != "phone") continue;
        if (json_) print_event({{"event", "phone"}, {"mode", line.mode}, {"text", line.text}});
        else say(fmt::format("    {}: {}", session_.texts().get("cli.phone"), line.text));
    }
    if (!job.ended() && job.current < job.steps.size()) {
        const auto& step = job.steps[job.current];
        const auto now = base::SteadyClock::now();
        if (json_) {
            const bool news = job.doing != last_doing_ || step.fraction != last_fraction_;
            if (step.state == core::StepSnapshot::State::Running && now - last_progress_ >= (news ? kProgressEvery : kStillThere)) {
                last_fraction_ = step.fraction;
                last_progress_ = now;
                last_doing_ = job.doing;
                base::OrderedJson event{{"event", "progress"}, {"step", step.id}};
                if (step.fraction >= 0) event["fraction"] = step.fraction;
                event["doing"] = job.doing;
                event["elapsed"] = step.elapsed.count();
                event["usual"] = step.usual.count();
                if (job.bytes_per_second >= 0) event["bytes_per_second"] = job.bytes_per_second;
                print_event(event);
            }
        } else if (!job.request && step.state == core::StepSnapshot::State::Running) {
            status(fmt::format("{}  {} / {}", job.doing, minutes(step.elapsed), session_.texts().get("cli.usually", {{"time", minutes(step.usual)}})));
        }
    }
    if (job.request && job.request->id != last_ask_) {
        last_ask_ = job.request->id;
        show_ask(*job.request);
    }
}

void JobView::line_typed(const core::JobSnapshot& job, const std::string& line) {
    if (!job.request) {
        // Nothing is asked: what is typed now must not count for what will be asked.
        if (!line.empty()) fmt::print(stderr, "unbrick: {}\n", session_.texts().get("cli.nothing_asked"));
        return;
    }
    const auto answer = answer_in_line(line, job.request->id);
    if (!answer) {
        fmt::print(stderr, "unbrick: {}\n", session_.texts().get("cli.other_ask", {{"id", job.request->id}}));
        return;
    }
    session_.workbench().submit(core::AnswerRequest{job.id, job.request->id, *answer});
}

void JobView::show_result(const core::JobSnapshot& job) {
    if (json_) {
        base::OrderedJson event{{"event", "result"}, {"outcome", job.outcome}, {"text", job.outcome_text}, {"exit", job.exit}, {"case", job.case_id}};
        if (!job.error.empty()) event["error"] = job.error;
        if (!job.next_plan.empty()) event["next"] = job.next_plan;
        print_event(event);
        return;
    }
    say("");
    say(job.outcome_text);
    if (!job.error.empty()) say("  " + job.error);
    if (!job.next_plan.empty()) say(session_.texts().get("cli.next", {{"plan", job.next_plan}}));
    if (!job.case_id.empty()) say(session_.texts().get("cli.case", {{"case", job.case_id}}));
}

std::shared_ptr<const core::JobSnapshot> JobView::follow(const std::string& job_id, int& exit) {
    plan_shown_ = false;
    states_.clear();
    last_line_ = 0;
    session_.read_lines();
    const auto appears = base::Deadline::after(kAppears);
    std::shared_ptr<const core::JobSnapshot> job;
    for (;;) {
        for (const auto& notice : session_.new_notices()) {
            if (notice.trouble) {
                fmt::print(stderr, "unbrick: {}\n", notice.text);
                exit = notice.exit;
            }
        }
        const auto app = session_.now();
        if (auto found = find_job(*app, job_id)) job = found;
        if (job) {
            while (const auto line = session_.take_line()) line_typed(*job, *line);
            show(*job);
            if (job->ended()) break;
        } else if (appears.expired() || exit != 0) {
            return nullptr;
        }
        if (session_.interrupted() > cancelled_) {
            cancelled_ = session_.interrupted();
            if (!json_ && job) say(session_.texts().get("cli.cancelling", {{"cost", job->if_stopped}}));
            session_.workbench().submit(core::CancelJob{job_id});
        }
        session_.wait_news(job ? base::Deadline::after(std::chrono::seconds(1)) : appears);
    }
    // What comes next is known as soon as the phone has been looked at again.
    const bool wants_next = job->exit != 0 && job->state == core::JobState::Failed && !job->phone.empty();
    if (wants_next) {
        constexpr std::chrono::seconds kNextIsFound{6};
        session_.wait([&](const core::AppSnapshot& app) {
            const auto now = find_job(app, job_id);
            if (now) job = now;
            if (now && !now->next_plan.empty()) return true;
            for (const auto& phone : app.phones)
                if (phone->job && phone->job->id == job_id && (phone->mode == device::Mode::Absent || (!phone->diagnosing && phone->diagnosed > 1))) return true;
            return false;
        }, base::Deadline::after(kNextIsFound));
    }
    show_result(*job);
    exit = job->exit;
    return job;
}

std::optional<std::string> JobView::ask_question(const std::string& phone, const std::string& question, const base::Deadline& deadline) {
    session_.read_lines();
    const auto words = core::question_text(session_.knowledge(), session_.texts(), question);
    core::Request request;
    constexpr std::size_t kRandomBytes = 4;
    request.id = fmt::format("{}-{}", question, base::to_hex(base::random_bytes(kRandomBytes)));
    request.kind = core::RequestKind::Question;
    request.phone = phone;
    request.step = "diagnose";
    request.text = words.text;
    request.question = question;
    request.choices = words.choices;
    while (session_.take_line()) {}
    show_ask(request);
    (void)core::publish_ask({{"id", request.id}, {"kind", "question"}, {"phone", phone}, {"step", request.step}, {"text", request.text},
                             {"question", question}, {"choices", choices_json(request.choices)}});
    while (!deadline.expired() && session_.interrupted() == cancelled_) {
        if (const auto line = session_.take_line()) {
            auto answer = answer_in_line(*line, request.id);
            if (!answer || answer->empty()) continue;
            for (const auto& [id, text] : request.choices)
                if (base::to_lower(*answer) == base::to_lower(id) || base::to_lower(*answer) == base::to_lower(text)) return id;
            say(session_.texts().get("cli.no_such_choice"));
            continue;
        }
        if (session_.input_ended()) return std::nullopt;
        session_.wait_news(deadline);
    }
    return std::nullopt;
}

}  // namespace unbrick::cli
