#include "src/firmware/http.h"

#include <curl/curl.h>
#include <fmt/core.h>

#include <memory>
#include <mutex>

namespace unbrick::firmware {

using base::ErrorCode;
using base::fail;

namespace {

struct Transfer {
    const HttpRequest* request = nullptr;
    const std::stop_token* stop = nullptr;
    HttpAnswer answer;
    base::Status sink_status;
    std::uint64_t received = 0, total = 0;
    bool too_large = false;
    CURL* curl = nullptr;
};

std::size_t on_body(char* bytes, std::size_t size, std::size_t count, void* context) {
    auto& transfer = *static_cast<Transfer*>(context);
    const auto length = size * count;
    transfer.received += length;
    if (transfer.received > transfer.request->limit) {
        transfer.too_large = true;
        return 0;
    }
    const base::ByteView piece(reinterpret_cast<const std::uint8_t*>(bytes), length);
    if (!transfer.request->sink) {
        transfer.answer.body.insert(transfer.answer.body.end(), piece.begin(), piece.end());
        return length;
    }
    long code = 0;
    curl_easy_getinfo(transfer.curl, CURLINFO_RESPONSE_CODE, &code);
    if (code >= 300) return length;   // an error page is no file
    if (code == 200 && transfer.request->resume_from > 0 && transfer.received == length) transfer.answer.resumed = false;
    if (code == 206) transfer.answer.resumed = true;
    curl_off_t expected = 0;
    curl_easy_getinfo(transfer.curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &expected);
    transfer.total = expected > 0 ? static_cast<std::uint64_t>(expected) : 0;
    transfer.answer.status = code;
    transfer.sink_status = transfer.request->sink(piece, transfer.received, transfer.total);
    return transfer.sink_status ? length : 0;
}

std::size_t on_header(char* bytes, std::size_t size, std::size_t count, void* context) {
    auto& transfer = *static_cast<Transfer*>(context);
    const std::string_view line(bytes, size * count);
    if (base::starts_with(line, "HTTP/")) transfer.answer.headers.clear();   // of the redirect before
    const auto colon = line.find(':');
    if (colon != std::string_view::npos && transfer.answer.headers.size() < 256)
        transfer.answer.headers[base::to_lower(line.substr(0, colon))] = std::string(base::trim(line.substr(colon + 1)));
    return size * count;
}

int on_progress(void* context, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    return static_cast<Transfer*>(context)->stop->stop_requested() ? 1 : 0;
}

}  // namespace

base::Result<HttpAnswer> http(const HttpRequest& request, const std::stop_token& stop) {
    static std::once_flag once;
    std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
    if (!base::starts_with(request.url, "https://") && !base::starts_with(request.url, "http://"))
        return fail(ErrorCode::InvalidInput, fmt::format("\"{}\" is no http address", base::to_valid_utf8(request.url)));
    const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl(curl_easy_init(), &curl_easy_cleanup);
    if (!curl) return fail(ErrorCode::Internal, "libcurl refuses to start");
    Transfer transfer;
    transfer.request = &request;
    transfer.stop = &stop;
    transfer.curl = curl.get();
    struct curl_slist* list = nullptr;
    for (const auto& header : request.headers) list = curl_slist_append(list, header.c_str());
    const std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> headers(list, &curl_slist_free_all);
    char reason[CURL_ERROR_SIZE] = {};
    const auto set = [&](CURLoption option, auto value) { curl_easy_setopt(curl.get(), option, value); };
    set(CURLOPT_URL, request.url.c_str());
    set(CURLOPT_ERRORBUFFER, reason);
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_REDIR_PROTOCOLS_STR, base::starts_with(request.url, "https://") ? "https" : "http,https");
    set(CURLOPT_FOLLOWLOCATION, 1L);
    set(CURLOPT_MAXREDIRS, 5L);
    set(CURLOPT_SSL_VERIFYPEER, 1L);
    set(CURLOPT_SSL_VERIFYHOST, 2L);
    set(CURLOPT_CONNECTTIMEOUT, static_cast<long>(request.connect_time.count()));
    if (request.whole_time.count() > 0) set(CURLOPT_TIMEOUT, static_cast<long>(request.whole_time.count()));
    set(CURLOPT_LOW_SPEED_LIMIT, 1L);
    set(CURLOPT_LOW_SPEED_TIME, 60L);
    set(CURLOPT_USERAGENT, "InetURL/1.0");
    set(CURLOPT_WRITEFUNCTION, on_body);
    set(CURLOPT_WRITEDATA, &transfer);
    set(CURLOPT_HEADERFUNCTION, on_header);
    set(CURLOPT_HEADERDATA, &transfer);
    set(CURLOPT_XFERINFOFUNCTION, on_progress);
    set(CURLOPT_XFERINFODATA, &transfer);
    set(CURLOPT_NOPROGRESS, 0L);
    set(CURLOPT_BUFFERSIZE, 256L << 10);
    if (list != nullptr) set(CURLOPT_HTTPHEADER, headers.get());
    if (request.resume_from > 0) set(CURLOPT_RESUME_FROM_LARGE, static_cast<curl_off_t>(request.resume_from));
    if (request.method == "POST") {
        set(CURLOPT_POST, 1L);
        set(CURLOPT_POSTFIELDS, reinterpret_cast<const char*>(request.body.data()));
        set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    } else if (request.method == "HEAD") {
        set(CURLOPT_NOBODY, 1L);
    } else if (request.method != "GET") {
        return fail(ErrorCode::InvalidInput, fmt::format("the method {} is not one we send", base::to_valid_utf8(request.method)));
    }
    const auto code = curl_easy_perform(curl.get());
    curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &transfer.answer.status);
    char* final_url = nullptr;
    curl_easy_getinfo(curl.get(), CURLINFO_EFFECTIVE_URL, &final_url);
    if (final_url != nullptr) transfer.answer.final_url = final_url;
    if (code == CURLE_OK) return std::move(transfer.answer);
    if (!transfer.sink_status) return fail(std::move(transfer.sink_status).error());
    if (transfer.too_large) return fail(ErrorCode::LimitExceeded, fmt::format("{}: the answer is longer than the {} bytes that are read", request.url, request.limit));
    if (stop.stop_requested()) return fail(ErrorCode::Cancelled, request.url + ": cancelled");
    const auto why = reason[0] != '\0' ? std::string(reason) : std::string(curl_easy_strerror(code));
    return fail(base::Error(code == CURLE_OPERATION_TIMEDOUT ? ErrorCode::TimedOut : ErrorCode::Transport, fmt::format("{}: {}", request.url, why))
                    .with_native("curl", code));
}

bool is_certificate_error(const base::Error& error) {
    if (error.native().domain != "curl") return false;
    const auto code = error.native().value;
    return code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_ISSUER_ERROR || code == CURLE_SSL_CACERT_BADFILE;
}

}  // namespace unbrick::firmware
