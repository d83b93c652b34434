// Wrapping components with the phone's ticket as they are read: nothing is copied to disk, and large images are
// never whole in memory.
#pragma once

#include <memory>
#include <string>

#include "src/firmware/archive.h"
#include "src/firmware/manifest.h"
#include "src/firmware/ticket.h"

namespace unbrick::firmware {

class Personalizer {
public:
    // `response` is the signing server's whole answer (restore-protocol.md 4.4); `ap_parameters` what lockdownd said,
    // or none. Errors: FirmwareInvalid when it holds no ApImg4Ticket.
    static base::Result<Personalizer> create(std::shared_ptr<const Archive> archive, const BuildIdentity* identity, base::Plist response,
                                             base::Plist ap_parameters);

    const Ticket& ticket() const { return ticket_; }
    const BuildIdentity& identity() const { return *identity_; }
    const Archive& archive() const { return *archive_; }
    const base::Plist& response() const { return response_; }
    bool has(std::string_view component) const { return identity_->find(component) != nullptr; }

    // The IMG4 of a component, digest and type compared with the ticket first (one pass over the file).
    // Errors: NotFound, FirmwareInvalid (no Image4 payload), TicketMismatch, LimitExceeded.
    base::Result<std::unique_ptr<MemberReader>> open(std::string_view component) const;
    base::Result<base::Bytes> read(std::string_view component) const;
    // The member's bytes as they lie in the firmware. Errors: NotFound, LimitExceeded.
    base::Result<std::unique_ptr<MemberReader>> open_raw(std::string_view component) const;
    base::Result<base::Bytes> read_raw(std::string_view component) const;

    // Wraps bytes that are an IM4P already (the local policy), without looking them up in the ticket.
    base::Result<base::Bytes> wrap(base::ByteView im4p) const;

private:
    Personalizer(std::shared_ptr<const Archive> archive, const BuildIdentity* identity, base::Plist response, Ticket ticket)
        : archive_(std::move(archive)), identity_(identity), response_(std::move(response)), ticket_(std::move(ticket)) {}
    base::Result<std::string> path_of(const Component& component) const;
    base::Bytes restore_info_of(const Component& component) const;

    std::shared_ptr<const Archive> archive_;
    const BuildIdentity* identity_;
    base::Plist response_;
    Ticket ticket_;
    std::uint64_t ap_nonce_slot_ = 0, sep_nonce_slot_ = 2;   // 5.4
};

// `prefix`, then `inner` with `replacement` laid over its bytes at `replace_at`, then `suffix`.
std::unique_ptr<MemberReader> stitched_reader(base::Bytes prefix, std::unique_ptr<MemberReader> inner, std::uint64_t replace_at,
                                              base::Bytes replacement, base::Bytes suffix);
std::unique_ptr<MemberReader> bytes_reader(base::Bytes bytes);

}  // namespace unbrick::firmware
