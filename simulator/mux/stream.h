// The byte stream between a host program and something inside a virtual phone, plain or TLS.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "src/base/cancel.h"
#include "src/base/file.h"
#include "src/base/plist.h"
#include "src/base/result.h"

namespace unbrick::simulator::mux {

// What the phone presents when it becomes a TLS server: certificate and private key, both PEM.
struct TlsIdentity {
    std::string certificate;
    std::string private_key;
};

// A fault of the link under one connection. `at` counts the bytes that the phone has sent on it.
struct StreamFault {
    enum class Kind { Cut, Stall, Garbage };
    Kind kind = Kind::Cut;
    std::uint64_t at = 0;
};

// One owner thread at a time, except interrupt(), which any thread may call.
class Stream {
public:
    explicit Stream(base::Fd socket);
    Stream(const Stream&) = delete;
    ~Stream();

    void set_fault(StreamFault fault) { fault_ = fault; }

    // At least one byte, or 0 at the end of the stream. Errors: TimedOut, Disconnected.
    base::Result<std::size_t> read_some(std::span<std::uint8_t> into, base::Deadline deadline);
    // Errors: Disconnected when the stream ends early, TimedOut.
    base::Status read_exactly(std::span<std::uint8_t> into, base::Deadline deadline);
    base::Status write_all(base::ByteView bytes, base::Deadline deadline);

    // Property list services: a big-endian length and the list. The form of the answer (XML or
    // binary) follows the form of what was read last.
    base::Result<base::Plist> read_plist(base::Deadline deadline);
    base::Status write_plist(const base::Plist& message);

    // Becomes a TLS server on the same socket. The peer's certificate is accepted as it is: a phone
    // compares it with the pair record, which the caller may do with `peer_certificate`.
    base::Status start_tls(const TlsIdentity& identity, base::Deadline deadline);
    void stop_tls();
    bool tls() const { return ssl_ != nullptr; }
    std::string peer_certificate() const;  // PEM, empty when none was shown

    // Ends every wait on this stream, now and later, as when the cable is pulled.
    void interrupt();
    // The socket itself, for bulk data on a plain stream.
    int fd() const { return socket_.get(); }

private:
    struct Ssl;
    base::Status wait(short events, base::Deadline deadline);
    base::Status write_raw(base::ByteView bytes, base::Deadline deadline);

    base::Fd socket_;
    std::unique_ptr<Ssl> ssl_;
    std::optional<StreamFault> fault_;
    std::uint64_t sent_ = 0;
    bool answer_binary_ = false;
    std::atomic<bool> interrupted_{false};
};

// How long a service waits for a host that has nothing to say: the phone's services keep idle
// connections; whoever stops the world interrupts them.
inline base::Deadline idle_deadline() { return base::Deadline::never(); }

}  // namespace unbrick::simulator::mux
