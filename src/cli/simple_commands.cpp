#include "src/cli/simple_commands.h"

#include <fmt/chrono.h>
#include <fmt/core.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "src/base/file.h"
#include "src/cli/job_view.h"
#include "src/core/case_store.h"
#include "src/core/report.h"

namespace unbrick::cli {

int link(const GlobalOptions& global, const std::string& device, int seconds, bool json) {
    auto opened = Session::open(global, false);
    if (!opened) return complain(opened.error());
    auto& session = **opened;
    const auto chosen = choose_phone(session, device);
    if (!chosen) return complain(chosen.error());
    session.workbench().submit(core::MeasureLink{*chosen, std::chrono::seconds(seconds)});
    std::optional<core::LinkHealth> result;
    int exit = 0;
    constexpr std::chrono::seconds kSlack{15};
    session.wait(
        [&](const core::AppSnapshot& app) {
            for (const auto& notice : session.new_notices())
                if (notice.trouble) exit = complain(static_cast<base::ExitCode>(notice.exit), notice.text);
            const auto phone = find_phone(app, *chosen);
            if (phone && phone->link.measured > 0) result = phone->link;
            return result.has_value() || exit != 0;
        },
        base::Deadline::after(std::chrono::seconds(seconds) + kSlack));
    if (!result) return exit != 0 ? exit : session.interrupted() > 0 ? static_cast<int>(base::ExitCode::Cancelled)
                                                                     : complain(base::ExitCode::Failed, session.texts().get("cli.link_not_measured"));
    constexpr double kGood = 0.9, kPoor = 0.5;
    const char* verdict = result->score >= kGood ? "good" : result->score >= kPoor ? "weak" : "bad";
    if (json) {
        fmt::print("{}\n", base::dump_json(base::OrderedJson{{"phone", chosen->to_string()}, {"score", result->score}, {"verdict", verdict},
                                                              {"transfers", result->transfers}, {"errors", result->errors}, {"reconnects", result->reconnects},
                                                              {"latency_ms_median", result->median_ms}, {"latency_ms_p95", result->p95_ms},
                                                              {"jitter_ms", result->jitter_ms}, {"speed_mbit", result->speed}}, 2));
        return 0;
    }
    fmt::print("{}\n", session.texts().get(fmt::format("link.{}", verdict)));
    fmt::print("{}\n", session.texts().get("link.numbers", {{"transfers", std::to_string(result->transfers)}, {"errors", std::to_string(result->errors)},
                                                            {"reconnects", std::to_string(result->reconnects)}, {"median", fmt::format("{:.2f}", result->median_ms)},
                                                            {"p95", fmt::format("{:.2f}", result->p95_ms)}, {"speed", result->speed}}));
    return 0;
}

int report(const GlobalOptions& global, const std::string& case_id, const std::string& out, bool show_identifiers) {
    const auto folder = knowledge_of(global);
    if (!folder) return complain(folder.error());
    const auto texts = texts_of(global);
    if (!texts) return complain(texts.error());
    const auto knowledge = knowledge::Knowledge::load(*folder);
    if (!knowledge) return complain(knowledge.error());
    const auto cases = core::CaseStore::of_this_user();
    std::string id = case_id;
    if (id.empty() || id == "last") {
        const auto newest = cases.newest();
        if (!newest) return complain(newest.error());
        id = *newest;
    }
    if (out.empty()) {                   // the preview
        const auto made = core::make_report(cases, *knowledge, *texts, id, show_identifiers);
        if (!made) return complain(made.error());
        fmt::print("{}\n", base::dump_json(*made, 2));
        return 0;
    }
    if (const auto written = core::write_report(cases, *knowledge, *texts, id, out, show_identifiers); !written) return complain(written.error());
    fmt::print(stderr, "{}\n", texts->get(show_identifiers ? "cli.report_open" : "cli.report_hidden", {{"file", out}}));
    return 0;
}

int cases(const GlobalOptions& global, bool json) {
    const auto texts = texts_of(global);
    if (!texts) return complain(texts.error());
    auto list = base::OrderedJson::array();
    for (const auto& summary : core::CaseStore::of_this_user().list()) {
        if (json) {
            list.push_back({{"id", summary.id}, {"title", summary.title}, {"phone", summary.phone}, {"plan", summary.plan}, {"outcome", summary.outcome},
                            {"unfinished", summary.unfinished}, {"rehearsal", summary.rehearsal}});
            continue;
        }
        const auto state = summary.unfinished ? texts->get("cli.unfinished") : summary.outcome.empty() ? std::string("-") : texts->get(fmt::format("outcome.{}", summary.outcome));
        fmt::print("{}  {}  {}  {}{}\n", summary.id, summary.title, summary.plan, state, summary.rehearsal.empty() ? "" : "  [" + texts->get("cli.rehearsal", {{"name", summary.rehearsal}}) + "]");
    }
    if (json) fmt::print("{}\n", base::dump_json(list, 2));
    return 0;
}

int run_beside(const std::string& program, const std::vector<std::string>& arguments) {
    const auto path = base::helper_program(program);
    if (!path) return complain(path.error());
    std::vector<std::string> words{path->string()};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> argv;
    for (auto& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    // The other program handles Ctrl-C itself.
    sigset_t none;
    ::sigemptyset(&none);
    ::pthread_sigmask(SIG_SETMASK, &none, nullptr);
    ::signal(SIGPIPE, SIG_DFL);
    ::execv(path->c_str(), argv.data());
    return complain(base::system_error(path->string()));
}

int start_window(const GlobalOptions& global) {
    const auto texts = texts_of(global);
    if (!texts) return complain(texts.error());
    // What unbrick-window exits with when there is no display or no OpenGL 3.2 (gui/, window).
    constexpr int kNoDisplay = 9;
    bool no_display = true;
    if (const auto window = base::helper_program("unbrick-window")) {
        const auto child = ::fork();
        if (child < 0) return complain(base::system_error("fork"));
        if (child == 0) ::_exit(run_beside("unbrick-window", {}));
        int status = 0;
        while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {}
        if (WIFEXITED(status) && WEXITSTATUS(status) != kNoDisplay) return WEXITSTATUS(status);
        no_display = WIFEXITED(status);
        if (!no_display) return complain(base::ExitCode::Failed, texts->get("cli.window_died", {{"signal", std::to_string(WTERMSIG(status))}}));
    }
    fmt::print("{}\n\n", texts->get("cli.no_display"));
    std::fflush(stdout);
    const auto self = base::program_folder() / "unbrick";
    return run_beside("unbrick-rehearse", {"recovery-loop", "--", self.string(), "recover"});
}

}  // namespace unbrick::cli
