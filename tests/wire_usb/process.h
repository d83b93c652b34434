// A client program in a view of the emulated bus.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "src/base/file.h"

namespace unbrick::test {

class Process {
public:
    Process(const std::vector<std::string>& command, const std::map<std::string, std::string>& environment);
    ~Process();  // ends it if it still runs
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;

    // Reads until the output holds `text`; false: it ended or `patience` passed first.
    bool says(const std::string& text, std::chrono::seconds patience = std::chrono::seconds(20));
    // Waits for its end; -1 when it had to be killed after `patience`, 1000 + signal when it died of one.
    int wait(std::chrono::seconds patience = std::chrono::seconds(20));
    void write_line(const std::string& line);
    const std::string& output() const { return output_; }  // stdout and stderr
    double processor_seconds() const { return processor_seconds_; }  // after wait()

private:
    bool read_some(std::chrono::steady_clock::time_point until);
    int pid_ = -1;
    base::Fd out_, in_;
    std::string output_;
    double processor_seconds_ = 0;
};

}  // namespace unbrick::test
