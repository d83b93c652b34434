#include "simulator/mux/stream.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "src/base/digest.h"

namespace unbrick::simulator::mux {

using base::ErrorCode;

namespace {

constexpr std::size_t kLargestMessage = 64u << 20;
constexpr auto kWritePatience = std::chrono::seconds(30);

template <class T, void (*Free)(T*)>
struct Freed {
    void operator()(T* value) const { Free(value); }
};
using BioPtr = std::unique_ptr<BIO, Freed<BIO, BIO_free_all>>;
using X509Ptr = std::unique_ptr<X509, Freed<X509, X509_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY, EVP_PKEY_free>>;

std::string openssl_error() {
    std::array<char, 256> text{};
    ERR_error_string_n(ERR_get_error(), text.data(), text.size());
    return text.data();
}

// A phone knows the host by comparing certificates with the pair record, not by a chain.
int accept_any_certificate(int, X509_STORE_CTX*) { return 1; }

}  // namespace

struct Stream::Ssl {
    SSL_CTX* context = nullptr;
    SSL* session = nullptr;
    ~Ssl() {
        SSL_free(session);
        SSL_CTX_free(context);
    }
};

Stream::Stream(base::Fd socket) : socket_(std::move(socket)) {
    const int flags = fcntl(socket_.get(), F_GETFL);
    fcntl(socket_.get(), F_SETFL, flags | O_NONBLOCK);
}

Stream::~Stream() {
    if (ssl_) SSL_shutdown(ssl_->session);
}

void Stream::interrupt() {
    interrupted_ = true;
    ::shutdown(socket_.get(), SHUT_RDWR);
}

base::Status Stream::wait(short events, base::Deadline deadline) {
    pollfd entry{socket_.get(), events, 0};
    while (true) {
        const int ready = ::poll(&entry, 1, static_cast<int>(deadline.remaining().count()));
        if (interrupted_) return base::fail(ErrorCode::Disconnected, "the link is gone");
        if (ready > 0) return {};
        if (ready < 0 && errno != EINTR) return base::fail(base::system_error("poll"));
        if (deadline.expired()) return base::fail(ErrorCode::TimedOut, "the host says nothing");
    }
}

base::Result<std::size_t> Stream::read_some(std::span<std::uint8_t> into, base::Deadline deadline) {
    while (true) {
        if (ssl_) {
            ERR_clear_error();
            const int got = SSL_read(ssl_->session, into.data(), static_cast<int>(std::min<std::size_t>(into.size(), 1 << 20)));
            if (got > 0) return static_cast<std::size_t>(got);
            const int why = SSL_get_error(ssl_->session, got);
            if (why == SSL_ERROR_WANT_READ) { UB_TRY_VOID(wait(POLLIN, deadline)); continue; }
            if (why == SSL_ERROR_WANT_WRITE) { UB_TRY_VOID(wait(POLLOUT, deadline)); continue; }
            return std::size_t{0};  // closed, with or without a goodbye
        }
        const ssize_t got = ::recv(socket_.get(), into.data(), into.size(), 0);
        if (got >= 0) return static_cast<std::size_t>(got);
        if (errno == EINTR) continue;
        if (errno != EAGAIN) return base::fail(ErrorCode::Disconnected, "the host is gone");
        UB_TRY_VOID(wait(POLLIN, deadline));
    }
}

base::Status Stream::read_exactly(std::span<std::uint8_t> into, base::Deadline deadline) {
    while (!into.empty()) {
        UB_TRY(const std::size_t got, read_some(into, deadline));
        if (got == 0) return base::fail(ErrorCode::Disconnected, "the host closed the connection");
        into = into.subspan(got);
    }
    return {};
}

base::Status Stream::write_raw(base::ByteView bytes, base::Deadline deadline) {
    while (!bytes.empty()) {
        if (ssl_) {
            ERR_clear_error();
            const int sent = SSL_write(ssl_->session, bytes.data(), static_cast<int>(std::min<std::size_t>(bytes.size(), 1 << 20)));
            if (sent > 0) { bytes = bytes.subspan(static_cast<std::size_t>(sent)); continue; }
            const int why = SSL_get_error(ssl_->session, sent);
            if (why == SSL_ERROR_WANT_READ) { UB_TRY_VOID(wait(POLLIN, deadline)); continue; }
            if (why == SSL_ERROR_WANT_WRITE) { UB_TRY_VOID(wait(POLLOUT, deadline)); continue; }
            return base::fail(ErrorCode::Disconnected, "TLS: " + openssl_error());
        }
        const ssize_t sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent >= 0) { bytes = bytes.subspan(static_cast<std::size_t>(sent)); continue; }
        if (errno == EINTR) continue;
        if (errno != EAGAIN) return base::fail(ErrorCode::Disconnected, "the host is gone");
        UB_TRY_VOID(wait(POLLOUT, deadline));
    }
    return {};
}

base::Status Stream::write_all(base::ByteView bytes, base::Deadline deadline) {
    if (!fault_ || sent_ + bytes.size() <= fault_->at) {
        sent_ += bytes.size();
        return write_raw(bytes, deadline);
    }
    const std::size_t before = fault_->at > sent_ ? static_cast<std::size_t>(fault_->at - sent_) : 0;
    UB_TRY_VOID(write_raw(bytes.first(before), deadline));
    sent_ = fault_->at;
    switch (fault_->kind) {
        case StreamFault::Kind::Cut:
            interrupt();
            return base::fail(ErrorCode::Disconnected, "cut by the scenario");
        case StreamFault::Kind::Stall: {
            // Nothing more is ever sent; the end comes from the host or from the world.
            std::array<std::uint8_t, 4096> sink{};
            while (true) {
                UB_TRY(const std::size_t got, read_some(sink, base::Deadline::never()));
                if (got == 0) return base::fail(ErrorCode::Disconnected, "the host gave up");
            }
        }
        case StreamFault::Kind::Garbage: {
            const base::Bytes noise = base::random_bytes(std::max<std::size_t>(bytes.size() - before, 64));
            fault_.reset();
            return write_raw(noise, deadline);
        }
    }
    return {};
}

base::Result<base::Plist> Stream::read_plist(base::Deadline deadline) {
    std::array<std::uint8_t, 4> head{};
    UB_TRY_VOID(read_exactly(head, deadline));
    const std::size_t size = static_cast<std::size_t>(head[0]) << 24 | static_cast<std::size_t>(head[1]) << 16 |
                             static_cast<std::size_t>(head[2]) << 8 | head[3];
    if (size > kLargestMessage) return base::fail(ErrorCode::Protocol, "a message longer than any is");
    base::Bytes body(size);
    UB_TRY_VOID(read_exactly(body, deadline));
    answer_binary_ = base::starts_with(base::as_text(body), "bplist");
    return base::Plist::parse(body, "host message");
}

base::Status Stream::write_plist(const base::Plist& message) {
    base::Bytes body;
    if (answer_binary_) {
        body = message.to_binary();
    } else {
        const std::string xml = message.to_xml();
        body.assign(xml.begin(), xml.end());
    }
    const auto size = static_cast<std::uint32_t>(body.size());
    base::Bytes whole{static_cast<std::uint8_t>(size >> 24), static_cast<std::uint8_t>(size >> 16),
                      static_cast<std::uint8_t>(size >> 8), static_cast<std::uint8_t>(size)};
    whole.insert(whole.end(), body.begin(), body.end());
    return write_all(whole, base::Deadline::after(kWritePatience));
}

base::Status Stream::start_tls(const TlsIdentity& identity, base::Deadline deadline) {
    auto ssl = std::make_unique<Ssl>();
    ssl->context = SSL_CTX_new(TLS_server_method());
    if (ssl->context == nullptr) return base::fail(ErrorCode::Internal, "TLS: " + openssl_error());
    // Pair records are signed with SHA-1 and old clients stay at TLS 1.0 (virtual-phone.md section 2).
    SSL_CTX_set_security_level(ssl->context, 0);
    SSL_CTX_set_cipher_list(ssl->context, "ALL:@SECLEVEL=0");
    SSL_CTX_set_min_proto_version(ssl->context, TLS1_VERSION);
    SSL_CTX_set_options(ssl->context, SSL_OP_LEGACY_SERVER_CONNECT | SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_session_cache_mode(ssl->context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_verify(ssl->context, SSL_VERIFY_PEER, accept_any_certificate);

    BioPtr certificate_text(BIO_new_mem_buf(identity.certificate.data(), static_cast<int>(identity.certificate.size())));
    X509Ptr certificate(PEM_read_bio_X509(certificate_text.get(), nullptr, nullptr, nullptr));
    BioPtr key_text(BIO_new_mem_buf(identity.private_key.data(), static_cast<int>(identity.private_key.size())));
    KeyPtr key(PEM_read_bio_PrivateKey(key_text.get(), nullptr, nullptr, nullptr));
    if (!certificate || !key || SSL_CTX_use_certificate(ssl->context, certificate.get()) != 1 ||
        SSL_CTX_use_PrivateKey(ssl->context, key.get()) != 1)
        return base::fail(ErrorCode::Protocol, "TLS: the pair record's device certificate does not fit this phone");

    ssl->session = SSL_new(ssl->context);
    SSL_set_fd(ssl->session, socket_.get());
    while (true) {
        ERR_clear_error();
        const int done = SSL_accept(ssl->session);
        if (done == 1) break;
        const int why = SSL_get_error(ssl->session, done);
        if (why == SSL_ERROR_WANT_READ) { UB_TRY_VOID(wait(POLLIN, deadline)); continue; }
        if (why == SSL_ERROR_WANT_WRITE) { UB_TRY_VOID(wait(POLLOUT, deadline)); continue; }
        return base::fail(ErrorCode::Disconnected, "TLS: " + openssl_error());
    }
    ssl_ = std::move(ssl);
    return {};
}

void Stream::stop_tls() {
    if (!ssl_) return;
    SSL_shutdown(ssl_->session);
    ssl_.reset();
}

std::string Stream::peer_certificate() const {
    if (!ssl_) return {};
    X509Ptr peer(SSL_get1_peer_certificate(ssl_->session));
    if (!peer) return {};
    BioPtr memory(BIO_new(BIO_s_mem()));
    PEM_write_bio_X509(memory.get(), peer.get());
    char* text = nullptr;
    const long size = BIO_get_mem_data(memory.get(), &text);
    return {text, static_cast<std::size_t>(size)};
}

}  // namespace unbrick::simulator::mux
