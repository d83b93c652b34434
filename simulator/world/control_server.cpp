#include "simulator/world/control_server.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <condition_variable>
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
    std::condition_variable quiet;
    std::list<int> connections;
    bool stopping = false;

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

ControlServer::ControlServer(std::shared_ptr<State> state) : state_(std::move(state)) {}

base::Result<std::unique_ptr<ControlServer>> ControlServer::start(const std::filesystem::path& socket, Handler handle) {
    auto state = std::make_shared<State>();
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
    state->acceptor = std::thread([raw, state] {
        while (true) {
            pollfd entries[2] = {{raw->listener.get(), POLLIN, 0}, {raw->wake.get(), POLLIN, 0}};
            if (::poll(entries, 2, -1) < 0 && errno != EINTR) return;
            if (entries[1].revents != 0) return;
            const int fd = ::accept4(raw->listener.get(), nullptr, nullptr, SOCK_CLOEXEC);
            if (fd < 0) continue;
            {
                const std::lock_guard lock(raw->mutex);
                raw->connections.push_back(fd);
            }
            // Detached, but counted in `connections`.
            std::thread([state, fd] {
                state->serve(fd);
                const std::lock_guard lock(state->mutex);
                state->connections.remove(fd);
                ::close(fd);
                state->quiet.notify_all();
            }).detach();
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
    std::unique_lock lock(state_->mutex);
    for (const int fd : state_->connections) ::shutdown(fd, SHUT_RDWR);
    state_->quiet.wait(lock, [this] { return state_->connections.empty(); });
}

}  // namespace unbrick::simulator
