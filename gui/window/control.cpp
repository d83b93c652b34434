#include "gui/window/control.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

namespace unbrick::gui {

base::Result<std::unique_ptr<Control>> Control::create(const std::string& path, std::function<void()> wake) {
    auto control = std::unique_ptr<Control>(new Control);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) return base::fail(base::ErrorCode::InvalidInput, path + ": too long for a socket");
    std::copy(path.begin(), path.end(), address.sun_path);
    control->path_ = path;
    control->wake_ = std::move(wake);
    control->listener_.reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ::unlink(path.c_str());
    if (!control->listener_ || ::bind(control->listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(control->listener_.get(), 4) != 0)
        return tl::unexpected(base::system_error(path));
    control->stop_event_.reset(::eventfd(0, EFD_CLOEXEC));
    auto* self = control.get();
    control->thread_ = std::jthread([self](const std::stop_token& stop) { self->serve(stop); });
    return control;
}

Control::~Control() {
    thread_.request_stop();
    const std::uint64_t one = 1;
    if (::write(stop_event_.get(), &one, sizeof one) < 0) wake_ = nullptr;   // an eventfd takes 8 bytes always
    if (thread_.joinable()) thread_.join();
    ::unlink(path_.c_str());
}

std::optional<base::Json> Control::take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(request_, std::nullopt);
}

bool Control::waiting() const {
    const std::lock_guard lock(mutex_);
    return request_.has_value();
}

void Control::answer(const base::Json& answer) {
    const std::lock_guard lock(mutex_);
    answer_ = base::dump_json(answer);
    changed_.notify_all();
}

std::string Control::ask(const base::Json& request, const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    request_ = request;
    answer_.reset();
    wake_();
    changed_.wait(lock, stop, [&] { return answer_.has_value(); });
    return answer_.value_or("{}");
}

void Control::serve(const std::stop_token& stop) {
    base::Fd client;
    std::string buffer;
    while (!stop.stop_requested()) {
        pollfd waits[] = {{stop_event_.get(), POLLIN, 0}, {client ? client.get() : listener_.get(), POLLIN, 0}};
        if (::poll(waits, 2, -1) < 0 || (waits[0].revents & POLLIN) != 0) continue;
        if (!client) {
            client.reset(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
            buffer.clear();
            continue;
        }
        char bytes[4096];
        const auto got = ::read(client.get(), bytes, sizeof bytes);
        if (got <= 0) {
            client.reset();
            continue;
        }
        buffer.append(bytes, static_cast<std::size_t>(got));
        for (auto end = buffer.find('\n'); end != std::string::npos; end = buffer.find('\n')) {
            const auto request = base::parse_json(buffer.substr(0, end), "control");
            buffer.erase(0, end + 1);
            const std::string reply = (request ? ask(*request, stop) : std::string("{\"error\":\"not JSON\"}")) + "\n";
            if (::send(client.get(), reply.data(), reply.size(), MSG_NOSIGNAL) < 0) {
                client.reset();
                break;
            }
        }
    }
}

}  // namespace unbrick::gui
