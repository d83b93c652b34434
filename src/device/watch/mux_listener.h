// Follows usbmuxd's announcements on its socket, and the coming and going of the socket itself: Debian's usbmuxd
// is started when a phone arrives and ends when the last one leaves. Non-blocking: the watcher polls it.
// (libusbmuxd's own listener polls once a second when USBMUXD_SOCKET_ADDRESS is set, and cannot be waited for.)
#pragma once

#include <poll.h>

#include <cstdint>
#include <string>
#include <vector>

#include "src/base/cancel.h"
#include "src/base/file.h"
#include "src/base/plist.h"

namespace unbrick::device {

struct MuxEvent {
    enum class Kind { Attached, Detached, Paired, Connected, Disconnected } kind = Kind::Attached;
    std::uint32_t id = 0;
    std::string udid;
    std::uint32_t location = 0;      // bus << 16 | address
    std::uint16_t product = 0;
};

// What one usbmuxd message means; nothing for answers and for what is not about a phone on USB.
std::vector<MuxEvent> parse_mux_message(const base::Plist& message);

class MuxListener {
    static constexpr int kRefusedQuickly = 20;   // then it is not about to listen

public:
    MuxListener();                   // address from USBMUXD_SOCKET_ADDRESS, else the system's
    const std::string& address() const { return address_; }
    bool connected() const { return listening_; }
    // There is no daemon, or none that answers: nothing is to be expected from it now.
    bool silent() const { return !socket_ && (refused_ == 0 || refused_ > kRefusedQuickly); }
    void add_to(std::vector<pollfd>& descriptors) const;
    base::Deadline next_try() const { return next_try_; }
    // Reads what is there, connects when the socket has come. Call after each poll().
    std::vector<MuxEvent> handle();

private:
    void watch_folder();
    void try_connect();
    void drop(std::vector<MuxEvent>& events);

    std::string address_;
    std::string path_;               // of a UNIX socket; empty for host:port
    base::Fd socket_;
    base::Fd inotify_;
    base::Bytes buffer_;
    bool listening_ = false;
    int refused_ = 0;
    base::Deadline next_try_ = base::Deadline::after(std::chrono::seconds(0));
};

}  // namespace unbrick::device
