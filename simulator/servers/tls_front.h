// A proxy for clients that insist on https://gs.apple.com (idevicerestore has no server option): it answers
// CONNECT, speaks TLS with a certificate of its own and hands the requests to a local plain server.
#pragma once

#include <memory>
#include <string>

#include "src/base/result.h"

namespace unbrick::simulator {

class TlsFront {
public:
    // Requests that come in go to 127.0.0.1:`plain_port`. Every other destination is refused: nothing leaves this computer.
    static base::Result<std::unique_ptr<TlsFront>> start(int plain_port);
    ~TlsFront();
    int port() const;
    std::string proxy_url() const;   // for https_proxy and http_proxy

private:
    struct State;
    explicit TlsFront(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace unbrick::simulator
