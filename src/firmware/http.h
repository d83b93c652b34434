// HTTP by libcurl: TLS checked, proxies of the environment honoured, sizes and times bounded, cancellable.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <stop_token>
#include <string>
#include <vector>

#include "src/base/cancel.h"
#include "src/base/result.h"
#include "src/base/text.h"

namespace unbrick::firmware {

struct HttpRequest {
    std::string url;
    std::string method = "GET";                    // "GET", "POST", "HEAD"
    std::vector<std::string> headers;              // "Name: value"
    base::Bytes body;
    std::uint64_t limit = 16u << 20;               // of the answer's body
    std::chrono::seconds connect_time{15}, whole_time{60};   // whole_time 0: as long as something arrives (60 s silence ends it)
    std::uint64_t resume_from = 0;                 // asks for the rest of a file
    // When set, the body goes there instead of HttpAnswer::body; `total` is 0 when not known.
    std::function<base::Status(base::ByteView piece, std::uint64_t received, std::uint64_t total)> sink;
};

struct HttpAnswer {
    long status = 0;
    std::map<std::string, std::string> headers;    // names in lower case
    base::Bytes body;
    std::string final_url;
    bool resumed = false;                          // the server sent the rest, not the whole
};

// Any status is an answer. Errors: SigningUnreachable is never used here; Transport with {"curl", n} (no name, no
// connection, TLS), TimedOut, LimitExceeded, Cancelled, InvalidInput (not http or https).
base::Result<HttpAnswer> http(const HttpRequest& request, const std::stop_token& stop);
// Whether the error says that the server could not prove who it is.
bool is_certificate_error(const base::Error& error);

}  // namespace unbrick::firmware
