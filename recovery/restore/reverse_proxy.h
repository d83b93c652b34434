// The phone's way to the network during a restore: port 1082, SOCKS5 tunnels through this computer
// (restore-protocol.md 7.2).
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "recovery/restore/channel.h"
#include "recovery/restore/reporter.h"
#include "src/base/phone_clock.h"

namespace unbrick::recovery::restore {

inline constexpr std::uint16_t kReverseProxyPort = 1082;

struct SocksTarget { std::string host; std::uint16_t port = 0; };
// Of a CONNECT request (version, command, reserved, address type, address, port). Errors: Protocol.
base::Result<SocksTarget> parse_socks_connect(base::ByteView request);

class ReverseProxy {
public:
    using Connect = std::function<base::Result<std::unique_ptr<Channel>>(std::uint16_t port, std::string name, const base::Deadline&, const std::stop_token&)>;
    // Only loopback targets in a rehearsal: a virtual phone must not talk to the world.
    ReverseProxy(Connect connect, Reporter& reporter, const base::PhoneClock& clock, bool loopback_only);
    ~ReverseProxy();   // ends all tunnels

    // Tunnels that could not be opened: the phone needed the network and did not get it.
    int failures() const { return failures_; }

private:
    void control(const std::stop_token& stop);
    base::Result<std::uint16_t> handshake(std::unique_ptr<Channel>& channel, bool& plists, const std::stop_token& stop);
    void tunnel(std::uint16_t port, bool plists, const std::stop_token& stop);
    base::Status serve(Channel& channel, bool plists, const std::stop_token& stop);
    base::Status relay(Channel& channel, const SocksTarget& target, base::ByteView request, const std::stop_token& stop);

    Connect connect_;
    Reporter& reporter_;
    const base::PhoneClock& clock_;
    bool loopback_only_;
    std::atomic<int> failures_{0};
    struct Tunnel { std::jthread thread; std::shared_ptr<std::atomic<bool>> done; };
    std::mutex mutex_;
    std::vector<Tunnel> tunnels_;
    std::jthread control_;
};

}  // namespace unbrick::recovery::restore
