// The phone's ticket, checked on the host before anything is sent.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "src/firmware/image4.h"

namespace unbrick::firmware {

// Who the ticket must be for.
struct TicketSubject {
    std::uint64_t ecid = 0;
    std::uint32_t cpid = 0, bdid = 0, security_domain = 1;
    base::Bytes ap_nonce;    // empty: the phone told none
};

class Ticket {
public:
    // Errors: FirmwareInvalid (no IM4M).
    static base::Result<Ticket> parse(base::Bytes im4m);
    const base::Bytes& bytes() const { return bytes_; }
    const Im4m& contents() const { return contents_; }

    // Errors: TicketMismatch, naming what differs. The SEP nonce is not compared: it changes between Normal and
    // Recovery while the ticket stays good (real-restore.md 6.3).
    base::Status check(const TicketSubject& subject) const;
    // That the ticket allows an image of this type and digest. Errors: TicketMismatch.
    base::Status check_image(const std::string& fourcc, base::ByteView digest, const std::string& name) const;
    // How long the digest of this type is in the ticket; nothing when it does not list the type.
    std::optional<std::size_t> digest_length(const std::string& fourcc) const;

private:
    Ticket(base::Bytes bytes, Im4m contents) : bytes_(std::move(bytes)), contents_(std::move(contents)) {}
    base::Bytes bytes_;
    Im4m contents_;
};

}  // namespace unbrick::firmware
