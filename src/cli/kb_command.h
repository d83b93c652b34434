// `unbrick kb check|list|search|explain`: the knowledge base on the command line.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>

namespace unbrick::cli {

// Adds "kb" with its sub-commands to `program`. When one of them was given, `ran` receives its exit code
// (0 done; 1 mistakes found or nothing known; 2 the knowledge cannot be read or the call is wrong).
// Data go to standard output, talk to standard error. `program` must outlive nothing of ours.
void add_kb_command(CLI::App& program, std::function<void(int)> ran);

}  // namespace unbrick::cli
