// Digests, by OpenSSL (which uses the processor's SHA instructions).
#pragma once

#include <memory>

#include "src/base/text.h"

namespace unbrick::base {

enum class DigestKind { Sha1, Sha256, Sha384, Sha512 };
std::size_t digest_size(DigestKind kind);

class Digest {
public:
    explicit Digest(DigestKind kind);
    Digest(Digest&&) noexcept;
    Digest& operator=(Digest&&) noexcept;
    ~Digest();
    void update(ByteView bytes);
    // Ends this digest; a further update() starts a new one.
    Bytes finish();

private:
    struct State;
    std::unique_ptr<State> state_;
};

Bytes digest_of(DigestKind kind, ByteView bytes);
Bytes random_bytes(std::size_t count);

}  // namespace unbrick::base
