// The signing server (restore-protocol.md 4.1, 4.4, 4.5).
#pragma once

#include <functional>
#include <stop_token>
#include <string>

#include "src/base/json.h"
#include "src/base/plist.h"
#include "src/base/result.h"

namespace unbrick::firmware::signing {

struct Answer {
    std::int64_t status = -1;         // STATUS; -1: the answer had none
    std::string message;
    base::Plist response;             // when it succeeded
};

// Of an answer's body. Errors: InvalidInput (no STATUS in it: a proxy's page, an empty body).
base::Result<Answer> parse_answer(base::ByteView body);

class Client {
public:
    // `server`: address, with or without the path of the controller; empty: Apple's. `meanings`:
    // knowledge/signing.json (may be null).
    Client(std::string server, const base::Json& meanings);

    // UNBRICK_SIGNING_SERVER inside a rehearsal, else empty.
    static std::string default_server();
    const std::string& url() const { return url_; }

    // Errors: SigningRefused with {"TSS", status} and the text key of its meaning; SigningUnreachable after the
    // attempts (with {"curl", n}; a server that cannot prove who it is, at once), Cancelled.
    // `note` hears each attempt and why it is repeated.
    base::Result<base::Plist> sign(const base::Plist& request, const std::stop_token& stop,
                                   const std::function<void(std::string_view)>& note = {}) const;

private:
    std::string url_;
    base::Json meanings_;
};

}  // namespace unbrick::firmware::signing
