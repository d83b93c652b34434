#include "recovery/restore/channel.h"

#include <fmt/core.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "src/base/file.h"
#include "src/device/links/settle.h"
#include "src/device/recorder.h"

namespace unbrick::recovery::restore {

using base::ErrorCode;
using base::fail;

namespace {

constexpr std::size_t kRecordedWhole = 1u << 20;   // larger messages are recorded by their size

// Waits for the socket, the deadline or the stop request, whichever comes first.
base::Status wait_for(int descriptor, short events, const base::Deadline& deadline, const std::stop_token& stop, const std::string& name) {
    const base::Fd wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    const std::stop_callback on_stop(stop, [&] {
        const std::uint64_t one = 1;
        static_cast<void>(!::write(wake.get(), &one, sizeof one));
    });
    while (true) {
        std::array<pollfd, 2> watched{{{descriptor, events, 0}, {wake.get(), POLLIN, 0}}};
        const auto ready = ::poll(watched.data(), watched.size(), static_cast<int>(deadline.remaining().count()));
        if (stop.stop_requested()) return fail(ErrorCode::Cancelled, name + ": cancelled");
        if (ready < 0 && errno != EINTR) return fail(base::system_error(name));
        if (ready > 0 && watched[0].revents != 0) return {};
        if (deadline.expired()) return fail(ErrorCode::TimedOut, name + ": nothing came in time");
    }
}

tl::unexpected<base::Error> hung_up(const std::string& name) { return fail(ErrorCode::Disconnected, name + ": the phone closed the connection"); }

}  // namespace

Channel::Channel(std::optional<device::PlistConnection> connection, int descriptor, std::string name)
    : connection_(std::move(connection)), descriptor_(descriptor), name_(std::move(name)) {
    // The kernel's default suits a console, not gigabytes; larger ones halved restore times on hubs (users-and-speed.md 4.2).
    const int size = 512 << 10;
    ::setsockopt(descriptor_, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
}

Channel::~Channel() {
    if (!connection_ && descriptor_ >= 0) ::close(descriptor_);
}

std::unique_ptr<Channel> Channel::over(int descriptor, std::string name) {
    return std::unique_ptr<Channel>(new Channel(std::nullopt, descriptor, std::move(name)));
}

base::Result<std::unique_ptr<Channel>> Channel::connect(const std::string& udid, std::uint16_t port, std::string name, const base::Deadline& deadline,
                                                        const std::stop_token& stop) {
    UB_TRY(auto device, device::open_idevice(udid));
    UB_TRY(auto connection, device::open_until_ready(deadline, stop, name, [&] {
        return device::PlistConnection::connect(device, port, name, {}, deadline, stop);
    }));
    const int descriptor = connection.descriptor();
    return std::unique_ptr<Channel>(new Channel(std::move(connection), descriptor, std::move(name)));
}

void Channel::shut_down() { ::shutdown(descriptor_, SHUT_RDWR); }

void Channel::record(bool sent, const base::Plist& message, std::size_t size) {
    const auto recorder = device::Recorder::installed();
    if (!recorder) return;
    if (size <= kRecordedWhole) recorder->message("", name_, static_cast<std::uint64_t>(descriptor_), sent, message);
    else recorder->event("", "large message", {{"service", name_}, {"sent", sent}, {"bytes", size}});
}

base::Status Channel::write_all(base::ByteView first, base::ByteView second, base::ByteView third, const base::Deadline& deadline,
                                const std::stop_token& stop) {
    std::array<iovec, 3> parts{{{const_cast<std::uint8_t*>(first.data()), first.size()},
                                {const_cast<std::uint8_t*>(second.data()), second.size()},
                                {const_cast<std::uint8_t*>(third.data()), third.size()}}};
    const std::scoped_lock lock(write_mutex_);
    std::size_t at = 0;
    while (true) {
        while (at < parts.size() && parts[at].iov_len == 0) ++at;
        if (at == parts.size()) return {};
        msghdr message{};
        message.msg_iov = &parts[at];
        message.msg_iovlen = parts.size() - at;
        auto sent = ::sendmsg(descriptor_, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0) {
            if (errno == EINTR) continue;
            if (errno != EAGAIN && errno != EWOULDBLOCK) return hung_up(name_);
            UB_TRY_VOID(wait_for(descriptor_, POLLOUT, deadline, stop, name_));
            continue;
        }
        while (sent > 0) {
            const auto take = std::min(static_cast<std::size_t>(sent), parts[at].iov_len);
            parts[at].iov_base = static_cast<std::uint8_t*>(parts[at].iov_base) + take;
            parts[at].iov_len -= take;
            sent -= static_cast<ssize_t>(take);
            if (parts[at].iov_len == 0 && sent > 0) ++at;
        }
    }
}

base::Status Channel::send_raw(base::ByteView bytes, const base::Deadline& deadline, const std::stop_token& stop) {
    return write_all(bytes, {}, {}, deadline, stop);
}

base::Status Channel::send_raw(base::ByteView first, base::ByteView second, const base::Deadline& deadline, const std::stop_token& stop) {
    return write_all(first, second, {}, deadline, stop);
}

base::Status Channel::send(const base::Plist& message, const base::Deadline& deadline, const std::stop_token& stop, bool binary, LengthOrder order) {
    // libplist's own buffer is sent as it is.
    char* text = nullptr;
    std::uint32_t length = 0;
    if (binary) plist_to_bin(message.get(), &text, &length);
    else plist_to_xml(message.get(), &text, &length);
    const std::unique_ptr<char, decltype(&std::free)> owned(text, &std::free);
    if (text == nullptr) return fail(ErrorCode::Internal, name_ + ": a message could not be written");
    std::array<std::uint8_t, 4> header{};
    for (unsigned i = 0; i < 4; ++i) header[i] = static_cast<std::uint8_t>(length >> (order == LengthOrder::Big ? 24 - 8 * i : 8 * i));
    record(true, message, length);
    return write_all(header, base::ByteView(reinterpret_cast<const std::uint8_t*>(text), length), {}, deadline, stop);
}

base::Result<std::size_t> Channel::receive_some(std::span<std::uint8_t> into, const base::Deadline& deadline, const std::stop_token& stop) {
    if (!held_.empty()) {
        const auto count = std::min(held_.size(), into.size());
        std::memcpy(into.data(), held_.data(), count);
        held_.erase(0, count);
        return count;
    }
    while (true) {
        const auto got = ::recv(descriptor_, into.data(), into.size(), MSG_DONTWAIT);
        if (got >= 0) return static_cast<std::size_t>(got);
        if (errno == EINTR) continue;
        if (errno != EAGAIN && errno != EWOULDBLOCK) return hung_up(name_);
        UB_TRY_VOID(wait_for(descriptor_, POLLIN, deadline, stop, name_));
    }
}

base::Status Channel::receive_raw(std::span<std::uint8_t> into, const base::Deadline& deadline, const std::stop_token& stop) {
    // A message that has begun must go on within a time of its own: the caller's may be nearly over.
    bool begun = false;
    base::Deadline limit = deadline;
    while (!into.empty()) {
        auto got = receive_some(into, limit, stop);
        if (!got) {
            if (begun && got.error().code() == ErrorCode::TimedOut) return fail(ErrorCode::Disconnected, name_ + ": a message stopped in the middle");
            return fail(std::move(got).error());
        }
        if (*got == 0) return hung_up(name_);
        into = into.subspan(*got);
        if (!std::exchange(begun, true)) limit = base::Deadline::after(std::chrono::seconds(60));
    }
    return {};
}

base::Result<base::Plist> Channel::receive(const base::Deadline& deadline, const std::stop_token& stop, LengthOrder order) {
    std::array<std::uint8_t, 4> header{};
    UB_TRY_VOID(receive_raw(header, deadline, stop));
    std::size_t length = 0;
    for (unsigned i = 0; i < 4; ++i) length |= std::size_t{header[i]} << (order == LengthOrder::Big ? 24 - 8 * i : 8 * i);
    if (length == 0 || length > kLargestPhoneMessage)
        return fail(ErrorCode::Protocol, fmt::format("{}: the phone announces a message of {} bytes", name_, length));
    base::Bytes body;
    while (body.size() < length) {   // grows with what comes, not with what was announced
        const auto have = body.size();
        body.resize(std::min(length, have + (256u << 10)));
        auto part = receive_raw(std::span(body).subspan(have), base::Deadline::after(std::chrono::seconds(60)), stop);
        if (!part && part.error().code() == ErrorCode::TimedOut) return fail(ErrorCode::Disconnected, name_ + ": a message stopped in the middle");
        if (!part) return fail(std::move(part).error());
    }
    auto message = base::Plist::parse(body, name_);
    if (!message) return fail(ErrorCode::Protocol, message.error().message());
    record(false, *message, length);
    return std::move(*message);
}

base::Result<base::Plist> Channel::receive_bare(std::size_t limit, const base::Deadline& deadline, const std::stop_token& stop) {
    constexpr std::string_view kEnd = "</plist>";
    std::string text;
    std::array<std::uint8_t, 4096> piece{};
    while (true) {
        const auto end = text.find(kEnd);
        if (end != std::string::npos) {
            auto after = end + kEnd.size();
            if (after < text.size() && text[after] == '\n') ++after;   // ends the message; raw bytes may follow it
            held_.insert(0, text.substr(after));
            text.resize(after);
            break;
        }
        if (text.size() > limit) return fail(ErrorCode::Protocol, fmt::format("{}: a message of more than {} bytes", name_, limit));
        UB_TRY(const auto got, receive_some(piece, deadline, stop));
        if (got == 0) return hung_up(name_);
        text.append(reinterpret_cast<const char*>(piece.data()), got);
        // Line ends that trail the message before.
        text.erase(0, std::min(text.find_first_not_of(std::string_view("\r\n \t\0", 5)), text.size()));
    }
    auto message = base::Plist::parse(base::as_bytes(text), name_);
    if (!message) return fail(ErrorCode::Protocol, message.error().message());
    record(false, *message, text.size());
    return std::move(*message);
}

}  // namespace unbrick::recovery::restore
