// What the phone wants from the network through us: keys of encrypted images (restore-protocol.md 7.3).
#include <fmt/core.h>

#include <cstdlib>

#include "recovery/restore/handlers.h"
#include "src/firmware/http.h"

namespace unbrick::recovery::restore {

using base::Plist;

namespace {

constexpr std::uint64_t kLargestAnswer = 8u << 20;

bool in_rehearsal() {
    const char* rehearsal = std::getenv("UNBRICK_REHEARSAL");
    return rehearsal != nullptr && rehearsal[0] != '\0';
}

// A virtual phone must not make this computer talk to the world.
bool is_loopback_url(std::string_view url) {
    const auto scheme = url.find("://");
    const auto host = scheme == std::string_view::npos ? url : url.substr(scheme + 3);
    return base::starts_with(host, "127.0.0.1:") || base::starts_with(host, "127.0.0.1/") || base::starts_with(host, "localhost:") ||
           base::starts_with(host, "localhost/") || base::starts_with(host, "[::1]");
}

// Outside a rehearsal only Apple's own servers, whatever the phone says.
bool is_apple_url(std::string_view url) {
    const auto scheme = url.find("://");
    if (scheme == std::string_view::npos) return false;
    auto host = url.substr(scheme + 3);
    host = host.substr(0, host.find_first_of("/?#:"));
    return base::ends_with(base::to_lower(host), ".apple.com");
}

Plist failed(long status, std::string_view why) {
    return Plist::dict().set("ResponseBody", Plist::data(base::as_bytes(why))).set("ResponseBodyDone", Plist::boolean(true)).set("ResponseHeaders", Plist::dict())
        .set("ResponseStatus", Plist::integer(static_cast<std::uint64_t>(status)));
}

}  // namespace

base::Status answer_url(Session& session, Channel& channel, const Plist& arguments, bool binary, const std::stop_token& stop) {
    const auto url = arguments.string_at("RequestURL").value_or("");
    firmware::HttpRequest request;
    request.url = url;
    request.method = arguments.string_at("RequestMethod").value_or("GET");
    request.body = arguments.data_at("RequestBody").value_or(base::Bytes{});
    request.limit = kLargestAnswer;
    request.whole_time = std::chrono::seconds(45);
    const auto headers = arguments.at("RequestAdditionalHeaders");
    for (const auto& name : headers.keys()) {
        const auto value = headers.string_at(name);
        if (value && request.headers.size() < 64 && (name + *value).find_first_of("\r\n") == std::string::npos) request.headers.push_back(name + ": " + *value);
    }
    const auto shown = base::to_valid_utf8(url.substr(0, 200));
    // The phone waits for an answer, also for a bad one (restore-protocol.md 7.3).
    if (url.size() > 4096 || !(in_rehearsal() ? is_loopback_url(url) : is_apple_url(url))) {
        session.reporter().said("the phone asks for an address that it has no business with: " + shown);
        session.reporter().evidence("restore.strange_url", shown, "URLAsset");
        return channel.send(failed(403, "refused"), session.send_deadline(), stop, binary);
    }
    session.reporter().said("fetching for the phone: " + shown);
    const auto reply = firmware::http(request, stop);
    if (!reply) {
        UB_TRY_VOID(base::check_cancelled(stop, "restore"));
        session.reporter().said(reply.error().to_string());
        session.reporter().evidence("restore.url_failed", shown, reply.error().to_string());
        return channel.send(failed(504, reply.error().message()), session.send_deadline(), stop, binary);
    }
    auto response_headers = Plist::dict();
    for (const auto& [name, value] : reply->headers) response_headers.set(name, base::to_valid_utf8(value));
    return channel.send(Plist::dict().set("ResponseBody", Plist::data(reply->body)).set("ResponseBodyDone", Plist::boolean(true))
                            .set("ResponseHeaders", std::move(response_headers)).set("ResponseStatus", Plist::integer(static_cast<std::uint64_t>(reply->status))),
                        session.send_deadline(), stop, binary);
}

namespace {

base::Status url_asset(Session& session, const DataRequest& request, const std::stop_token& stop) {
    UB_TRY(const auto port, session.open_port(request, stop));
    return answer_url(session, port ? *port : session.main(), request.arguments, true, stop);
}

}  // namespace

void add_url_handlers(HandlerMap& to) {
    to["URLAsset"] = url_asset;
    to["StreamedImageDecryptionKey"] = url_asset;
}

}  // namespace unbrick::recovery::restore
