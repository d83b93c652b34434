#include "simulator/world/control_server.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <list>
#include <mutex>
#include <thread>

#include "src/base/file.h"
#include "src/base/text.h"

namespace unbrick::simulator {

namespace {
constexpr std::size_t kLongestLine = 1u << 20;
}

struct ControlServer::State {
    Handler handle;
    std::filesystem::path path;
    base::Fd listener, wake;
    std::thread acceptor;
    std::mutex mutex;
    struct Connection {
        base::Fd socket;
        std::thread thread;
        bool over = false;  // guarded by `mutex`
    };
    std::list<Connection> connections;

    void join_ended() {
        std::list<Connection> ended;
        {
            const std::lock_guard lock(mutex);
            for (auto at = connections.begin(); at != connections.end();) {
                const auto next = std::next(at);
                if (at->over) ended.splice(ended.end(), connections, at);
                at = next;
            }
        }
        for (Connection& connection : ended) connection.thread.join();
    }

    void serve(int fd) {
        std::string pending;
        std::array<char, 4096> chunk{};
        while (true) {
            const ssize_t got = ::recv(fd, chunk.data(), chunk.size(), 0);
            if (got < 0 && errno == EINTR) continue;
            if (got <= 0) return;
            pending.append(chunk.data(), static_cast<std::size_t>(got));
            if (pending.size() > kLongestLine) return;
            for (std::size_t end = pending.find('\n'); end != std::string::npos; end = pending.find('\n')) {
                const std::string line = pending.substr(0, end);
                pending.erase(0, end + 1);
                if (base::trim(line).empty()) continue;
                auto request = base::parse_json(line, "control socket");
                const base::Json answer =
                    request ? handle(*request) : base::Json{{"error", request.error().to_string()}};
                const std::string text = base::dump_json(answer) + "\n";
                if (::send(fd, text.data(), text.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(text.size())) return;
            }
        }
    }
};

ControlServer::ControlServer(std::unique_ptr<State> state) : state_(std::move(state)) {}

base::Result<std::unique_ptr<ControlServer>> ControlServer::start(const std::filesystem::path& socket, Handler handle) {
    auto state = std::make_unique<State>();
    state->handle = std::move(handle);
    state->path = socket;
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = socket.string();
    if (path.size() >= sizeof(address.sun_path))
        return base::fail(base::ErrorCode::InvalidInput, "the socket's path is too long: " + path);
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    state->listener.reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    state->wake.reset(::eventfd(0, EFD_CLOEXEC));
    if (::bind(state->listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
        ::listen(state->listener.get(), 16) != 0)
        return base::fail(base::system_error("control socket " + path));
    State* raw = state.get();
    state->acceptor = std::thread([raw] {
        while (true) {
            pollfd entries[2] = {{raw->listener.get(), POLLIN, 0}, {raw->wake.get(), POLLIN, 0}};
            if (::poll(entries, 2, -1) < 0 && errno != EINTR) return;
            if (entries[1].revents != 0) return;
            const int fd = ::accept4(raw->listener.get(), nullptr, nullptr, SOCK_CLOEXEC);
            if (fd < 0) continue;
            {
                const std::lock_guard lock(raw->mutex);
                State::Connection& connection = raw->connections.emplace_back();
                connection.socket.reset(fd);
                connection.thread = std::thread([raw, &connection] {
                    raw->serve(connection.socket.get());
                    const std::lock_guard inner(raw->mutex);
                    ::shutdown(connection.socket.get(), SHUT_RDWR);
                    connection.over = true;
                });
            }
            raw->join_ended();
        }
    });
    return std::unique_ptr<ControlServer>(new ControlServer(std::move(state)));
}

ControlServer::~ControlServer() {
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t woken = ::write(state_->wake.get(), &one, sizeof(one));
    state_->acceptor.join();
    std::error_code ignored;
    std::filesystem::remove(state_->path, ignored);
    {
        const std::lock_guard lock(state_->mutex);
        for (const State::Connection& connection : state_->connections) ::shutdown(connection.socket.get(), SHUT_RDWR);
    }
    // The acceptor is gone: nobody else changes the list.
    for (State::Connection& connection : state_->connections) connection.thread.join();
}

}  // namespace unbrick::simulator
