#include "recovery/restore/reverse_proxy.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "src/base/file.h"
#include "src/base/log.h"

namespace unbrick::recovery::restore {

using base::ErrorCode;
using base::fail;
using base::Plist;

namespace {

// The field's tools try ten times, two seconds apart (restore-protocol.md 7.2).
constexpr PhoneSpan kPortOpens{20};
constexpr std::chrono::seconds kStep{30};
constexpr std::size_t kMostTunnels = 32;
constexpr std::string_view kBegin("BeginCtrl\0", 10), kHelloControl("HelloCtrl\0", 10), kHelloConnection("HelloConn\0", 10);
constexpr std::uint16_t kPlistCommand = 0xBBAA, kSocksGreeting = 0x0105;

std::uint32_t little(base::ByteView bytes) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) value |= std::uint32_t{bytes[i]} << (8 * i);
    return value;
}

base::Status send_text(Channel& channel, std::string_view text, const std::stop_token& stop) {
    return channel.send_raw(base::as_bytes(text), base::Deadline::after(kStep), stop);
}

bool is_loopback(const sockaddr* address) {
    if (address->sa_family == AF_INET) return (ntohl(reinterpret_cast<const sockaddr_in*>(address)->sin_addr.s_addr) >> 24) == 127;
    return address->sa_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr);
}

// Addresses that are nobody's business on the Internet: a phone has no reason to reach this computer's network.
bool is_local(const sockaddr* address) {
    if (is_loopback(address)) return true;
    if (address->sa_family == AF_INET) {
        const auto ip = ntohl(reinterpret_cast<const sockaddr_in*>(address)->sin_addr.s_addr);
        return (ip >> 24) == 10 || (ip >> 20) == 0xAC1 || (ip >> 16) == 0xC0A8 || (ip >> 16) == 0xA9FE || ip == 0;
    }
    const auto& ip = reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr;
    return IN6_IS_ADDR_LINKLOCAL(&ip) || IN6_IS_ADDR_V4MAPPED(&ip) || (ip.s6_addr[0] & 0xFE) == 0xFC;
}

base::Result<base::Fd> connect_out(const SocksTarget& target, bool loopback_only, const std::stop_token& stop) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_ADDRCONFIG;
    addrinfo* found = nullptr;
    if (const int code = ::getaddrinfo(target.host.c_str(), std::to_string(target.port).c_str(), &hints, &found); code != 0)
        return fail(ErrorCode::Transport, fmt::format("{}: {}", target.host, ::gai_strerror(code)));
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned(found, &::freeaddrinfo);
    base::Error last(ErrorCode::PermissionDenied, target.host + ": an address that phones may not be connected to");
    for (const auto* at = found; at != nullptr; at = at->ai_next) {
        if (loopback_only ? !is_loopback(at->ai_addr) : is_local(at->ai_addr)) continue;
        base::Fd socket(::socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        if (!socket) continue;
        if (::connect(socket.get(), at->ai_addr, at->ai_addrlen) != 0 && errno != EINPROGRESS) {
            last = base::system_error(target.host);
            continue;
        }
        const auto deadline = base::Deadline::after(std::chrono::seconds(15));
        int error = EINPROGRESS;
        while (!deadline.expired() && !stop.stop_requested()) {
            pollfd watched{socket.get(), POLLOUT, 0};
            if (::poll(&watched, 1, 200) <= 0) continue;
            socklen_t length = sizeof error;
            ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &length);
            break;
        }
        if (error == 0) return socket;
        errno = error == EINPROGRESS ? ETIMEDOUT : error;
        last = base::system_error(target.host);
    }
    return fail(std::move(last));
}

}  // namespace

base::Result<SocksTarget> parse_socks_connect(base::ByteView request) {
    const auto bad = [](std::string_view why) { return fail(ErrorCode::Protocol, fmt::format("SOCKS request: {}", why)); };
    if (request.size() < 4 || request[0] != 5) return bad("no SOCKS5");
    if (request[1] != 1) return bad("not CONNECT");
    SocksTarget target;
    std::size_t at = 4;
    char text[INET6_ADDRSTRLEN] = {};
    if (request[3] == 1 && request.size() == at + 6) {
        ::inet_ntop(AF_INET, request.data() + at, text, sizeof text);
        target.host = text;
        at += 4;
    } else if (request[3] == 4 && request.size() == at + 18) {
        ::inet_ntop(AF_INET6, request.data() + at, text, sizeof text);
        target.host = text;
        at += 16;
    } else if (request[3] == 3 && request.size() > 5 && request.size() == at + 1 + request[4] + 2u) {
        target.host = base::as_text(request.subspan(5, request[4]));
        at += 1u + request[4];
    } else {
        return bad("an address of an unknown kind or length");
    }
    for (const char c : target.host)
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '-' || c == ':')) return bad("a host name with strange characters");
    if (target.host.empty()) return bad("no host");
    target.port = static_cast<std::uint16_t>(request[at] << 8 | request[at + 1]);
    return target;
}

ReverseProxy::ReverseProxy(Connect connect, Reporter& reporter, const base::PhoneClock& clock, bool loopback_only)
    : connect_(std::move(connect)), reporter_(reporter), clock_(clock), loopback_only_(loopback_only) {
    control_ = std::jthread([this](const std::stop_token& stop) { control(stop); });
}

ReverseProxy::~ReverseProxy() {
    control_.request_stop();
    if (control_.joinable()) control_.join();
    std::vector<Tunnel> tunnels;
    {
        const std::scoped_lock lock(mutex_);
        tunnels.swap(tunnels_);
    }
    for (auto& tunnel : tunnels) tunnel.thread.request_stop();
}

base::Result<std::uint16_t> ReverseProxy::handshake(std::unique_ptr<Channel>& channel, bool& plists, const std::stop_token& stop) {
    UB_TRY(channel, connect_(kReverseProxyPort, "reverse proxy", clock_.patience(kPortOpens), stop));
    plists = true;
    auto status = send_text(*channel, kBegin, stop);
    if (status) status = channel->send(Plist::dict().set("Command", "BeginCtrl").set("CtrlProtoVersion", Plist::integer(2)), base::Deadline::after(kStep), stop, true, LengthOrder::Little);
    if (status) {
        auto reply = channel->receive(clock_.patience(PhoneSpan(10)), stop, LengthOrder::Little);
        if (reply) {
            const auto port = reply->integer_at("ConnPort");
            if (!port || *port == 0 || *port > 0xFFFF) return fail(ErrorCode::Protocol, "the phone's proxy names no port");
            return static_cast<std::uint16_t>(*port);
        }
        UB_TRY_VOID(base::check_cancelled(stop, "reverse proxy"));
    }
    // The older way, on a connection of its own.
    plists = false;
    UB_TRY(channel, connect_(kReverseProxyPort, "reverse proxy", clock_.patience(kPortOpens), stop));
    UB_TRY_VOID(send_text(*channel, kHelloControl, stop));
    std::array<std::uint8_t, 9> hello{};
    UB_TRY_VOID(channel->receive_raw(hello, base::Deadline::after(kStep), stop));
    if (base::as_text(hello) != kHelloControl.substr(0, 9)) return fail(ErrorCode::Protocol, "the phone's proxy does not greet back");
    // The end of the greeting may or may not follow before the port (restore-protocol.md 7.2).
    std::array<std::uint8_t, 2> port{};
    UB_TRY_VOID(channel->receive_raw(std::span(port).first(1), base::Deadline::after(kStep), stop));
    if (port[0] == 0) UB_TRY_VOID(channel->receive_raw(std::span(port).first(1), base::Deadline::after(kStep), stop));
    UB_TRY_VOID(channel->receive_raw(std::span(port).subspan(1), base::Deadline::after(kStep), stop));
    return static_cast<std::uint16_t>(little(port));
}

void ReverseProxy::control(const std::stop_token& stop) {
    std::unique_ptr<Channel> channel;
    bool plists = true;
    const auto port = handshake(channel, plists, stop);
    if (!port) {
        if (!stop.stop_requested()) {
            // Not fatal: phones that need it say so later (restore-protocol.md 7.2).
            reporter_.said("the phone's network proxy could not be reached: " + port.error().to_string());
            reporter_.evidence("restore.proxy_unavailable", true, port.error().message());
        }
        return;
    }
    while (!stop.stop_requested()) {
        std::array<std::uint8_t, 4> message{};
        if (!channel->receive_raw(message, base::Deadline::never(), stop)) return;
        const auto word = little(message);
        if (word == 2) return;
        if (word != 1) {
            base::log::warning("proxy", "unknown message {:#x}", word);
            return;
        }
        const std::scoped_lock lock(mutex_);
        std::erase_if(tunnels_, [](const Tunnel& tunnel) { return tunnel.done->load(); });
        if (tunnels_.size() >= kMostTunnels) continue;
        auto done = std::make_shared<std::atomic<bool>>(false);
        tunnels_.push_back({std::jthread([this, port = *port, plists, done](const std::stop_token& inner) {
                                tunnel(port, plists, inner);
                                done->store(true);
                            }),
                            done});
    }
}

void ReverseProxy::tunnel(std::uint16_t port, bool plists, const std::stop_token& stop) {
    auto channel = connect_(port, "proxy tunnel", clock_.patience(kPortOpens), stop);
    if (!channel) return;
    const auto served = serve(**channel, plists, stop);
    if (!served && !stop.stop_requested()) base::log::debug("proxy", "{}", served.error().to_string());
}

base::Status ReverseProxy::serve(Channel& channel, bool plists, const std::stop_token& stop) {
    UB_TRY_VOID(send_text(channel, kHelloConnection, stop));
    if (plists) {
        UB_TRY(const auto hello, channel.receive(base::Deadline::after(kStep), stop, LengthOrder::Little));
        if (hello.string_at("Command") != "HelloConn") return fail(ErrorCode::Protocol, "the phone's proxy connection does not greet");
    } else {
        std::array<std::uint8_t, 10> hello{};
        UB_TRY_VOID(channel.receive_raw(hello, base::Deadline::after(kStep), stop));
    }
    while (true) {
        std::array<std::uint8_t, 2> word{};
        UB_TRY_VOID(channel.receive_raw(word, base::Deadline::never(), stop));
        const auto command = static_cast<std::uint16_t>(little(word));
        if (command == kPlistCommand) {
            UB_TRY(const auto message, channel.receive(base::Deadline::after(kStep), stop, LengthOrder::Little));
            if (message.string_at("Command") == "Ping")
                UB_TRY_VOID(channel.send(Plist::dict().set("Pong", Plist::boolean(true)), base::Deadline::after(kStep), stop, true, LengthOrder::Little));
            continue;
        }
        if (command != kSocksGreeting) return fail(ErrorCode::Protocol, fmt::format("the phone's proxy connection says {:#06x}", command));
        std::array<std::uint8_t, 1> method{};
        UB_TRY_VOID(channel.receive_raw(method, base::Deadline::after(kStep), stop));
        UB_TRY_VOID(channel.send_raw(std::array<std::uint8_t, 2>{5, 0}, base::Deadline::after(kStep), stop));
        base::Bytes request(5);
        UB_TRY_VOID(channel.receive_raw(request, base::Deadline::after(kStep), stop));
        std::size_t whole = 0;
        if (request[3] == 1) whole = 10;
        else if (request[3] == 4) whole = 22;
        else if (request[3] == 3) whole = 5u + request[4] + 2u;
        else return fail(ErrorCode::Protocol, "the phone asks the proxy for an address of an unknown kind");
        request.resize(whole);
        UB_TRY_VOID(channel.receive_raw(std::span(request).subspan(5), base::Deadline::after(kStep), stop));
        UB_TRY(const auto target, parse_socks_connect(request));
        return relay(channel, target, request, stop);
    }
}

base::Status ReverseProxy::relay(Channel& channel, const SocksTarget& target, base::ByteView request, const std::stop_token& stop) {
    base::log::info("proxy", "the phone connects to {}:{}", target.host, target.port);
    auto out = connect_out(target, loopback_only_, stop);
    if (!out) {
        ++failures_;
        reporter_.said(fmt::format("the phone could not be connected to {}: {}", target.host, out.error().message()));
        reporter_.evidence("restore.proxy_failed", target.host, out.error().to_string());
        return fail(std::move(out).error());
    }
    base::Bytes reply(request.begin(), request.end());
    reply[1] = 0;   // 05 00 and the request's own address: the reply that phones are known to take
    UB_TRY_VOID(channel.send_raw(reply, base::Deadline::after(kStep), stop));
    base::Bytes buffer(64u << 10);
    while (!stop.stop_requested()) {
        std::array<pollfd, 2> watched{{{channel.descriptor(), POLLIN, 0}, {out->get(), POLLIN, 0}}};
        if (::poll(watched.data(), watched.size(), 200) <= 0) continue;
        if (watched[0].revents != 0) {
            UB_TRY(const auto got, channel.receive_some(buffer, base::Deadline::after(kStep), stop));
            if (got == 0) return {};
            for (std::size_t sent = 0; sent < got;) {
                const auto put = ::send(out->get(), buffer.data() + sent, got - sent, MSG_NOSIGNAL);
                if (put > 0) sent += static_cast<std::size_t>(put);
                else if (errno == EAGAIN && !stop.stop_requested()) { pollfd ready{out->get(), POLLOUT, 0}; ::poll(&ready, 1, 200); }
                else if (errno != EINTR) return {};
            }
        }
        if (watched[1].revents != 0) {
            const auto got = ::recv(out->get(), buffer.data(), buffer.size(), 0);
            if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) return {};
            if (got > 0) UB_TRY_VOID(channel.send_raw(base::ByteView(buffer).first(static_cast<std::size_t>(got)), base::Deadline::after(kStep), stop));
        }
    }
    return {};
}

}  // namespace unbrick::recovery::restore
