// The program that runs in the world.
#pragma once

#include <sys/types.h>

#include <map>
#include <string>
#include <vector>

#include "src/base/file.h"
#include "src/base/result.h"

namespace unbrick::simulator {

struct ChildOptions {
    std::vector<std::string> command;
    std::map<std::string, std::string> environment;  // on top of ours
    bool pipe_stdin = false;
};

struct Child {
    pid_t pid = -1;
    base::Fd to_stdin;   // with pipe_stdin: its other end is the child's standard input
};

// Starts the command; it dies with us. The signal mask of the child is empty. Errors: NotFound,
// PermissionDenied when the program cannot be started.
base::Result<Child> start_child(const ChildOptions& options);

// From waitpid's status: the exit code, or 128 + the signal.
int exit_code_of(int wait_status);

}  // namespace unbrick::simulator
