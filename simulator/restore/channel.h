// A stream to a host (one usbmux connection, already accepted), with the framings of restore mode.
#pragma once

#include <chrono>

#include "src/base/cancel.h"
#include "src/base/file.h"
#include "src/base/plist.h"

namespace unbrick::simulator {

class Channel {
public:
    explicit Channel(base::Fd fd) : fd_(std::move(fd)) {}

    // Whole buffers or an error: Disconnected, TimedOut. Blocks until the deadline.
    base::Status send(base::ByteView bytes, base::Deadline deadline);
    base::Status receive(std::uint8_t* out, std::size_t count, base::Deadline deadline);
    // At least one byte, at most `count`; 0: the host closed.
    base::Result<std::size_t> receive_some(std::uint8_t* out, std::size_t count, base::Deadline deadline);

    // u32 big endian length and a plist (restored, 6.1).
    base::Status send_plist(const base::Plist& message, base::Deadline deadline);
    base::Result<base::Plist> receive_plist(base::Deadline deadline);
    // u32 little endian length and a binary plist (reverse proxy, 7.2).
    base::Status send_proxy_plist(const base::Plist& message, base::Deadline deadline);
    base::Result<base::Plist> receive_proxy_plist(base::Deadline deadline);

    // Wakes everything that blocks here, for ever: the cable was pulled or the phone reboots.
    void cut();
    int fd() const { return fd_.get(); }

private:
    base::Result<base::Plist> receive_body(std::uint32_t length, base::Deadline deadline);
    base::Fd fd_;
};

}  // namespace unbrick::simulator
