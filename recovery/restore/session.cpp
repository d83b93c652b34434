#include "recovery/restore/session.h"

#include <fmt/core.h>

#include "recovery/restore/handlers.h"
#include "src/base/json.h"
#include "src/base/log.h"

namespace unbrick::recovery::restore {

using base::ErrorCode;
using base::fail;
using base::Plist;

namespace {

// How long a message may be awaited before the loop looks around; host time.
constexpr std::chrono::milliseconds kLookEvery{500};
// After a bad status the phone may still send its log (restore-protocol.md 6.7).
constexpr std::chrono::seconds kTrailingLog{5};
// An image transfer without a byte moving (real-restore.md 2.1: alarm after 120 s).
constexpr PhoneSpan kImageSilence{120};
// How long the phone may take to say why it closed a connection.
constexpr PhoneSpan kAfterLoss{30};
// A port opens a moment after the phone names it (restore-protocol.md 7.1: 30 tries, 2 s apart).
constexpr PhoneSpan kPortOpens{60};

}  // namespace

Session::Session(SessionParts parts, std::unique_ptr<Channel> main) : parts_(std::move(parts)), main_(std::move(main)) {
    if (!parts_.connect) {
        parts_.connect = [udid = parts_.udid](std::uint16_t port, std::string name, const base::Deadline& deadline, const std::stop_token& stop) {
            return Channel::connect(udid, port, std::move(name), deadline, stop);
        };
    }
    if (parts_.baseband_answer.has("BBTicket")) {
        baseband_.response = parts_.baseband_answer;
        baseband_.nonce = parts_.phone.baseband_preflight.data_at("Nonce").value_or(base::Bytes{});
    }
}

Session::~Session() {
    work_stop_.request_stop();
    std::vector<Worker> workers;
    {
        const std::scoped_lock lock(workers_mutex_);
        workers.swap(workers_);
    }
    workers.clear();   // joins
}

base::Result<std::unique_ptr<Channel>> Session::open_port(const DataRequest& request, const std::stop_token& stop) {
    if (!request.port) return std::unique_ptr<Channel>();
    return parts_.connect(*request.port, request.type, parts_.clock->patience(kPortOpens), stop);
}

base::Status Session::answer_main(const Plist& message, const std::stop_token& stop) { return main_->send(message, send_deadline(), stop); }

base::Status Session::answer(const DataRequest& request, const Plist& message, const std::stop_token& stop, bool binary) {
    UB_TRY(const auto port, open_port(request, stop));
    return (port ? port.get() : main_.get())->send(message, send_deadline(), stop, binary);
}

base::Result<Plist> Session::sign(const Plist& request, std::string_view what, const std::stop_token& stop) {
    reporter().said(fmt::format("asking for a ticket: {}", what));
    auto answer = parts_.signing->sign(request, stop, [&](std::string_view note) { base::log::debug("signing", "{}", note); });
    if (!answer && answer.error().native().domain == "TSS")
        reporter().evidence("error", base::Json{{"domain", "TSS"}, {"code", answer.error().native().value}, {"certain", true}}, fmt::format("{}: {}", what, answer.error().message()));
    if (!answer) return fail(std::move(answer).error().with_context(std::string(what)));
    return answer;
}

base::Result<std::shared_ptr<const firmware::Personalizer>> Session::recovery_personalizer(const std::stop_token& stop) {
    const std::scoped_lock lock(recovery_mutex_);
    if (recovery_personalizer_) return recovery_personalizer_;
    if (parts_.recovery_identity == nullptr) return fail(ErrorCode::NotFound, "this firmware names no recovery OS for this phone");
    UB_TRY(const auto request, firmware::signing::recovery_os_request(*parts_.recovery_identity, parts_.phone));
    UB_TRY(auto response, sign(request, "the recovery OS", stop));
    UB_TRY(auto made, firmware::Personalizer::create(parts_.archive, parts_.recovery_identity, std::move(response), parts_.phone.ap_parameters));
    recovery_personalizer_ = std::make_shared<const firmware::Personalizer>(std::move(made));
    return recovery_personalizer_;
}

void Session::join_finished() {
    const std::scoped_lock lock(workers_mutex_);
    std::erase_if(workers_, [](const Worker& worker) { return worker.done->load(); });
}

void Session::serve_beside(DataRequest request) {
    join_finished();
    const std::scoped_lock lock(workers_mutex_);
    auto done = std::make_shared<std::atomic<bool>>(false);
    std::jthread thread([this, request = std::move(request), done] {
        auto served = serve(request, work_stop_.get_token());
        if (!served && served.error().code() != ErrorCode::Cancelled) {
            const std::scoped_lock inner(workers_mutex_);
            if (!worker_error_) worker_error_ = std::move(served).error();
        }
        done->store(true);
    });
    workers_.push_back({std::move(thread), std::move(done)});
}

base::Status Session::unknown_request(const DataRequest& request, const std::stop_token& stop) {
    // The whole of it is kept: it is what the next version must learn.
    const int count = ++unknown_[request.type];
    const auto name = base::to_valid_utf8(request.type);
    reporter().said(fmt::format("the phone asks for {}, which unbrick does not know; it is answered with nothing", name));
    reporter().evidence("restore.unknown_request", name, base::dump_json(request.arguments.to_json(4096)));
    if (!parts_.folder.empty() && count <= 3) {
        std::string file;
        for (const char c : request.type.substr(0, 60)) file += (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ? c : '_';
        static_cast<void>(base::write_file_atomically(parts_.folder / fmt::format("unknown-request-{}-{}.plist", file, count), request.arguments.to_xml()));
    }
    if (count > kSameUpdaterLimit) return fail(ErrorCode::Protocol, fmt::format("the phone asks for {} again and again", name));
    return answer(request, Plist::dict(), stop);
}

base::Status Session::serve(const DataRequest& request, const std::stop_token& stop) {
    base::log::debug("restore", "the phone asks for {}{}", request.type, request.port ? fmt::format(" on port {}", *request.port) : "");
    const auto* handler = find_handler(request.type);
    auto served = handler != nullptr ? (*handler)(*this, request, stop) : unknown_request(request, stop);
    if (!served) return fail(std::move(served).error().with_context("request " + base::to_valid_utf8(request.type)));
    return {};
}

base::Status Session::on_status(const Plist& message, const std::stop_token& stop) {
    auto error = parts_.messages->status(message);
    if (!error) {
        finished_ = true;
        UB_TRY_VOID(answer_main(Plist::dict().set("MsgType", "ReceivedFinalStatusMsg"), stop));
        reporter().said("the phone says that the restore succeeded");
        return {};
    }
    const auto until = base::Deadline::after(kTrailingLog);
    while (!until.expired()) {
        auto more = main_->receive(until, stop);
        if (!more) break;
        if (more->string_at("MsgType") == "StatusMsg" || more->has("Log")) static_cast<void>(parts_.messages->status(*more));
        else if (more->string_at("MsgType") == "CheckpointMsg") parts_.messages->checkpoint(*more);
    }
    return fail(std::move(*error));
}

base::Status Session::dispatch(const Plist& message, const std::stop_token& stop) {
    const auto kind = message.string_at("MsgType").value_or("");
    auto& messages = *parts_.messages;
    if (kind == "DataRequestMsg" || kind == "AsyncDataRequestMsg") {
        DataRequest request;
        request.type = message.string_at("DataType").value_or("");
        request.arguments = message.at("Arguments");
        request.async = kind == "AsyncDataRequestMsg";
        if (const auto port = message.integer_at("DataPort"); port && *port != 0) {
            if (*port > 0xFFFF) return fail(ErrorCode::Protocol, fmt::format("the phone names port {}", *port));
            request.port = static_cast<std::uint16_t>(*port);
        }
        if (request.type.empty() || request.type.size() > 256) return fail(ErrorCode::Protocol, "the phone asks for something without a name");
        // The image flows beside everything else, whatever kind of request brought it (real-restore.md 6.3).
        if (request.async || is_image_request(request.type)) {
            serve_beside(std::move(request));
            return {};
        }
        return serve(request, stop);
    }
    if (kind == "ProgressMsg") {
        messages.progress(message);
        if (message.integer_at("Operation") == 14 && message.integer_at("Progress") == 100) image_verified = true;
    }
    else if (kind == "StatusMsg") return on_status(message, stop);
    else if (kind == "CheckpointMsg") messages.checkpoint(message);
    else if (kind == "PreviousRestoreLogMsg") messages.previous_log(message);
    else if (kind == "BBUpdateStatusMsg") messages.baseband_status(message);
    else if (kind == "BasebandUpdaterOutputData") {
        DataRequest request{kind, message.at("Arguments"), std::nullopt, true};
        if (const auto port = message.integer_at("DataPort"); port && *port <= 0xFFFF && *port != 0) request.port = static_cast<std::uint16_t>(*port);
        serve_beside(std::move(request));
    } else if (kind == "RestoredCrash") {
        messages.crash(message);
        return fail(base::Error(ErrorCode::PhoneRefused, "the phone's restore program crashed").with_text("restore.error.phone-crashed"));
    } else if (kind == "RestoreAttestation") {
        return answer_main(Plist::dict().set("RestoreShouldAttest", Plist::boolean(false)), stop);
    } else if (kind != "AsyncWait") {
        reporter().phone_said("a message of an unknown kind: " + base::to_valid_utf8(kind.substr(0, 100)));
        reporter().evidence("restore.unknown_message", base::to_valid_utf8(kind.substr(0, 100)), base::dump_json(message.to_json(1024)).substr(0, 4000));
    }
    return {};
}

base::Status Session::check_stall(std::chrono::steady_clock::time_point last_message, std::uint64_t& seen_bytes,
                                  std::chrono::steady_clock::time_point& last_bytes) {
    const auto now = std::chrono::steady_clock::now();
    if (image_flows) {
        if (const auto bytes = image_bytes.load(); bytes != seen_bytes) {
            seen_bytes = bytes;
            last_bytes = now;
        }
        // While bytes flow the phone is alive, whatever else it does not say.
        const auto quiet = std::max(last_message, last_bytes);
        if (parts_.clock->phone_span(now - quiet) < kImageSilence || now - quiet < std::chrono::seconds(20)) return {};
        return fail(base::Error(ErrorCode::TimedOut, fmt::format("the phone takes no more of the system image ({} bytes were sent)", seen_bytes)).with_text("restore.error.image-stalled"));
    }
    // Host time that the computer itself may lose is no silence of the phone.
    const auto limit = parts_.messages->silence_limit();
    if (parts_.clock->phone_span(now - last_message) < limit || now - last_message < std::chrono::seconds(20)) return {};
    const auto where = parts_.messages->where();
    reporter().evidence("restore.stalled", where, fmt::format("no word for {:.0f} s at {}", limit.count(), where));
    return fail(base::Error(ErrorCode::TimedOut, fmt::format("the phone says nothing any more (at {}, for {:.0f} s)", where.empty() ? "the start" : where, limit.count()))
                    .with_text("restore.error.phone-silent"));
}

base::Status Session::run(const Plist& options, std::uint64_t protocol_version, const std::stop_token& stop) {
    const std::stop_callback forward(stop, [this] { work_stop_.request_stop(); });
    parts_.messages->set_protocol(protocol_version);
    reporter().stage("restore-begin");
    UB_TRY_VOID(answer_main(Plist::dict().set("Label", "unbrick").set("Request", "StartRestore").set("RestoreProtocolVersion", Plist::integer(protocol_version)).set("RestoreOptions", options), stop));
    auto last_message = std::chrono::steady_clock::now();
    auto last_bytes = last_message;
    std::uint64_t seen_bytes = 0;
    while (!finished_) {
        auto message = main_->receive(base::Deadline::after(kLookEvery), stop);
        {
            const std::scoped_lock lock(workers_mutex_);
            if (worker_error_) {
                auto error = *std::exchange(worker_error_, std::nullopt);
                if (error.code() != ErrorCode::Disconnected) return fail(std::move(error));
                // A broken image connection and a broken main connection are often one lost cable; or the phone
                // gave up and is about to say why. Its word is better than ours.
                reporter().said("a connection to the phone ended: " + error.to_string());
                if (!lost_) lost_at_ = std::chrono::steady_clock::now();
                lost_ = std::move(error);
            }
        }
        if (lost_ && !message && std::chrono::steady_clock::now() - lost_at_ > kTrailingLog && parts_.clock->phone_span(std::chrono::steady_clock::now() - lost_at_) > kAfterLoss)
            return fail(std::move(*lost_));
        if (!message) {
            if (message.error().code() == ErrorCode::TimedOut) {
                UB_TRY_VOID(check_stall(last_message, seen_bytes, last_bytes));
                continue;
            }
            return fail(std::move(message).error().with_context(parts_.messages->where().empty() ? "restore" : "at " + parts_.messages->where()));
        }
        UB_TRY_VOID(dispatch(*message, stop));
        last_message = std::chrono::steady_clock::now();
    }
    return {};
}

}  // namespace unbrick::recovery::restore
