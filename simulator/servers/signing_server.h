// The maker's signing server in the world of a virtual phone (restore-protocol.md 4): tickets for exactly
// what is asked, and every refusal on demand. Loopback only.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "simulator/image4/image4.h"
#include "src/base/json.h"

namespace unbrick::simulator {

// What a scenario wants to go wrong; the first rule that fits is used up to `times` times.
struct SigningFault {
    std::string ticket;        // "ApImg4Ticket", "BBTicket", "SE,Ticket" ...; empty: any
    int status = 0;            // STATUS of the answer, when not 0
    std::string message;
    int http = 0;              // an HTTP status with an HTML page instead, when not 0
    bool hang_up = false;      // closes without an answer
    bool garbage = false;      // 200 with bytes that are no answer
    bool never_ends = false;   // announces more than it sends, and waits until the client goes
    int times = -1;            // negative: always
};

struct SigningRequest {        // for the verdict and the tests
    std::vector<std::string> tickets;
    base::Plist body;
    int status = 0;
};

class SigningServer {
public:
    struct Options {
        SigningKey key;
        // Builds (UniqueBuildID as hex) that are no longer signed; everything else is.
        std::vector<std::string> unsigned_builds;
        bool nothing_is_signed = false;
        std::vector<SigningFault> faults;
    };
    // Errors: Io when no port can be had.
    static base::Result<std::unique_ptr<SigningServer>> start(Options options);
    ~SigningServer();

    int port() const;                 // plain HTTP on 127.0.0.1
    std::string url() const;          // "http://127.0.0.1:PORT/TSS/controller?action=2"
    std::vector<SigningRequest> requests() const;

    // The answer to one request body; what the HTTP side sends. Public for the tests.
    std::string answer(std::string_view body);

private:
    struct State;
    explicit SigningServer(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

// Faults from a scenario's "signing": {"faults":[...]} member. Errors: InvalidInput with the JSON pointer.
base::Result<std::vector<SigningFault>> parse_signing_faults(const base::Json& list);

}  // namespace unbrick::simulator
