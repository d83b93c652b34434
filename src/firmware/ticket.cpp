#include "src/firmware/ticket.h"

#include <fmt/core.h>

namespace unbrick::firmware {

using base::ErrorCode;
using base::fail;

namespace {

base::Status same_number(const Im4m& ticket, std::string_view name, std::uint64_t wanted, std::string_view meaning) {
    const auto value = ticket.number(name);
    if (!value) return fail(ErrorCode::TicketMismatch, fmt::format("the ticket does not say for which {} it is ({})", meaning, name));
    if (*value != wanted)
        return fail(ErrorCode::TicketMismatch, fmt::format("the ticket is for another {}: {} is {:x}, the phone's is {:x}", meaning, name, *value, wanted));
    return {};
}

}  // namespace

base::Result<Ticket> Ticket::parse(base::Bytes im4m) {
    UB_TRY_CONTEXT(auto contents, read_im4m(im4m), "the ticket of the signing server");
    return Ticket(std::move(im4m), std::move(contents));
}

base::Status Ticket::check(const TicketSubject& subject) const {
    UB_TRY_VOID(same_number(contents_, "ECID", subject.ecid, "phone"));
    UB_TRY_VOID(same_number(contents_, "CHIP", subject.cpid, "chip"));
    UB_TRY_VOID(same_number(contents_, "BORD", subject.bdid, "board"));
    if (contents_.number("SDOM")) UB_TRY_VOID(same_number(contents_, "SDOM", subject.security_domain, "security domain"));
    if (subject.ap_nonce.empty()) return {};
    const auto nonce = contents_.bytes("BNCH");
    if (!nonce) return fail(ErrorCode::TicketMismatch, "the ticket holds no nonce (BNCH)");
    if (*nonce != subject.ap_nonce)
        return fail(ErrorCode::TicketMismatch, fmt::format("the ticket was made for another boot of this phone: its nonce is {}, the phone's is {}",
                                                           base::to_hex(*nonce), base::to_hex(subject.ap_nonce)));
    return {};
}

std::optional<std::size_t> Ticket::digest_length(const std::string& fourcc) const {
    const auto found = contents_.components.find(fourcc);
    if (found == contents_.components.end()) return std::nullopt;
    const auto digest = found->second.find("DGST");
    if (digest == found->second.end() || !std::holds_alternative<base::Bytes>(digest->second)) return std::nullopt;
    return std::get<base::Bytes>(digest->second).size();
}

base::Status Ticket::check_image(const std::string& fourcc, base::ByteView digest, const std::string& name) const {
    const auto found = contents_.components.find(fourcc);
    if (found == contents_.components.end())
        return fail(ErrorCode::TicketMismatch, fmt::format("the ticket does not allow {} (no {} in it)", name, fourcc));
    const auto listed = found->second.find("DGST");
    if (listed == found->second.end() || !std::holds_alternative<base::Bytes>(listed->second))
        return fail(ErrorCode::TicketMismatch, fmt::format("the ticket lists {} ({}) without a digest", name, fourcc));
    const auto& wanted = std::get<base::Bytes>(listed->second);
    if (!std::equal(wanted.begin(), wanted.end(), digest.begin(), digest.end()))
        return fail(ErrorCode::TicketMismatch, fmt::format("{} ({}) of this firmware is not the one that the ticket allows: its digest is {}, the ticket's {}",
                                                           name, fourcc, base::to_hex(digest), base::to_hex(wanted)));
    return {};
}

}  // namespace unbrick::firmware
