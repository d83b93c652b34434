// unbrick-rehearse: runs a program in the world of a scenario and tells how the phone ended.
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <mutex>
#include <thread>

#include "simulator/replay/replay_world.h"
#include "simulator/world/child.h"
#include "simulator/world/world.h"
#include "src/base/exit_code.h"
#include "src/base/file.h"
#include "src/base/log.h"

namespace {

using namespace unbrick;
using base::ExitCode;

constexpr double kUsualSpeed = 20;
// How long a program may take to end after it was told to.
constexpr auto kEndPatience = std::chrono::seconds(10);

int complain(const base::Error& error) {
    fmt::print(stderr, "unbrick-rehearse: {}\n", error.to_string());
    switch (error.code()) {
        case base::ErrorCode::InvalidInput:
        case base::ErrorCode::NotFound:
        case base::ErrorCode::Usage: return static_cast<int>(ExitCode::Usage);
        default: return static_cast<int>(base::exit_code_for(error.code()));
    }
}

int list_scenarios(bool as_json) {
    auto scenarios = simulator::all_scenarios();
    if (!scenarios) return complain(scenarios.error());
    base::OrderedJson list = base::OrderedJson::array();
    for (const auto& scenario : *scenarios) {
        if (!as_json) fmt::print("{:<32} {}\n", scenario.id, scenario.title);
        list.push_back({{"id", scenario.id}, {"title", scenario.title}, {"story", scenario.story},
                        {"phones", scenario.phones.size()}, {"needs_restore", scenario.needs_restore},
                        {"expected", base::OrderedJson::parse(base::dump_json(scenario.expected))}});
    }
    if (as_json) fmt::print("{}\n", base::dump_json(list, 2));
    return 0;
}

// The program's standard input: what the caller types and what the person types, line by line.
class Typing {
public:
    // Takes over the pipe; nothing can be typed before.
    void start(base::Fd pipe, bool close_with_caller) {
        const std::lock_guard lock(mutex_);
        pipe_ = std::move(pipe);
        close_with_caller_ = close_with_caller;
        wake_.reset(::eventfd(0, EFD_CLOEXEC));
        reader_ = std::thread([this] { forward(); });
    }
    void line(const std::string& text) {
        const std::lock_guard lock(mutex_);
        put(text + "\n");
    }
    void stop() {
        if (!reader_.joinable()) return;
        const std::uint64_t one = 1;
        [[maybe_unused]] const ssize_t woken = ::write(wake_.get(), &one, sizeof(one));
        reader_.join();
        const std::lock_guard lock(mutex_);
        pipe_.reset();
    }
    ~Typing() { stop(); }

private:
    void put(std::string_view bytes) {
        while (pipe_ && !bytes.empty()) {
            const ssize_t written = ::write(pipe_.get(), bytes.data(), bytes.size());
            if (written < 0 && errno == EINTR) continue;
            if (written <= 0) { pipe_.reset(); return; }
            bytes.remove_prefix(static_cast<std::size_t>(written));
        }
    }
    void forward() {
        bool any = false;
        while (true) {
            pollfd entries[2] = {{STDIN_FILENO, POLLIN, 0}, {wake_.get(), POLLIN, 0}};
            if (::poll(entries, 2, -1) < 0 && errno != EINTR) return;
            if (entries[1].revents != 0) return;
            if (entries[0].revents == 0) continue;
            char chunk[4096];
            const ssize_t got = ::read(STDIN_FILENO, chunk, sizeof(chunk));
            if (got < 0 && errno == EINTR) continue;
            const std::lock_guard lock(mutex_);
            if (got <= 0) {
                // A caller that gave a document has ended it; one that gave nothing leaves the pipe to the person.
                if (any && close_with_caller_) pipe_.reset();
                return;
            }
            any = true;
            put(std::string_view(chunk, static_cast<std::size_t>(got)));
        }
    }

    std::mutex mutex_;
    base::Fd pipe_, wake_;
    bool close_with_caller_ = true;
    std::thread reader_;
};

// Waits for the program's end; passes signals on to it. Returns its exit code.
int wait_for(pid_t pid, int signals) {
    bool told = false;
    base::Deadline patience = base::Deadline::never();
    while (true) {
        int status = 0;
        if (::waitpid(pid, &status, WNOHANG) == pid) return simulator::exit_code_of(status);
        if (told && patience.expired()) {
            ::kill(pid, SIGKILL);
            ::waitpid(pid, &status, 0);
            return simulator::exit_code_of(status);
        }
        pollfd entry{signals, POLLIN, 0};
        ::poll(&entry, 1, static_cast<int>(patience.remaining().count()));
        signalfd_siginfo what{};
        if ((entry.revents & POLLIN) == 0 || ::read(signals, &what, sizeof(what)) != static_cast<ssize_t>(sizeof(what))) continue;
        if (what.ssi_signo == SIGCHLD) continue;
        // From a terminal the program got the signal as well; a second one does no harm.
        ::kill(pid, static_cast<int>(what.ssi_signo));
        if (!told) patience = base::Deadline::after(kEndPatience);
        told = true;
    }
}

bool types_json(const std::vector<std::string>& command) {
    return std::find(command.begin(), command.end(), "--json") != command.end();
}

int rehearse(const std::string& name, const std::string& verdict_file, double speed, std::vector<std::string> command) {
    auto scenario = simulator::find_scenario(name);
    if (!scenario) return complain(scenario.error());
    if (command.empty()) {
        auto window = base::helper_program("unbrick-window");
        if (!window) return complain(window.error());
        command = {window->string()};
    }

    // Before any thread is started, so that all of them leave the signals to signalfd.
    sigset_t handled;
    sigemptyset(&handled);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGCHLD}) sigaddset(&handled, signal);
    ::sigprocmask(SIG_BLOCK, &handled, nullptr);
    ::signal(SIGPIPE, SIG_IGN);
    const base::Fd signals(::signalfd(-1, &handled, SFD_CLOEXEC));

    Typing typing;
    simulator::WorldOptions options;
    options.speed = speed;
    options.type_line = [&typing](const std::string& line) { typing.line(line); };
    options.type_json = types_json(command);
    const bool person_types = scenario->person.types_answers;
    auto world = simulator::World::create(std::move(*scenario), std::move(options));
    if (!world) return complain(world.error());

    simulator::ChildOptions start;
    start.command = command;
    start.environment = (*world)->environment();
    // A terminal stays the program's own, as long as nobody else has to type.
    start.pipe_stdin = person_types || ::isatty(STDIN_FILENO) == 0;
    auto child = simulator::start_child(start);
    if (!child) return complain(child.error());
    if (start.pipe_stdin) typing.start(std::move(child->to_stdin), !types_json(command));
    const int code = wait_for(child->pid, signals.get());
    typing.stop();

    if (!verdict_file.empty()) {
        const base::Json verdict = (*world)->verdict();
        if (auto written = base::write_file_atomically(verdict_file, base::dump_json(verdict, 2) + "\n"); !written) {
            complain(written.error());
            return code != 0 ? code : static_cast<int>(ExitCode::Failed);
        }
    }
    return code;
}

// A recording has no person and no verdict: it answers as the phone did.
int replay(const std::string& file, double speed, std::vector<std::string> command) {
    if (command.empty()) {
        auto window = base::helper_program("unbrick-window");
        if (!window) return complain(window.error());
        command = {window->string()};
    }
    sigset_t handled;
    sigemptyset(&handled);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGCHLD}) sigaddset(&handled, signal);
    ::sigprocmask(SIG_BLOCK, &handled, nullptr);
    ::signal(SIGPIPE, SIG_IGN);
    const base::Fd signals(::signalfd(-1, &handled, SFD_CLOEXEC));
    auto world = simulator::replay::ReplayWorld::create(file, speed);
    if (!world) return complain(world.error());
    simulator::ChildOptions start;
    start.command = std::move(command);
    start.environment = (*world)->environment();
    auto child = simulator::start_child(start);
    if (!child) return complain(child.error());
    return wait_for(child->pid, signals.get());
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("Runs a program in a world with a virtual phone. Nothing in it is a real phone.", "unbrick-rehearse");
    bool list = false, as_json = false;
    std::string scenario, verdict, recording;
    double speed = kUsualSpeed;
    std::vector<std::string> command;
    app.add_flag("--list", list, "List the scenarios");
    app.add_flag("--json", as_json, "With --list: as JSON");
    app.add_option("--verdict", verdict, "Write what the phone says at the end to this file (JSON)");
    app.add_option("--speed", speed, "Phone seconds per second")->check(CLI::Range(1.0, 1000.0))->capture_default_str();
    app.add_option("--replay", recording, "Play this flight recording back as a phone instead of a scenario");
    app.add_option("scenario", scenario, "Id of a scenario, or the path of a scenario file");
    // What follows "--" is the command; everything before it is ours.
    std::vector<std::string> ours;
    int at = 1;
    for (; at < argc && std::string_view(argv[at]) != "--"; ++at) ours.emplace_back(argv[at]);
    for (++at; at < argc; ++at) command.emplace_back(argv[at]);
    std::reverse(ours.begin(), ours.end());
    try {
        app.parse(ours);
    } catch (const CLI::ParseError& error) {
        const int code = app.exit(error);
        return code == 0 ? 0 : static_cast<int>(ExitCode::Usage);
    }
    base::log::start(base::log::Level::Warning, false);
    if (list) return list_scenarios(as_json);
    if (!recording.empty()) return replay(recording, speed, std::move(command));
    if (scenario.empty()) {
        fmt::print(stderr, "unbrick-rehearse: which scenario? --list shows them\n");
        return static_cast<int>(ExitCode::Usage);
    }
    return rehearse(scenario, verdict, speed, std::move(command));
}
