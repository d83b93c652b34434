#include "simulator/world/child.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

extern char** environ;

namespace unbrick::simulator {

base::Result<Child> start_child(const ChildOptions& options) {
    if (options.command.empty()) return base::fail(base::ErrorCode::Usage, "no command");
    // All that needs memory is made before the fork: other threads of ours may hold locks then.
    std::map<std::string, std::string> merged;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const char* equals = std::strchr(*entry, '=');
        if (equals != nullptr) merged[std::string(static_cast<const char*>(*entry), equals)] = equals + 1;
    }
    for (const auto& [name, value] : options.environment) merged[name] = value;
    std::vector<std::string> lines;
    for (const auto& [name, value] : merged) lines.push_back(name + "=" + value);
    std::vector<char*> environment, arguments;
    for (auto& line : lines) environment.push_back(line.data());
    environment.push_back(nullptr);
    std::vector<std::string> words = options.command;
    for (auto& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);

    int input[2] = {-1, -1};
    int report[2] = {-1, -1};
    if (options.pipe_stdin && ::pipe2(input, O_CLOEXEC) != 0) return base::fail(base::system_error("pipe"));
    base::Fd input_read(input[0]), input_write(input[1]);
    if (::pipe2(report, O_CLOEXEC) != 0) return base::fail(base::system_error("pipe"));
    base::Fd report_read(report[0]), report_write(report[1]);

    const pid_t parent = ::getpid();
    const pid_t pid = ::fork();
    if (pid < 0) return base::fail(base::system_error("fork"));
    if (pid == 0) {
        // Nobody is left alone in a world that has ended.
        ::prctl(PR_SET_PDEATHSIG, SIGTERM);
        if (::getppid() != parent) ::_exit(127);
        if (input[0] >= 0) ::dup2(input[0], STDIN_FILENO);
        sigset_t none;
        sigemptyset(&none);
        ::sigprocmask(SIG_SETMASK, &none, nullptr);
        ::signal(SIGPIPE, SIG_DFL);
        ::execvpe(arguments[0], arguments.data(), environment.data());
        const int why = errno;
        [[maybe_unused]] const ssize_t told = ::write(report[1], &why, sizeof(why));
        ::_exit(127);
    }
    report_write.reset();
    int why = 0;
    if (::read(report_read.get(), &why, sizeof(why)) == static_cast<ssize_t>(sizeof(why))) {
        ::waitpid(pid, nullptr, 0);
        errno = why;
        return base::fail(base::system_error("cannot start " + options.command[0]));
    }
    return Child{pid, std::move(input_write)};
}

int exit_code_of(int wait_status) {
    if (WIFEXITED(wait_status)) return WEXITSTATUS(wait_status);
    if (WIFSIGNALED(wait_status)) return 128 + WTERMSIG(wait_status);
    return 1;
}

}  // namespace unbrick::simulator
