#include "recovery/executor.h"

#include <fmt/core.h>

#include <algorithm>

#include "recovery/guard.h"
#include "recovery/outcome.h"
#include "src/base/digest.h"
#include "src/base/log.h"

namespace unbrick::recovery {

std::string_view to_string(StepState state) {
    switch (state) {
        case StepState::Todo: return "todo";
        case StepState::Running: return "running";
        case StepState::Done: return "done";
        case StepState::Failed: return "failed";
        case StepState::Skipped: return "skipped";
    }
    return "todo";
}

base::Status check_plan(const Plan& plan, const StepRegistry& registry) {
    for (const auto& step : plan.steps) {
        if (registry.find(step.kind) == nullptr)
            return base::fail(base::ErrorCode::NotFound, fmt::format("plan {}, step {}: nothing here knows a step of the kind {}", plan.id, step.id, step.kind));
        if (const auto risk = real_risk(step, registry); risk > step.risk)
            return base::fail(base::ErrorCode::RefusedByGuard, fmt::format("plan {}, step {}: is said to be {}, but {} {}", plan.id, step.id,
                                                                           to_string(step.risk), step.kind, to_string(risk)));
    }
    return {};
}

namespace {

// How long a phone that is on its way from one mode to another may take to reach one that a step can act in
// (restore-protocol.md 1.7: 10 to 25 s are usual).
constexpr std::chrono::seconds kModeSettles{60};

bool admits(const Step& step, device::Mode mode) {
    return step.modes.empty() || std::find(step.modes.begin(), step.modes.end(), device::to_string(mode)) != step.modes.end();
}

std::string outcome_of_error(const base::Error& error) {
    switch (error.code()) {
        case base::ErrorCode::Cancelled: return "cancelled";
        case base::ErrorCode::RefusedByGuard: return "refused-by-guard";
        case base::ErrorCode::NoPhone: return "no-phone";
        case base::ErrorCode::WrongMode: return "wrong-mode";
        case base::ErrorCode::NotTrusted: return "needs-trust";
        case base::ErrorCode::Locked: return "still-locked";
        default: return "failed";
    }
}

class Run {
public:
    Run(const ExecutorParts& parts, const RunRequest& request, std::stop_token stop) : parts_(parts), request_(request), stop_(std::move(stop)) {
        constexpr std::size_t kRandomBytes = 4;
        end_.run = base::to_hex(base::random_bytes(kRandomBytes));
        end_.phone = request.phone;
        end_.facts = request.resume ? request.resume->facts : base::Json::object();
        if (!end_.facts.is_object()) end_.facts = base::Json::object();
    }

    RunEnd run() {
        if (auto checked = check_plan(request_.plan, *parts_.registry); !checked) return finish(std::move(checked).error());
        if (auto written = parts_.journal->append("run", first_entry()); !written) return finish(std::move(written).error());
        auto start = first_step();
        if (!start) return finish(std::move(start).error());
        for (std::size_t index = *start; index < request_.plan.steps.size(); ++index) {
            if (auto going = base::check_cancelled(stop_, request_.plan.id); !going) return finish(std::move(going).error());
            auto ended = one_step(index);
            if (!ended) {
                end_.failed_step = request_.plan.steps[index].id;
                return finish(std::move(ended).error());
            }
            if (!ended->outcome.empty()) return finish_with(ended->outcome);
        }
        return finish_with("done");
    }

private:
    base::OrderedJson first_entry() const {
        base::OrderedJson entry{{"run", end_.run}, {"phone", request_.phone.to_string()}, {"plan", to_json(request_.plan)}, {"inputs", request_.inputs}};
        if (request_.resume) {
            entry["goes_on_for"] = request_.resume->run;
            entry["done"] = request_.resume->done;
            entry["facts"] = end_.facts;
        }
        return entry;
    }

    // From the start, or after an interruption the first step that is not done and can act in the phone's mode.
    base::Result<std::size_t> first_step() {
        if (!request_.resume) return std::size_t{0};
        const auto& steps = request_.plan.steps;
        const auto& done = request_.resume->done;
        std::size_t index = 0;
        while (index < steps.size() && std::find(done.begin(), done.end(), steps[index].id) != done.end()) {
            told(index, StepState::Done);
            ++index;
        }
        if (index >= steps.size() || steps[index].modes.empty() || parts_.watcher == nullptr) return index;
        const auto phone = parts_.watcher->wait_for(
            end_.phone, [&](const device::Phone& now) { return std::any_of(steps.begin() + static_cast<std::ptrdiff_t>(index), steps.end(),
                                                                          [&](const Step& step) { return !step.modes.empty() && admits(step, now.mode); }) ||
                                                               (now.present() && now.mode != device::Mode::Unknown); },
            clock().patience(kModeSettles), stop_);
        if (!phone && phone.error().code() == base::ErrorCode::Cancelled) return base::fail(phone.error());
        const auto mode = phone ? phone->mode : device::Mode::Absent;
        // The restart may have been done just before the interruption: what acted in the old mode is behind us.
        for (auto later = index; later < steps.size(); ++later) {
            if (admits(steps[later], mode)) {
                for (auto passed = index; passed < later; ++passed) record_skipped(passed);
                return later;
            }
        }
        return base::fail(base::ErrorCode::WrongMode, fmt::format("{}: no step of {} can act while the phone is {}", end_.phone.to_string(),
                                                                  request_.plan.id, device::to_string(mode)));
    }

    base::Result<StepEnd> one_step(std::size_t index) {
        const auto& step = request_.plan.steps[index];
        StepContext context;
        context.plan = &request_.plan;
        context.step = &step;
        context.run = end_.run;
        context.phone = end_.phone;
        context.watcher = parts_.watcher;
        context.knowledge = parts_.knowledge;
        context.texts = parts_.texts;
        context.clock = &clock();
        context.stop = stop_;
        context.inputs = request_.inputs;
        context.facts = end_.facts;
        context.case_folder = parts_.case_folder;
        context.resumed = request_.resume && request_.resume->interrupted_step == step.id;
        context.journal = parts_.journal;
        context.desk = parts_.desk;
        context.on_progress = [&](const StepProgress& progress) { if (parts_.listener != nullptr) parts_.listener->progress(index, progress); };
        context.on_phone = [&](const std::string& mode, const std::string& text) { if (parts_.listener != nullptr) parts_.listener->phone(mode, text); };

        auto ended = guarded(context, index);
        end_.phone = context.phone;
        base::OrderedJson entry{{"run", end_.run}, {"step", step.id}};
        if (!ended) {
            entry["state"] = "failed";
            entry["error"] = ended.error().to_string();
        } else {
            entry["state"] = ended->skipped ? "skipped" : "done";
            if (!ended->facts.empty()) entry["facts"] = ended->facts;
            if (!ended->outcome.empty()) entry["outcome"] = ended->outcome;
            end_.facts[step.id] = ended->facts;
        }
        auto written = parts_.journal->append("step", std::move(entry));
        told(index, !ended ? StepState::Failed : ended->skipped ? StepState::Skipped : StepState::Done);
        if (ended && !written) return base::fail(std::move(written).error());
        return ended;
    }

    base::Result<StepEnd> guarded(StepContext& context, std::size_t index) {
        const auto& step = *context.step;
        UB_TRY_VOID(reach_mode(context));
        base::OrderedJson entry{{"run", end_.run}, {"step", step.id}, {"state", "running"}, {"risk", to_string(step.risk)}};
        if (const auto phone = context.phone_now()) entry["mode"] = device::to_string(phone->mode);
        UB_TRY_VOID(parts_.journal->append("step", std::move(entry)));
        told(index, StepState::Running);
        std::optional<Consent> consent;
        if (real_risk(step, *parts_.registry) == Risk::ErasesData) {
            UB_TRY(consent, RiskGuard::ask_to_erase(context));
            if (!consent) return StepEnd::end_plan("consent-refused");
            context.consent = &*consent;
        }
        auto ended = parts_.registry->find(step.kind)->run(context);
        context.consent = nullptr;
        return ended;
    }

    base::Status reach_mode(StepContext& context) {
        const auto& step = *context.step;
        if (step.modes.empty() || parts_.watcher == nullptr) return {};
        auto phone = parts_.watcher->wait_for(context.phone, [&](const device::Phone& now) { return admits(step, now.mode); },
                                              clock().patience(kModeSettles), stop_);
        if (phone) {
            context.phone = phone->key;
            return {};
        }
        if (phone.error().code() == base::ErrorCode::Cancelled) return base::fail(std::move(phone).error());
        const auto now = context.phone_now();
        return base::fail(base::ErrorCode::WrongMode, fmt::format("step {} cannot act while the phone is {}", step.id,
                                                                  device::to_string(now ? now->mode : device::Mode::Absent)));
    }

    void record_skipped(std::size_t index) {
        (void)parts_.journal->append("step", {{"run", end_.run}, {"step", request_.plan.steps[index].id}, {"state", "skipped"}});
        told(index, StepState::Skipped);
    }

    void told(std::size_t index, StepState state) const {
        if (parts_.listener != nullptr) parts_.listener->step(index, state, parts_.texts != nullptr ? parts_.texts->get(request_.plan.steps[index].text_key) : std::string());
    }

    const base::PhoneClock& clock() const { return parts_.clock != nullptr ? *parts_.clock : base::PhoneClock::instance(); }

    RunEnd finish(base::Error error) {
        auto outcome = outcome_of_error(error);
        end_.error = std::move(error);
        return finish_with(std::move(outcome));
    }

    RunEnd finish_with(std::string outcome) {
        end_.outcome = std::move(outcome);
        base::OrderedJson entry{{"run", end_.run}, {"outcome", end_.outcome}};
        if (end_.error) entry["error"] = end_.error->to_string();
        if (parts_.watcher != nullptr)
            if (const auto phone = parts_.watcher->find(end_.phone)) entry["mode"] = device::to_string(phone->mode);
        if (auto written = parts_.journal->append("end", std::move(entry)); !written)
            base::log::warning("executor", "the end of the run could not be written: {}", written.error().to_string());
        return std::move(end_);
    }

    const ExecutorParts& parts_;
    const RunRequest& request_;
    std::stop_token stop_;
    RunEnd end_;
};

}  // namespace

RunEnd run_plan(const ExecutorParts& parts, const RunRequest& request, const std::stop_token& stop) { return Run(parts, request, stop).run(); }

}  // namespace unbrick::recovery
