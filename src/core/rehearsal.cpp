#include "src/core/rehearsal.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "src/base/cancel.h"
#include "src/base/file.h"

namespace unbrick::core {

namespace {
const char* variable(const char* name) {
    const char* value = std::getenv(name);
    return value != nullptr ? value : "";
}
constexpr std::chrono::seconds kPatience{1};
}  // namespace

bool in_rehearsal() { return variable("UNBRICK_REHEARSAL")[0] != '\0'; }
std::string rehearsal_name() { return in_rehearsal() ? variable("UNBRICK_REHEARSAL_NAME") : ""; }

base::Status publish_ask(const base::OrderedJson& ask) {
    const std::string path = variable("UNBRICK_REHEARSAL");
    if (path.empty()) return {};
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) return base::fail(base::ErrorCode::HostEnvironment, "UNBRICK_REHEARSAL: the path is too long");
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    const base::Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!socket) return base::fail(base::system_error("rehearsal"));
    if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return base::fail(base::system_error(path));
    const auto line = base::dump_json(base::OrderedJson{{"ask", ask}}) + "\n";
    std::string_view rest = line;
    while (!rest.empty()) {
        const auto put = ::send(socket.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return base::fail(base::system_error(path));
        rest.remove_prefix(static_cast<std::size_t>(put));
    }
    // The answer says that the world has understood; nothing of it is needed.
    const auto deadline = base::Deadline::after(kPatience);
    pollfd ready{socket.get(), POLLIN, 0};
    if (::poll(&ready, 1, static_cast<int>(deadline.remaining().count())) <= 0) return base::fail(base::ErrorCode::TimedOut, "the rehearsal did not answer");
    char answer[512];
    (void)!::read(socket.get(), answer, sizeof answer);
    return {};
}

}  // namespace unbrick::core
