#include "tests/wire_usb/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

extern char** environ;

namespace unbrick::test {

using Clock = std::chrono::steady_clock;

Process::Process(const std::vector<std::string>& command, const std::map<std::string, std::string>& environment) {
    std::map<std::string, std::string> merged = environment;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const std::string text(*entry);
        merged.emplace(text.substr(0, text.find('=')), text.substr(text.find('=') + 1));
    }
    std::vector<std::string> pairs;
    for (const auto& [name, value] : merged) pairs.push_back(name + "=" + value);
    std::vector<char*> argv, envp;
    for (const auto& word : command) argv.push_back(const_cast<char*>(word.c_str()));
    for (const auto& pair : pairs) envp.push_back(const_cast<char*>(pair.c_str()));
    argv.push_back(nullptr);
    envp.push_back(nullptr);

    std::array<int, 2> out{}, in{};
    if (::pipe2(out.data(), O_CLOEXEC) != 0 || ::pipe2(in.data(), O_CLOEXEC) != 0) return;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in[0], 0);
    posix_spawn_file_actions_adddup2(&actions, out[1], 1);
    posix_spawn_file_actions_adddup2(&actions, out[1], 2);
    if (::posix_spawnp(&pid_, argv[0], &actions, nullptr, argv.data(), envp.data()) != 0) pid_ = -1;
    posix_spawn_file_actions_destroy(&actions);
    ::close(out[1]);
    ::close(in[0]);
    out_ = base::Fd(out[0]);
    in_ = base::Fd(in[1]);
}

Process::~Process() {
    if (pid_ > 0) {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
}

bool Process::read_some(Clock::time_point until) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
    pollfd poll_for{out_.get(), POLLIN, 0};
    if (left <= 0 || ::poll(&poll_for, 1, static_cast<int>(left)) <= 0) return false;
    std::array<char, 4096> buffer;
    const auto got = ::read(out_.get(), buffer.data(), buffer.size());
    if (got <= 0) return false;
    output_.append(buffer.data(), static_cast<std::size_t>(got));
    return true;
}

bool Process::says(const std::string& text, std::chrono::seconds patience) {
    const auto until = Clock::now() + patience;
    while (output_.find(text) == std::string::npos)
        if (!read_some(until)) return false;
    return true;
}

int Process::wait(std::chrono::seconds patience) {
    if (pid_ <= 0) return -1;
    in_.reset();
    const auto until = Clock::now() + patience;
    while (read_some(until)) {}
    const bool late = Clock::now() >= until;
    if (late) ::kill(pid_, SIGKILL);
    int status = 0;
    rusage usage{};
    ::wait4(pid_, &status, 0, &usage);
    pid_ = -1;
    processor_seconds_ = static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                         static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
    if (late) return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

void Process::write_line(const std::string& line) {
    const auto text = line + "\n";
    [[maybe_unused]] const auto written = ::write(in_.get(), text.data(), text.size());
}

}  // namespace unbrick::test
