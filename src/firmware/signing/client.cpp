#include "src/firmware/signing/client.h"

#include <fmt/core.h>

#include <condition_variable>
#include <cstdlib>
#include <mutex>

#include "src/base/cancel.h"
#include "src/firmware/http.h"

namespace unbrick::firmware::signing {

using base::ErrorCode;
using base::fail;

namespace {

constexpr std::string_view kApple = "https://gs.apple.com/TSS/controller?action=2";
constexpr std::string_view kController = "/TSS/controller?action=2";
// Apple's own library asks three times, and only again when the server was not reached (real-restore.md 6.3).
constexpr int kAttempts = 3;
constexpr std::chrono::seconds kAgainAfter{2};

void wait_a_while(const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any changed;
    std::unique_lock lock(mutex);
    changed.wait_for(lock, stop, kAgainAfter, [] { return false; });
}

}  // namespace

base::Result<Answer> parse_answer(base::ByteView body) {
    const auto text = base::as_text(body);
    Answer answer;
    const auto field = [&](std::string_view name) -> std::optional<std::string_view> {
        const auto head = text.substr(0, text.find("REQUEST_STRING="));
        std::size_t at = 0;
        while ((at = head.find(name, at)) != std::string_view::npos) {
            if (at == 0 || head[at - 1] == '&') {
                const auto begin = at + name.size();
                return head.substr(begin, head.find('&', begin) == std::string_view::npos ? std::string_view::npos : head.find('&', begin) - begin);
            }
            ++at;
        }
        return std::nullopt;
    };
    const auto status = field("STATUS=");
    const auto number = status ? base::parse_int(base::trim(*status)) : std::nullopt;
    if (!number) return fail(ErrorCode::InvalidInput, "the answer is not one of a signing server (no STATUS in it)");
    answer.status = *number;
    answer.message = base::to_valid_utf8(base::trim(field("MESSAGE=").value_or("").substr(0, 500)));
    if (answer.status != 0 || answer.message != "SUCCESS") return answer;
    const auto xml = text.find("<?xml");
    if (xml == std::string_view::npos) return fail(ErrorCode::InvalidInput, "the signing server says success and sends no ticket");
    UB_TRY(answer.response, base::Plist::parse(body.subspan(xml), "the signing server's answer"));
    if (!answer.response.is_dict()) return fail(ErrorCode::InvalidInput, "the signing server's answer is no dictionary");
    return answer;
}

Client::Client(std::string server, const base::Json& meanings) : url_(std::move(server)), meanings_(meanings) {
    if (url_.empty()) {
        url_ = kApple;
        return;
    }
    if (!base::contains(url_, "://")) url_ = "http://" + url_;
    const auto host = url_.find("://") + 3;
    const auto path = url_.find('/', host);
    if (path == std::string::npos) url_ += kController;
    else if (path + 1 == url_.size()) url_ = url_.substr(0, path) + std::string(kController);
}

std::string Client::default_server() {
    const char* rehearsal = std::getenv("UNBRICK_REHEARSAL");
    const char* server = std::getenv("UNBRICK_SIGNING_SERVER");
    return rehearsal != nullptr && rehearsal[0] != '\0' && server != nullptr ? server : "";
}

base::Result<base::Plist> Client::sign(const base::Plist& request, const std::stop_token& stop,
                                       const std::function<void(std::string_view)>& note) const {
    const auto xml = request.to_xml();
    HttpRequest post;
    post.url = url_;
    post.method = "POST";
    post.headers = {"Cache-Control: no-cache", "Content-type: text/xml; charset=\"utf-8\"", "Expect:"};
    post.body.assign(xml.begin(), xml.end());
    base::Error last(ErrorCode::SigningUnreachable, "the signing server was not asked");
    for (int attempt = 1; attempt <= kAttempts; ++attempt) {
        if (note) note(fmt::format("asking the signing server {} (attempt {} of {})", url_, attempt, kAttempts));
        auto reply = http(post, stop);
        if (!reply && reply.error().code() == ErrorCode::Cancelled) return fail(std::move(reply).error());
        if (!reply && reply.error().code() == ErrorCode::LimitExceeded)
            return fail(base::Error(ErrorCode::SigningUnreachable, "the signing server's answer never ends").with_context(reply.error().to_string())
                            .with_text("restore.error.signing-answer"));
        if (!reply) {
            last = base::Error(ErrorCode::SigningUnreachable, "no answer from the signing server: " + reply.error().message())
                       .with_native(reply.error().native().domain, reply.error().native().value)
                       .with_text(is_certificate_error(reply.error()) ? "restore.error.signing-certificate" : "restore.error.signing-unreachable")
                       .with_retry(base::Retry::AfterUserAction);
            // Somebody between us and the server: asking again changes nothing.
            if (is_certificate_error(reply.error())) return fail(std::move(last));
        } else {
            auto answer = parse_answer(reply->body);
            if (answer && answer->response) return std::move(answer->response);
            if (answer) {
                const auto& known = base::json_at(base::json_at(meanings_, "statuses"), std::to_string(answer->status));
                const auto key = base::json_string(known, "text").value_or("restore.error.signing-other");
                return fail(base::Error(ErrorCode::SigningRefused, fmt::format("the signing server says no: status {}, \"{}\"", answer->status, answer->message))
                                .with_native("TSS", answer->status)
                                .with_text(key));
            }
            last = base::Error(ErrorCode::SigningUnreachable, fmt::format("{} (HTTP {})", answer.error().message(), reply->status))
                       .with_native("http", reply->status)
                       .with_text("restore.error.signing-answer");
        }
        if (note) note(last.message());
        if (attempt < kAttempts) wait_a_while(stop);
        UB_TRY_VOID(base::check_cancelled(stop, "signing"));
    }
    return fail(std::move(last));
}

}  // namespace unbrick::firmware::signing
