#include "simulator/usb/ready_pipe.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>

namespace unbrick::simulator {

namespace {
constexpr int kOnePage = 4096;
}

base::Result<std::shared_ptr<ReadyPipe>> ReadyPipe::create(const std::filesystem::path& path) {
    if (::mkfifo(path.c_str(), 0666) != 0) return base::fail(base::system_error("mkfifo " + path.string()));
    // umask must not hide the node from a client of another user.
    ::chmod(path.c_str(), 0666);
    base::Fd fd(::open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
    if (!fd) return base::fail(base::system_error("open " + path.string()));
    ::fcntl(fd.get(), F_SETPIPE_SZ, kOnePage);
    auto pipe = std::make_shared<ReadyPipe>(std::move(fd));
    pipe->fill();
    return pipe;
}

void ReadyPipe::fill() {
    static const std::array<char, kOnePage> block{};
    while (::write(fd_.get(), block.data(), block.size()) > 0) {}
}

void ReadyPipe::drain() {
    std::array<char, kOnePage> block;
    while (::read(fd_.get(), block.data(), block.size()) > 0) {}
}

void ReadyPipe::add_ready() {
    std::lock_guard lock(mutex_);
    if (++ready_ == 1) drain();
}

void ReadyPipe::remove_ready() {
    std::lock_guard lock(mutex_);
    if (--ready_ == 0) fill();
}

}  // namespace unbrick::simulator
