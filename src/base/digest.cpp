#include "src/base/digest.h"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <stdexcept>

namespace unbrick::base {

namespace {
const EVP_MD* algorithm(DigestKind kind) {
    switch (kind) {
        case DigestKind::Sha1: return EVP_sha1();
        case DigestKind::Sha256: return EVP_sha256();
        case DigestKind::Sha384: return EVP_sha384();
        case DigestKind::Sha512: return EVP_sha512();
    }
    return nullptr;
}
}  // namespace

std::size_t digest_size(DigestKind kind) { return static_cast<std::size_t>(EVP_MD_get_size(algorithm(kind))); }

struct Digest::State {
    DigestKind kind;
    EVP_MD_CTX* context;
    ~State() { EVP_MD_CTX_free(context); }
};

Digest::Digest(DigestKind kind) : state_(new State{kind, EVP_MD_CTX_new()}) {
    EVP_DigestInit_ex(state_->context, algorithm(kind), nullptr);
}
Digest::Digest(Digest&&) noexcept = default;
Digest& Digest::operator=(Digest&&) noexcept = default;
Digest::~Digest() = default;

void Digest::update(ByteView bytes) { EVP_DigestUpdate(state_->context, bytes.data(), bytes.size()); }

Bytes Digest::finish() {
    Bytes value(digest_size(state_->kind));
    unsigned int length = 0;
    EVP_DigestFinal_ex(state_->context, value.data(), &length);
    EVP_DigestInit_ex(state_->context, algorithm(state_->kind), nullptr);
    return value;
}

Bytes digest_of(DigestKind kind, ByteView bytes) {
    Digest digest(kind);
    digest.update(bytes);
    return digest.finish();
}

Bytes random_bytes(std::size_t count) {
    Bytes bytes(count);
    // Nonces and keys must not be guessable: without randomness there is no safe way on.
    if (count > 0 && RAND_bytes(bytes.data(), static_cast<int>(count)) != 1)
        throw std::runtime_error("the system gives no random bytes");
    return bytes;
}

}  // namespace unbrick::base
