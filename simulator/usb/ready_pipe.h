// The device node of one view: a FIFO, because the real libusb polls the node for POLLOUT to learn that
// a transfer can be reaped (virtual-phone.md 1.4). Full: nothing to reap; empty: something.
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>

#include "src/base/file.h"

namespace unbrick::simulator {

class ReadyPipe {
public:
    // Makes the FIFO at `path`, full.
    static base::Result<std::shared_ptr<ReadyPipe>> create(const std::filesystem::path& path);
    explicit ReadyPipe(base::Fd fd) : fd_(std::move(fd)) {}
    // One more (or less) open file of the process has something to reap.
    void add_ready();
    void remove_ready();

private:
    void fill();
    void drain();
    std::mutex mutex_;
    base::Fd fd_;
    int ready_ = 0;
};

}  // namespace unbrick::simulator
