#include "src/core/job.h"

#include <fmt/core.h>

#include "recovery/outcome.h"
#include "src/base/phone_clock.h"

namespace unbrick::core {

namespace {

constexpr std::size_t kLogLines = 500;

StepSnapshot::State state_of(recovery::StepState state) {
    switch (state) {
        case recovery::StepState::Todo: return StepSnapshot::State::Todo;
        case recovery::StepState::Running: return StepSnapshot::State::Running;
        case recovery::StepState::Done: return StepSnapshot::State::Done;
        case recovery::StepState::Failed: return StepSnapshot::State::Failed;
        case recovery::StepState::Skipped: return StepSnapshot::State::Skipped;
    }
    return StepSnapshot::State::Todo;
}

RequestKind kind_of(recovery::AskKind kind) {
    switch (kind) {
        case recovery::AskKind::Consent: return RequestKind::Consent;
        case recovery::AskKind::Question: return RequestKind::Question;
        case recovery::AskKind::Buttons: return RequestKind::Buttons;
        case recovery::AskKind::Act: return RequestKind::Act;
        case recovery::AskKind::Text: return RequestKind::Text;
    }
    return RequestKind::Act;
}

}  // namespace

Job::Job(std::string id, std::string phone, recovery::Plan plan, const knowledge::Texts& texts, std::function<void()> changed,
         std::function<void(const base::OrderedJson&)> asks)
    : texts_(texts), changed_(std::move(changed)), asks_(std::move(asks)), desk_([this](const recovery::Ask* ask) { asked(ask); }) {
    state_.id = std::move(id);
    state_.phone = std::move(phone);
    state_.plan = std::move(plan);
    for (const auto& step : state_.plan.steps) {
        StepSnapshot shown;
        shown.id = step.id;
        shown.text = texts_.get(step.text_key);
        shown.usual = step.usual;
        shown.longest = step.longest;
        state_.steps.push_back(std::move(shown));
    }
    begun_.resize(state_.steps.size());
    ended_.resize(state_.steps.size());
}

std::shared_ptr<const JobSnapshot> Job::snapshot() const {
    const std::lock_guard lock(mutex_);
    auto copy = std::make_shared<JobSnapshot>(state_);
    const auto now = base::SteadyClock::now();
    for (std::size_t i = 0; i < copy->steps.size(); ++i) {
        if (begun_[i] == base::SteadyClock::time_point{}) continue;
        const bool running = copy->steps[i].state == StepSnapshot::State::Running;
        copy->steps[i].elapsed = base::PhoneClock::instance().phone_span((running ? now : ended_[i]) - begun_[i]);
    }
    return copy;
}

bool Job::ended() const {
    const std::lock_guard lock(mutex_);
    return state_.ended();
}

std::string Job::case_id() const {
    const std::lock_guard lock(mutex_);
    return state_.case_id;
}

void Job::begin(const std::string& case_id) {
    {
        const std::lock_guard lock(mutex_);
        state_.case_id = case_id;
        if (state_.state == JobState::Waiting) state_.state = JobState::Running;
    }
    changed_();
}

void Job::cancelling() {
    {
        const std::lock_guard lock(mutex_);
        if (state_.ended()) return;
        state_.state = JobState::Cancelling;
        state_.request.reset();
    }
    changed_();
}

void Job::finish_locked(const std::string& outcome) {
    const auto& kind = recovery::outcome_kind(outcome);
    state_.outcome = outcome;
    state_.outcome_text = texts_.get(fmt::format("outcome.{}", outcome));
    state_.exit = static_cast<int>(kind.exit);
    state_.state = outcome == "cancelled" ? JobState::Cancelled : kind.success ? JobState::Done : JobState::Failed;
    state_.request.reset();
    state_.doing.clear();
}

void Job::end(const recovery::RunEnd& end, std::string next_plan) {
    {
        const std::lock_guard lock(mutex_);
        if (end.error) state_.error = end.error->to_string();
        state_.next_plan = std::move(next_plan);
        finish_locked(end.outcome);
    }
    changed_();
}

void Job::suggest(std::string plan) {
    {
        const std::lock_guard lock(mutex_);
        state_.next_plan = std::move(plan);
    }
    changed_();
}

void Job::refuse(std::string outcome, const base::Error& error) {
    {
        const std::lock_guard lock(mutex_);
        state_.error = error.to_string();
        finish_locked(outcome);
        if (!error.text_key().empty()) state_.outcome_text = texts_.get(error.text_key());
        state_.exit = static_cast<int>(base::exit_code_for(error.code()));
    }
    changed_();
}

void Job::log_locked(std::string who, std::string text, std::string mode) {
    if (who == "phone" && !text.empty()) state_.last_words = text;
    state_.log.push_back({next_line_++, std::chrono::system_clock::now(), std::move(who), std::move(text), std::move(mode)});
    if (state_.log.size() > kLogLines) state_.log.erase(state_.log.begin());
}

void Job::log(std::string who, std::string text, std::string mode) {
    {
        const std::lock_guard lock(mutex_);
        log_locked(std::move(who), std::move(text), std::move(mode));
    }
    changed_();
}

void Job::step(std::size_t index, recovery::StepState state, const std::string& text) {
    {
        const std::lock_guard lock(mutex_);
        if (index >= state_.steps.size()) return;
        state_.steps[index].state = state_of(state);
        const auto now = base::SteadyClock::now();
        if (state == recovery::StepState::Running) {
            begun_[index] = now;
            state_.current = index;
            state_.doing = text;
            state_.if_stopped = texts_.get(state_.plan.steps[index].stop_text_key);
            log_locked("unbrick", text, {});
        } else {
            ended_[index] = now;
            if (begun_[index] == base::SteadyClock::time_point{}) begun_[index] = now;
        }
    }
    changed_();
}

void Job::progress(std::size_t index, const recovery::StepProgress& progress) {
    {
        const std::lock_guard lock(mutex_);
        if (index >= state_.steps.size()) return;
        state_.steps[index].fraction = progress.fraction;
        if (!progress.doing.empty()) state_.doing = progress.doing;
        state_.bytes_per_second = progress.bytes_per_second;
    }
    changed_();
}

void Job::phone(const std::string& mode, const std::string& text) { log("phone", text, mode); }

void Job::asked(const recovery::Ask* ask) {
    {
        const std::lock_guard lock(mutex_);
        if (ask == nullptr) {
            state_.request.reset();
            if (state_.state == JobState::NeedsPerson) state_.state = JobState::Running;
        } else {
            Request request;
            request.id = ask->id;
            request.kind = kind_of(ask->kind);
            request.phone = ask->phone;
            request.step = ask->step;
            request.text = ask->text;
            request.phrase = ask->phrase;
            request.question = ask->question;
            request.choices = ask->choices;
            request.buttons = ask->buttons;
            request.act = ask->act;
            state_.request = std::move(request);
            if (state_.state == JobState::Running) state_.state = JobState::NeedsPerson;
        }
    }
    changed_();
    if (ask != nullptr && asks_) asks_(to_json(*ask));
}

}  // namespace unbrick::core
