#include "simulator/servers/tls_front.h"

#include <arpa/inet.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <list>
#include <mutex>
#include <thread>

#include "src/base/file.h"
#include "src/base/text.h"

namespace unbrick::simulator {

namespace {

struct Identity {
    EVP_PKEY* key = nullptr;
    X509* certificate = nullptr;
    ~Identity() { X509_free(certificate); EVP_PKEY_free(key); }
};

bool make_identity(Identity& identity) {
    identity.key = EVP_EC_gen("P-256");   // made at every start: an RSA key would cost a tenth of a second
    identity.certificate = X509_new();
    if (identity.key == nullptr || identity.certificate == nullptr) return false;
    X509_set_version(identity.certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(identity.certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(identity.certificate), -86400);
    X509_gmtime_adj(X509_getm_notAfter(identity.certificate), 86400 * 3650L);
    X509_set_pubkey(identity.certificate, identity.key);
    auto* name = X509_get_subject_name(identity.certificate);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("gs.apple.com"), -1, -1, 0);
    X509_set_issuer_name(identity.certificate, name);
    return X509_sign(identity.certificate, identity.key, EVP_sha256()) != 0;
}

int connect_loopback(int port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
        ::close(fd);
        return -1;
    }
    return fd;
}

bool send_all(int fd, std::string_view data) {
    while (!data.empty()) {
        const auto put = ::send(fd, data.data(), data.size(), MSG_NOSIGNAL);
        if (put <= 0) return false;
        data.remove_prefix(static_cast<std::size_t>(put));
    }
    return true;
}

}  // namespace

struct TlsFront::State {
    base::Fd listener;
    base::Fd stop;   // eventfd, readable once stopping
    int port = 0;
    int plain_port = 0;
    Identity identity;
    SSL_CTX* context = nullptr;
    std::thread acceptor;
    std::mutex mutex;
    std::list<std::thread> connections;
    ~State() { SSL_CTX_free(context); }

    // The head of a request: up to the blank line, at most 64 KiB.
    std::string read_head(int fd) const {
        std::string head;
        while (head.find("\r\n\r\n") == std::string::npos && head.size() < 65536) {
            pollfd waits[2] = {{fd, POLLIN, 0}, {stop.get(), POLLIN, 0}};
            if (::poll(waits, 2, 30000) <= 0 || (waits[1].revents & POLLIN) != 0) return {};
            char buffer[4096];
            const auto got = ::recv(fd, buffer, sizeof buffer, 0);
            if (got <= 0) return {};
            head.append(buffer, static_cast<std::size_t>(got));
        }
        return head;
    }

    void relay_tls(SSL* tls, int client, int server) const {
        char buffer[16384];
        for (;;) {
            if (SSL_pending(tls) == 0) {
                pollfd waits[3] = {{client, POLLIN, 0}, {server, POLLIN, 0}, {stop.get(), POLLIN, 0}};
                if (::poll(waits, 3, 120000) <= 0 || (waits[2].revents & POLLIN) != 0) return;
                if ((waits[1].revents & (POLLIN | POLLHUP)) != 0) {
                    const auto got = ::recv(server, buffer, sizeof buffer, 0);
                    if (got <= 0 || SSL_write(tls, buffer, static_cast<int>(got)) <= 0) return;
                    continue;
                }
            }
            const int got = SSL_read(tls, buffer, sizeof buffer);
            if (got <= 0 || !send_all(server, {buffer, static_cast<std::size_t>(got)})) return;
        }
    }

    void relay_plain(int client, int server) const {
        char buffer[16384];
        for (;;) {
            pollfd waits[3] = {{client, POLLIN, 0}, {server, POLLIN, 0}, {stop.get(), POLLIN, 0}};
            if (::poll(waits, 3, 120000) <= 0 || (waits[2].revents & POLLIN) != 0) return;
            const bool from_client = (waits[0].revents & (POLLIN | POLLHUP)) != 0;
            const auto got = ::recv(from_client ? client : server, buffer, sizeof buffer, 0);
            if (got <= 0 || !send_all(from_client ? server : client, {buffer, static_cast<std::size_t>(got)})) return;
        }
    }

    void serve(base::Fd client) const {
        const auto head = read_head(client.get());
        if (head.empty()) return;
        base::Fd server(connect_loopback(plain_port));
        if (!server) return;
        if (!base::starts_with(head, "CONNECT ")) {
            // A plain proxy request: "POST http://host/path"; the local server wants the path only.
            auto text = head;
            const auto scheme = text.find(" http://");
            if (scheme == std::string::npos) return;
            const auto path = text.find('/', scheme + 8);
            if (path == std::string::npos) return;
            text.erase(scheme + 1, path - scheme - 1);
            if (send_all(server.get(), text)) relay_plain(client.get(), server.get());
            return;
        }
        if (!send_all(client.get(), "HTTP/1.1 200 Connection established\r\n\r\n")) return;
        SSL* tls = SSL_new(context);
        SSL_set_fd(tls, client.get());
        if (SSL_accept(tls) == 1) relay_tls(tls, client.get(), server.get());
        SSL_shutdown(tls);
        SSL_free(tls);
    }

    void accept_loop() {
        for (;;) {
            pollfd waits[2] = {{listener.get(), POLLIN, 0}, {stop.get(), POLLIN, 0}};
            if (::poll(waits, 2, -1) < 0 && errno != EINTR) return;
            if ((waits[1].revents & POLLIN) != 0) return;
            if ((waits[0].revents & POLLIN) == 0) continue;
            base::Fd client(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
            if (!client) continue;
            const std::lock_guard lock(mutex);
            connections.emplace_back([this, fd = client.release()] { serve(base::Fd(fd)); });
        }
    }
};

TlsFront::TlsFront(std::unique_ptr<State> state) : state_(std::move(state)) {}

base::Result<std::unique_ptr<TlsFront>> TlsFront::start(int plain_port) {
    std::signal(SIGPIPE, SIG_IGN);   // SSL_write to a client that has gone
    auto state = std::make_unique<State>();
    state->plain_port = plain_port;
    if (!make_identity(state->identity)) return base::fail(base::ErrorCode::Internal, "no certificate for the TLS front");
    state->context = SSL_CTX_new(TLS_server_method());
    SSL_CTX_use_certificate(state->context, state->identity.certificate);
    SSL_CTX_use_PrivateKey(state->context, state->identity.key);
    state->stop.reset(::eventfd(0, EFD_CLOEXEC));
    state->listener.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    if (!state->stop || !state->listener || ::bind(state->listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(state->listener.get(), 16) != 0 || ::getsockname(state->listener.get(), reinterpret_cast<sockaddr*>(&address), &length) != 0)
        return base::fail(base::system_error("TLS front"));
    state->port = ntohs(address.sin_port);
    auto* raw = state.get();
    state->acceptor = std::thread([raw] { raw->accept_loop(); });
    return std::unique_ptr<TlsFront>(new TlsFront(std::move(state)));
}

TlsFront::~TlsFront() {
    const std::uint64_t one = 1;
    static_cast<void>(!::write(state_->stop.get(), &one, sizeof one));
    if (state_->acceptor.joinable()) state_->acceptor.join();
    for (auto& connection : state_->connections) connection.join();
}

int TlsFront::port() const { return state_->port; }
std::string TlsFront::proxy_url() const { return fmt::format("http://127.0.0.1:{}", state_->port); }

}  // namespace unbrick::simulator
