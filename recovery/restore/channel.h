// A conversation with one port of a phone in Restore mode: property lists after a four byte length, or raw bytes.
// Own framing on the connection that libimobiledevice makes, so that answers of a hundred megabytes are not copied
// again and again, and so that two threads may write.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "src/device/links/plist_connection.h"

namespace unbrick::recovery::restore {

enum class LengthOrder { Big, Little };   // restored and its data ports; the reverse proxy

class Channel {
public:
    // Tries again while the phone refuses the port (it opens them late: restore-protocol.md 12.3), until the deadline.
    static base::Result<std::unique_ptr<Channel>> connect(const std::string& udid, std::uint16_t port, std::string name,
                                                          const base::Deadline& deadline, const std::stop_token& stop);
    // For tests: an own socket in place of a phone's port.
    static std::unique_ptr<Channel> over(int descriptor, std::string name);
    ~Channel();

    // Thread-safe among themselves. Errors: Disconnected, TimedOut, Cancelled.
    base::Status send(const base::Plist& message, const base::Deadline& deadline, const std::stop_token& stop, bool binary = false,
                      LengthOrder order = LengthOrder::Big);
    base::Status send_raw(base::ByteView bytes, const base::Deadline& deadline, const std::stop_token& stop);
    base::Status send_raw(base::ByteView first, base::ByteView second, const base::Deadline& deadline, const std::stop_token& stop);

    // One reader at a time. Errors: TimedOut (nothing came; the channel is good), Disconnected, Protocol, Cancelled.
    base::Result<base::Plist> receive(const base::Deadline& deadline, const std::stop_token& stop, LengthOrder order = LengthOrder::Big);
    base::Status receive_raw(std::span<std::uint8_t> into, const base::Deadline& deadline, const std::stop_token& stop);
    // What is there, at least one byte; 0 when the peer closed.
    base::Result<std::size_t> receive_some(std::span<std::uint8_t> into, const base::Deadline& deadline, const std::stop_token& stop);
    // The next plist of a stream without lengths (ASR): up to "</plist>", line ends after it skipped. At most `limit` bytes.
    base::Result<base::Plist> receive_bare(std::size_t limit, const base::Deadline& deadline, const std::stop_token& stop);

    int descriptor() const { return descriptor_; }
    const std::string& name() const { return name_; }
    void shut_down();                      // both ways; a waiting reader ends. From any thread.

private:
    Channel(std::optional<device::PlistConnection> connection, int descriptor, std::string name);
    base::Status write_all(base::ByteView first, base::ByteView second, base::ByteView third, const base::Deadline& deadline, const std::stop_token& stop);
    void record(bool sent, const base::Plist& message, std::size_t size);

    std::optional<device::PlistConnection> connection_;   // owns the socket; none in tests
    int descriptor_ = -1;
    std::string name_;
    std::mutex write_mutex_;
    std::string held_;                     // bytes read after a bare plist
};

// No message of a phone is longer (its largest carries a log).
inline constexpr std::size_t kLargestPhoneMessage = 64u << 20;

}  // namespace unbrick::recovery::restore
