// The simulator's own writing and checking of Image4 (restore-protocol.md 5). Not shared with the
// engine: a misreading must not agree with itself.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/digest.h"
#include "src/base/plist.h"
#include "src/base/result.h"

namespace unbrick::simulator {

// IM4P around `payload`.
base::Bytes make_im4p(std::string_view fourcc, std::string_view description, base::ByteView payload);
// The same IM4P with another fourcc (same length, in place).
base::Bytes retagged_im4p(base::ByteView im4p, std::string_view fourcc);

// The maker's signing key in this world: an EC P-256 key pair. Phones trust exactly this one.
class SigningKey {
public:
    static base::Result<SigningKey> generate();
    base::Bytes sign(base::ByteView data) const;
    bool verify(base::ByteView data, base::ByteView signature) const;
    base::Bytes public_key_der() const;

private:
    struct State;
    std::shared_ptr<State> state_;
};

// What a ticket is issued for; from the signing request.
struct TicketFor {
    std::uint64_t ecid = 0;
    std::uint32_t chip = 0, board = 0, security_domain = 1;
    bool production = true, secure = true;
    base::Bytes ap_nonce, sep_nonce;
    base::Plist components;   // dict: component name -> dict with Digest, Trusted, EPRO, ESEC
};
// The IM4M. Components whose fourcc is not known are named by their own four first letters of a hash,
// as the request gives only names; `fourccs` maps the name to the code that the phone will look for.
base::Bytes make_ticket(const TicketFor& what, const base::Plist& fourccs, const SigningKey& key);

// What the phone holds against an image that was sent to it.
struct PhoneTrust {
    std::uint64_t ecid = 0;
    std::uint32_t chip = 0, board = 0, security_domain = 1;
    base::Bytes ap_nonce;
    // Every SEP nonce that the phone has shown: Normal mode shows another one than Recovery, and a ticket for either
    // is taken (real-restore.md 3.2).
    std::vector<base::Bytes> sep_nonces;
    base::DigestKind digest = base::DigestKind::Sha384;
    const SigningKey* key = nullptr;
};

struct CheckedImage {
    std::string fourcc;
    base::Bytes payload;
    base::Bytes im4p;        // the whole IM4P element
    base::Bytes im4r;        // empty when there is none
    bool has_nonce_slot = false;
};
// Errors (code TicketMismatch or InvalidInput) say which check failed, in words for the verdict.
base::Result<CheckedImage> check_image(base::ByteView img4, const PhoneTrust& trust);
// Only the ticket: signature, nonce, ECID, board, chip, domain.
base::Status check_ticket(base::ByteView im4m, const PhoneTrust& trust);

}  // namespace unbrick::simulator
