#include "src/cli/recover_command.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <set>

#include "recovery/outcome.h"
#include "src/base/phone_clock.h"
#include "src/cli/diagnose_command.h"
#include "src/cli/job_view.h"
#include "src/core/case_store.h"

namespace unbrick::cli {

namespace {

constexpr std::chrono::seconds kDiagnosisComes{30};
constexpr std::chrono::seconds kLooksSettle{15};       // longer than one look with all its probes
constexpr std::chrono::seconds kPersonAnswers{120};    // phone time; then what is known must do
constexpr std::size_t kMostQuestions = 3;
constexpr double kWorthAsking = 0.25;
constexpr int kMostPlans = 3;

// Reaching these is not yet having the phone back: what was in the way is gone, and it is looked at again.
constexpr std::array<std::string_view, 7> kOnTheWay = {"host-fixed", "link-better", "network-reached", "charged", "unlocked", "trusted", "done"};

class Recover {
public:
    Recover(Session& session, const RecoverOptions& options) : session_(session), options_(options), view_(session, options.json) {}

    int run() {
        if (!options_.case_id.empty()) return follow_case(options_.case_id);
        const auto chosen = choose_phone(session_, options_.device);
        if (!chosen && chosen.error().code() == base::ErrorCode::Usage) return complain(chosen.error());
        if (chosen) phone_ = *chosen;
        if (options_.plan.empty())
            if (const auto open = open_case()) return follow_case(*open);
        if (!chosen && !options_.device.empty()) return complain(chosen.error());
        if (!chosen && !options_.json) fmt::print("{}\n", session_.texts().get("cli.no_phone"));
        if (!options_.plan.empty()) return run_plan(options_.plan);
        return by_diagnosis();
    }

private:
    bool have_phone() const { return phone_.ecid.has_value() || !phone_.port.path.empty(); }

    // An interrupted plan for this phone; without a phone the newest one, whose phone may be on its way.
    std::optional<std::string> open_case() const {
        const auto cases = core::CaseStore::of_this_user();
        if (have_phone()) return cases.unfinished_of(phone_.to_string());
        for (const auto& summary : cases.list())
            if (summary.unfinished && (options_.device.empty() || summary.phone == options_.device)) return summary.id;
        return std::nullopt;
    }

    int follow_case(const std::string& id) {
        if (!options_.json) fmt::print("{}\n", session_.texts().get("cli.goes_on", {{"case", id}}));
        const auto job = next_job();
        session_.workbench().submit(core::ContinueCase{id, job});
        int exit = 0;
        const auto ended = view_.follow(job, exit);
        if (!ended) return exit != 0 ? exit : static_cast<int>(base::ExitCode::Failed);
        return exit;
    }

    int run_plan(const std::string& plan) {
        const auto job = next_job();
        session_.workbench().submit(core::RunPlan{phone_, plan, options_.firmware, options_.inputs, job});
        int exit = 0;
        last_ = view_.follow(job, exit);
        if (!last_ && exit == 0) exit = static_cast<int>(base::ExitCode::Failed);
        return exit;
    }

    int by_diagnosis() {
        std::set<std::string> tried;
        int exit = 0;
        for (int round = 0; round < kMostPlans; ++round) {
            const auto diagnosis = diagnosed();
            if (!diagnosis) {
                if (session_.interrupted() > 0) return static_cast<int>(base::ExitCode::Cancelled);
                return complain(base::ExitCode::Failed, session_.texts().get("cli.no_diagnosis"));
            }
            show(*diagnosis);
            const auto rung = first_possible(*diagnosis);
            // After something in the way was removed, only what changes no data goes on by itself.
            if (round > 0 && (rung.plan == "none" || tried.contains(rung.plan) || rung.risk == "erases-data")) return exit;
            tried.insert(rung.plan);
            const auto before = have_phone() ? find_phone(*session_.now(), phone_) : nullptr;
            exit = run_plan(rung.plan);
            if (!last_ || exit != 0) return exit;
            if (std::find(kOnTheWay.begin(), kOnTheWay.end(), last_->outcome) == kOnTheWay.end()) return exit;
            if (!have_phone())
                if (const auto now = choose_phone(session_, options_.device)) phone_ = *now;
            // What was concluded before the plan is no news after it.
            seen_ = before ? before->diagnosed : 0;
        }
        return exit;
    }

    std::shared_ptr<const diagnostics::Diagnosis> newest(const core::AppSnapshot& app) const {
        if (!have_phone()) return app.host_diagnosis;
        const auto phone = find_phone(app, phone_);
        if (!phone) return nullptr;
        // A phone that comes and goes is looked at anew each time: after a while what was found so far must do.
        const bool done = !phone->diagnosing && phone->diagnosed > seen_;
        return done || settling_.expired() ? phone->diagnosis : nullptr;
    }

    std::shared_ptr<const diagnostics::Diagnosis> diagnosed() {
        if (!have_phone()) session_.workbench().submit(core::DiagnosePhone{});
        std::shared_ptr<const diagnostics::Diagnosis> found;
        const auto wait = [&] {
            found = nullptr;
            settling_ = base::Deadline::after(kLooksSettle);
            session_.wait([&](const core::AppSnapshot& app) { return (found = newest(app)) != nullptr; }, base::Deadline::after(kDiagnosisComes));
        };
        wait();
        for (std::size_t asked = 0; found && options_.ask_questions && asked < kMostQuestions; ++asked) {
            const auto question = std::find_if(found->questions.begin(), found->questions.end(), [&](const diagnostics::Question& it) {
                return it.gain >= kWorthAsking && !asked_.contains(it.id);
            });
            if (question == found->questions.end()) break;
            asked_.insert(question->id);
            const auto id = question->id;
            const auto choice = view_.ask_question(have_phone() ? phone_.to_string() : "", id, base::PhoneClock::instance().patience(kPersonAnswers));
            if (!choice) break;
            if (const auto phone = find_phone(*session_.now(), phone_)) seen_ = phone->diagnosed;
            const auto before = session_.now()->host_diagnosis;
            session_.workbench().submit(core::AnswerQuestion{phone_, id, *choice});
            if (have_phone()) wait();
            else session_.wait([&](const core::AppSnapshot& app) { found = app.host_diagnosis; return found != before; }, base::Deadline::after(kDiagnosisComes));
        }
        return found;
    }

    void show(const diagnostics::Diagnosis& diagnosis) {
        if (options_.json) {
            base::OrderedJson event{{"event", "diagnosis"}, {"phone", have_phone() ? phone_.to_string() : ""}};
            event["hypotheses"] = base::OrderedJson::array();
            for (const auto& hypothesis : diagnosis.hypotheses) {
                constexpr std::size_t kShown = 5;
                if (event["hypotheses"].size() >= kShown) break;
                event["hypotheses"].push_back({{"cause", hypothesis.cause}, {"probability", hypothesis.probability}});
            }
            event["plan"] = {{"id", diagnosis.plan.plan}, {"action", diagnosis.plan.action}, {"risk", diagnosis.plan.risk}};
            print_event(event);
            return;
        }
        if (const auto phone = find_phone(*session_.now(), phone_)) fmt::print("{}\n", phone->first_word);
        fmt::print("{}\n", in_words(diagnosis, session_.texts()));
        if (diagnosis.ladder.size() > 1) {
            fmt::print("{}\n", session_.texts().get("cli.ladder"));
            for (const auto& rung : diagnosis.ladder)
                fmt::print("  {} {} [{}]{}\n", rung.plan == diagnosis.plan.plan ? ">" : " ", session_.texts().get(fmt::format("plan.{}.title", rung.plan)),
                           session_.texts().get(fmt::format("risk.{}", rung.risk)), rung.offered ? "" : "  " + session_.texts().get(rung.locked_because));
        }
        fmt::print("\n");
    }

    // What is first, or when that cannot begin in the phone's present mode the gentlest that can.
    diagnostics::Rung first_possible(const diagnostics::Diagnosis& diagnosis) const {
        const auto phone = find_phone(*session_.now(), phone_);
        const auto possible = [&](const diagnostics::Rung& rung) {
            if (!phone) return true;
            for (const auto& plan : phone->plans)
                if (plan.id == rung.plan) return plan.may_begin_in(device::to_string(phone->mode));
            return rung.plan == "none";
        };
        if (possible(diagnosis.plan)) return diagnosis.plan;
        for (const auto& rung : diagnosis.ladder)
            if (rung.offered && rung.risk != "erases-data" && possible(rung)) return rung;
        return {"none", "none", "reads-only", true, {}};
    }

    std::string next_job() { return fmt::format("recover-{}", ++jobs_); }

    Session& session_;
    const RecoverOptions& options_;
    JobView view_;
    device::PhoneKey phone_;
    std::shared_ptr<const core::JobSnapshot> last_;
    std::set<std::string> asked_;
    std::uint64_t seen_ = 0;
    base::Deadline settling_ = base::Deadline::after(kLooksSettle);
    int jobs_ = 0;
};

}  // namespace

int recover(const GlobalOptions& global, const RecoverOptions& options) {
    auto session = Session::open(global);
    if (!session) return complain(session.error());
    return Recover(**session, options).run();
}

}  // namespace unbrick::cli
