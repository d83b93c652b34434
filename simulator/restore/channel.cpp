#include "simulator/restore/channel.h"

#include <fmt/core.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>

namespace unbrick::simulator {

using base::ErrorCode;
using base::fail;

namespace {

constexpr std::uint32_t kLargestMessage = 512u << 20;   // a baseband package is 80 MB and more

base::Status wait_for(int fd, short events, base::Deadline deadline) {
    for (;;) {
        pollfd waits{fd, events, 0};
        const int ready = ::poll(&waits, 1, static_cast<int>(deadline.remaining().count()));
        if (ready > 0) return {};
        if (ready == 0) return fail(ErrorCode::TimedOut, "the host was silent");
        if (errno != EINTR) return fail(base::system_error("poll"));
    }
}

}  // namespace

base::Status Channel::send(base::ByteView bytes, base::Deadline deadline) {
    while (!bytes.empty()) {
        const auto put = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (put > 0) {
            bytes = bytes.subspan(static_cast<std::size_t>(put));
        } else if (put < 0 && (errno == EAGAIN || errno == EINTR)) {
            UB_TRY_VOID(wait_for(fd_.get(), POLLOUT, deadline));
        } else {
            return fail(ErrorCode::Disconnected, "the host closed the connection");
        }
    }
    return {};
}

base::Result<std::size_t> Channel::receive_some(std::uint8_t* out, std::size_t count, base::Deadline deadline) {
    for (;;) {
        const auto got = ::recv(fd_.get(), out, count, MSG_DONTWAIT);
        if (got >= 0) return static_cast<std::size_t>(got);
        if (errno != EAGAIN && errno != EINTR) return fail(ErrorCode::Disconnected, "the connection broke");
        UB_TRY_VOID(wait_for(fd_.get(), POLLIN, deadline));
    }
}

base::Status Channel::receive(std::uint8_t* out, std::size_t count, base::Deadline deadline) {
    while (count > 0) {
        UB_TRY(const auto got, receive_some(out, count, deadline));
        if (got == 0) return fail(ErrorCode::Disconnected, "the host closed the connection");
        out += got;
        count -= got;
    }
    return {};
}

base::Status Channel::send_plist(const base::Plist& message, base::Deadline deadline) {
    const auto xml = message.to_xml();
    const auto length = static_cast<std::uint32_t>(xml.size());
    const std::uint8_t head[4] = {static_cast<std::uint8_t>(length >> 24), static_cast<std::uint8_t>(length >> 16), static_cast<std::uint8_t>(length >> 8), static_cast<std::uint8_t>(length)};
    UB_TRY_VOID(send(head, deadline));
    return send(base::as_bytes(xml), deadline);
}

base::Status Channel::send_proxy_plist(const base::Plist& message, base::Deadline deadline) {
    const auto body = message.to_binary();
    const auto length = static_cast<std::uint32_t>(body.size());
    const std::uint8_t head[4] = {static_cast<std::uint8_t>(length), static_cast<std::uint8_t>(length >> 8), static_cast<std::uint8_t>(length >> 16), static_cast<std::uint8_t>(length >> 24)};
    UB_TRY_VOID(send(head, deadline));
    return send(body, deadline);
}

base::Result<base::Plist> Channel::receive_body(std::uint32_t length, base::Deadline deadline) {
    if (length > kLargestMessage) return fail(ErrorCode::Protocol, fmt::format("the host announces a message of {} bytes", length));
    base::Bytes body(length);
    UB_TRY_VOID(receive(body.data(), body.size(), deadline));
    return base::Plist::parse(body, "the host's message");
}

base::Result<base::Plist> Channel::receive_plist(base::Deadline deadline) {
    std::uint8_t head[4];
    UB_TRY_VOID(receive(head, sizeof head, deadline));
    return receive_body(static_cast<std::uint32_t>(head[0]) << 24 | static_cast<std::uint32_t>(head[1]) << 16 | static_cast<std::uint32_t>(head[2]) << 8 | head[3], deadline);
}

base::Result<base::Plist> Channel::receive_proxy_plist(base::Deadline deadline) {
    std::uint8_t head[4];
    UB_TRY_VOID(receive(head, sizeof head, deadline));
    return receive_body(static_cast<std::uint32_t>(head[3]) << 24 | static_cast<std::uint32_t>(head[2]) << 16 | static_cast<std::uint32_t>(head[1]) << 8 | head[0], deadline);
}

void Channel::cut() { ::shutdown(fd_.get(), SHUT_RDWR); }

}  // namespace unbrick::simulator
