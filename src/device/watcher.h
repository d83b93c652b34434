// Which phones are there, in which mode, and why one cannot be asked. Merges what libusb and usbmuxd see
// into one phone per ECID. Has its own thread; phones are asked on short-lived threads of their own.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "src/base/cancel.h"
#include "src/device/iboot_string.h"
#include "src/device/identity.h"
#include "src/device/usb.h"

namespace unbrick::device {

class Recorder;

struct Phone {
    PhoneKey key;
    Identity identity;
    Mode mode = Mode::Unknown;
    Hidden hidden = Hidden::No;
    std::optional<UsbSighting> usb;      // absent when only usbmuxd shows it
    std::string mux_udid;                // the UDID under which usbmuxd shows it now; empty when it does not
    IbootInfo iboot;                     // of the last Recovery, DFU or KIS mode seen
    std::chrono::system_clock::time_point mode_since;
    base::SteadyClock::time_point mode_since_steady;
    std::uint64_t sequence = 0;          // of the event that made this state
    std::uint32_t arrivals = 0;          // how often it came (back) onto the bus since the watcher started
    bool present() const { return mode != Mode::Absent; }
};

enum class WatchEventKind : std::uint8_t {
    Appeared,       // a phone not known before
    Identified,     // its ECID became known: `former` is the key that it had until now
    ModeChanged,    // also to Absent: it left the bus, its card stays
    HiddenChanged,
    Updated,        // identity or port, nothing of the above
    Left,           // absent for so long that nobody should go on waiting for it
};
std::string_view to_string(WatchEventKind kind);

struct WatchEvent {
    std::uint64_t sequence = 0;          // grows by one with each event
    WatchEventKind kind = WatchEventKind::Appeared;
    Phone phone;                         // after the event
    PhoneKey former;                     // the key before it
};

struct WatchedHost {
    bool mux_socket = false;             // usbmuxd's socket is there and answers; its absence is normal without a phone
    std::string mux_address;
};

struct WatcherOptions {
    // In phone time. How long usbmuxd may take to start and to announce a phone that USB shows already.
    std::chrono::duration<double> announce_patience{6.0};
    // How long a card lives after its phone left the bus.
    std::chrono::duration<double> absent_patience{180.0};
    std::shared_ptr<Recorder> recorder;
};

class Watcher {
public:
    // Errors: HostEnvironment (libusb, or a rehearsal without its emulated bus or socket: the real bus is
    // never watched under the name of a rehearsal).
    static base::Result<std::unique_ptr<Watcher>> start(WatcherOptions options = {});
    virtual ~Watcher() = default;        // ends its threads

    // From any thread. Absent phones are among them until they are Left.
    virtual std::vector<Phone> phones() const = 0;
    virtual std::optional<Phone> find(const PhoneKey& key) const = 0;
    virtual WatchedHost host() const = 0;

    // Called on the watcher's thread, in order, without a gap in the numbers; must not block. First, and on
    // the same thread, come Appeared events for the phones that are there already. Returns an id.
    virtual std::uint64_t subscribe(std::function<void(const WatchEvent&)> callback) = 0;
    // After it returns the callback is not running (unless called from it) and will not be called.
    virtual void unsubscribe(std::uint64_t id) = 0;

    // Waits until the phone fulfils the predicate, and returns it as it was then. The key may be an old one:
    // a phone that becomes Identified is followed. Errors: TimedOut, Cancelled.
    virtual base::Result<Phone> wait_for(const PhoneKey& key, const std::function<bool(const Phone&)>& predicate,
                                         const base::Deadline& deadline, const std::stop_token& stop) = 0;
    // Waits for any phone that fulfils it.
    virtual base::Result<Phone> wait_for_any(const std::function<bool(const Phone&)>& predicate,
                                             const base::Deadline& deadline, const std::stop_token& stop) = 0;
    // Waits until the first look at bus and daemon is over (what was plugged in before is known then).
    virtual base::Status wait_settled(const base::Deadline& deadline, const std::stop_token& stop) = 0;

    // Asks a Normal or Restore phone again (after a Trust tap, an unlock).
    virtual void probe_again(const PhoneKey& key) = 0;
    // What a link learned that the watcher cannot see by itself: the Trust dialog is open, another program holds it.
    virtual void report_hidden(const PhoneKey& key, Hidden hidden) = 0;
};

}  // namespace unbrick::device
