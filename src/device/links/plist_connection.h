// A connection to a service of a phone through usbmuxd and libimobiledevice: property lists, each after its
// length as four big-endian bytes. Blocking calls end by the deadline or the stop request: a watchdog shuts
// the socket, which works for a TLS handshake too (libimobiledevice 1.3.0 gives it no time-out of its own).
#pragma once

#include <libimobiledevice/libimobiledevice.h>

#include <cstdint>
#include <memory>
#include <string>

#include "src/base/cancel.h"
#include "src/base/plist.h"
#include "src/base/result.h"
#include "src/device/links/usb_handle.h"

namespace unbrick::device {

// Frees an idevice_t.
struct IdeviceDeleter { void operator()(idevice_t device) const { idevice_free(device); } };
using Idevice = std::shared_ptr<std::remove_pointer_t<idevice_t>>;
// By UDID, through usbmuxd only (never the network). Errors: NoPhone, HostEnvironment (no usbmuxd).
base::Result<Idevice> open_idevice(const std::string& udid);

class PlistConnection {
public:
    // Errors: Transport with {"idevice", n}; Disconnected.
    static base::Result<PlistConnection> connect(Idevice device, std::uint16_t port, std::string service, LinkOptions options,
                                                 const base::Deadline& deadline, const std::stop_token& stop);
    PlistConnection(PlistConnection&& other) noexcept;
    PlistConnection& operator=(PlistConnection&& other) noexcept;
    ~PlistConnection();

    // Through libimobiledevice, with the pair record that usbmuxd keeps.
    base::Status enable_tls(const base::Deadline& deadline, const std::stop_token& stop);
    void disable_tls();

    base::Status send(const base::Plist& message, const base::Deadline& deadline, const std::stop_token& stop, bool binary = false);
    // Errors: TimedOut when nothing came (the connection is good still, ask again), Disconnected, Protocol
    // (no property list, or longer than `kLargestMessage`), Cancelled.
    base::Result<base::Plist> receive(const base::Deadline& deadline, const std::stop_token& stop);
    base::Result<base::Plist> ask(const base::Plist& message, const base::Deadline& deadline, const std::stop_token& stop);

    base::Status send_raw(base::ByteView bytes, const base::Deadline& deadline, const std::stop_token& stop);
    // Exactly `length` bytes.
    base::Status receive_raw(std::span<std::uint8_t> into, const base::Deadline& deadline, const std::stop_token& stop);
    int descriptor() const;              // of the socket, for poll()

private:
    struct State;
    explicit PlistConnection(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

inline constexpr std::size_t kLargestMessage = 64u << 20;

}  // namespace unbrick::device
