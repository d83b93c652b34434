#include "src/device/links/plist_connection.h"

#include <fmt/core.h>
#include <signal.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>

#include "src/device/links/watchdog.h"

namespace unbrick::device {

using base::ErrorCode;
using base::fail;

namespace {

base::Error idevice_error(std::string what, idevice_error_t native) {
    ErrorCode code = ErrorCode::Transport;
    if (native == IDEVICE_E_NO_DEVICE) code = ErrorCode::NoPhone;
    if (native == IDEVICE_E_TIMEOUT) code = ErrorCode::TimedOut;
    if (native == IDEVICE_E_NOT_ENOUGH_DATA) code = ErrorCode::Disconnected;
    return base::Error(code, std::move(what)).with_native("idevice", native);
}

std::atomic<std::uint64_t> last_connection{0};

// libimobiledevice writes (a TLS goodbye among others) to sockets that the phone has closed, without MSG_NOSIGNAL:
// a phone that leaves would end the program by SIGPIPE. A handler that the program has set is left alone.
void ignore_broken_pipes() {
    static const bool done = [] {
        struct sigaction now {};
        if (sigaction(SIGPIPE, nullptr, &now) == 0 && (now.sa_flags & SA_SIGINFO) == 0 && now.sa_handler == SIG_DFL) {
            now.sa_handler = SIG_IGN;
            sigaction(SIGPIPE, &now, nullptr);
        }
        return true;
    }();
    (void)done;
}

}  // namespace

base::Result<Idevice> open_idevice(const std::string& udid) {
    ignore_broken_pipes();
    idevice_t device = nullptr;
    const auto opened = idevice_new_with_options(&device, udid.c_str(), IDEVICE_LOOKUP_USBMUX);
    if (opened != IDEVICE_E_SUCCESS) return fail(idevice_error("usbmuxd does not show the phone", opened));
    return Idevice(device, IdeviceDeleter{});
}

struct PlistConnection::State {
    Idevice device;
    idevice_connection_t connection = nullptr;
    int descriptor = -1;
    std::uint64_t number = 0;
    std::string service;
    std::shared_ptr<Recorder> recorder;
    std::shared_ptr<TransferCounters> counters;
    std::string phone;
    bool dead = false;

    ~State() {
        if (connection == nullptr) return;
        // A TLS goodbye must not wait for a phone that says nothing any more.
        const SocketGuard guard(descriptor, base::Deadline::after(std::chrono::seconds(2)), {});
        if (dead) shutdown(descriptor, SHUT_RDWR);
        idevice_disconnect(connection);
    }
    void count_error(const base::Error& error) {
        if (error.code() == ErrorCode::TimedOut) ++counters->timeouts;
        else if (error.code() == ErrorCode::Disconnected) ++counters->lost;
        else if (error.code() == ErrorCode::Cancelled) ++counters->cancelled;
        else ++counters->other;
    }
};

PlistConnection::PlistConnection(std::unique_ptr<State> state) : state_(std::move(state)) {}
PlistConnection::PlistConnection(PlistConnection&& other) noexcept = default;
PlistConnection& PlistConnection::operator=(PlistConnection&& other) noexcept = default;
PlistConnection::~PlistConnection() = default;
int PlistConnection::descriptor() const { return state_->descriptor; }

base::Result<PlistConnection> PlistConnection::connect(Idevice device, std::uint16_t port, std::string service, LinkOptions options,
                                                       const base::Deadline& deadline, const std::stop_token& stop) {
    // libusbmuxd waits for usbmuxd's answer with a time-out of its own, and hides the socket until then.
    struct Shared {
        std::mutex mutex;
        Idevice device;
        idevice_connection_t connection = nullptr;
        idevice_error_t outcome = IDEVICE_E_UNKNOWN_ERROR;
        bool abandoned = false;
    };
    auto shared = std::make_shared<Shared>();
    shared->device = device;
    auto waited = run_bounded(
        [shared, port] {
            idevice_connection_t made = nullptr;
            const auto outcome = idevice_connect(shared->device.get(), port, &made);
            const std::scoped_lock lock(shared->mutex);
            if (shared->abandoned && made != nullptr) {
                idevice_disconnect(made);
                return;
            }
            shared->outcome = outcome;
            shared->connection = made;
        },
        deadline, stop);
    const std::scoped_lock lock(shared->mutex);
    if (!waited) {
        shared->abandoned = true;
        if (shared->connection != nullptr) idevice_disconnect(shared->connection);
        return fail(std::move(waited).error().with_context(fmt::format("connect to {}", service)));
    }
    if (shared->outcome != IDEVICE_E_SUCCESS) return fail(idevice_error(fmt::format("connect to {}", service), shared->outcome));
    auto state = std::make_unique<State>();
    state->device = std::move(device);
    state->connection = shared->connection;
    idevice_connection_get_fd(state->connection, &state->descriptor);
    state->number = ++last_connection;
    state->service = std::move(service);
    state->recorder = options.recorder ? std::move(options.recorder) : Recorder::installed();
    state->counters = options.counters ? std::move(options.counters) : std::make_shared<TransferCounters>();
    state->phone = std::move(options.phone);
    if (state->recorder)
        state->recorder->event(state->phone, "connect", {{"service", state->service}, {"port", port}, {"connection", state->number}});
    return PlistConnection(std::move(state));
}

base::Status PlistConnection::enable_tls(const base::Deadline& deadline, const std::stop_token& stop) {
    const SocketGuard guard(state_->descriptor, deadline, stop);
    const auto enabled = idevice_connection_enable_ssl(state_->connection);
    if (state_->recorder)
        state_->recorder->event(state_->phone, "tls", {{"connection", state_->number}, {"result", static_cast<int>(enabled)}});
    if (enabled == IDEVICE_E_SUCCESS) return {};
    state_->dead = true;
    UB_TRY_VOID(base::check_cancelled(stop, "begin encryption"));
    if (guard.fired()) return fail(ErrorCode::TimedOut, "the phone did not finish to begin encryption");
    return fail(idevice_error("begin encryption", enabled));
}

void PlistConnection::disable_tls() {
    // lockdownd drops to plain text without a TLS goodbye (libimobiledevice does the same after StopSession).
    idevice_connection_disable_bypass_ssl(state_->connection, 1);
}

base::Status PlistConnection::send_raw(base::ByteView bytes, const base::Deadline& deadline, const std::stop_token& stop) {
    if (state_->dead) return fail(ErrorCode::Disconnected, state_->service + ": the connection is over");
    UB_TRY_VOID(base::check_cancelled(stop, state_->service));
    const SocketGuard guard(state_->descriptor, deadline, stop);
    std::uint32_t sent = 0;
    ++state_->counters->transfers;
    const auto outcome = idevice_connection_send(state_->connection, reinterpret_cast<const char*>(bytes.data()),
                                                 static_cast<std::uint32_t>(bytes.size()), &sent);
    state_->counters->bytes_out += sent;
    if (outcome == IDEVICE_E_SUCCESS && sent == bytes.size()) return {};
    state_->dead = true;
    auto error = stop.stop_requested() ? base::Error(ErrorCode::Cancelled, state_->service + ": cancelled")
                 : guard.fired()       ? base::Error(ErrorCode::TimedOut, state_->service + ": the phone takes no more")
                                       : base::Error(ErrorCode::Disconnected, state_->service + ": the phone hung up").with_native("idevice", outcome);
    state_->count_error(error);
    return fail(std::move(error));
}

base::Status PlistConnection::receive_raw(std::span<std::uint8_t> into, const base::Deadline& deadline, const std::stop_token& stop) {
    if (state_->dead) return fail(ErrorCode::Disconnected, state_->service + ": the connection is over");
    const SocketGuard guard(state_->descriptor, deadline, stop);
    std::size_t done = 0;
    while (done < into.size()) {
        UB_TRY_VOID(base::check_cancelled(stop, state_->service));
        std::uint32_t got = 0;
        const auto left = deadline.remaining();
        // Only the first byte may time out without harm; from then on the guard ends a message that stops in the middle.
        const auto patience = done == 0 ? std::max<std::int64_t>(left.count() - 20, 1) : left.count() + 1000;
        const auto outcome = idevice_connection_receive_timeout(state_->connection, reinterpret_cast<char*>(into.data()) + done,
                                                                static_cast<std::uint32_t>(into.size() - done), &got,
                                                                static_cast<unsigned>(std::min<std::int64_t>(patience, 3'600'000)));
        done += got;
        if (outcome == IDEVICE_E_SUCCESS && got > 0) continue;
        if (stop.stop_requested()) return fail(ErrorCode::Cancelled, state_->service + ": cancelled");
        const bool nothing_yet = done == 0 && !guard.fired() && outcome == IDEVICE_E_TIMEOUT;
        if (nothing_yet && deadline.remaining().count() <= 25) {
            ++state_->counters->timeouts;
            return fail(ErrorCode::TimedOut, state_->service + ": no answer");
        }
        if (outcome == IDEVICE_E_TIMEOUT && !guard.fired()) continue;
        state_->dead = true;
        auto error = guard.fired() ? base::Error(ErrorCode::TimedOut, state_->service + ": the answer stopped in the middle")
                                   : base::Error(ErrorCode::Disconnected, state_->service + ": the phone hung up").with_native("idevice", outcome);
        state_->count_error(error);
        return fail(std::move(error));
    }
    state_->counters->bytes_in += done;
    return {};
}

base::Status PlistConnection::send(const base::Plist& message, const base::Deadline& deadline, const std::stop_token& stop, bool binary) {
    base::Bytes body;
    if (binary) {
        body = message.to_binary();
    } else {
        const std::string text = message.to_xml();
        body.assign(text.begin(), text.end());
    }
    base::Bytes framed(4);
    for (int index = 0; index < 4; ++index) framed[static_cast<std::size_t>(index)] = static_cast<std::uint8_t>(body.size() >> (24 - 8 * index));
    framed.insert(framed.end(), body.begin(), body.end());
    if (state_->recorder) state_->recorder->message(state_->phone, state_->service, state_->number, true, message);
    return send_raw(framed, deadline, stop);
}

base::Result<base::Plist> PlistConnection::receive(const base::Deadline& deadline, const std::stop_token& stop) {
    std::array<std::uint8_t, 4> header{};
    UB_TRY_VOID(receive_raw(header, deadline, stop));
    const std::size_t length = (std::size_t{header[0]} << 24) | (std::size_t{header[1]} << 16) | (std::size_t{header[2]} << 8) | header[3];
    if (length == 0 || length > kLargestMessage) {
        state_->dead = true;
        return fail(ErrorCode::Protocol, fmt::format("{}: a message of {} bytes", state_->service, length));
    }
    base::Bytes body(length);
    if (auto received = receive_raw(body, deadline, stop); !received) {
        state_->dead = true;   // between header and body there is no way back
        return fail(std::move(received).error());
    }
    auto parsed = base::Plist::parse(body, state_->service);
    if (!parsed) {
        state_->dead = true;
        return fail(base::Error(ErrorCode::Protocol, state_->service + ": no property list").with_context(parsed.error().to_string()));
    }
    if (state_->recorder) state_->recorder->message(state_->phone, state_->service, state_->number, false, *parsed);
    return std::move(*parsed);
}

base::Result<base::Plist> PlistConnection::ask(const base::Plist& message, const base::Deadline& deadline, const std::stop_token& stop) {
    UB_TRY_VOID(send(message, deadline, stop));
    return receive(deadline, stop);
}

}  // namespace unbrick::device
