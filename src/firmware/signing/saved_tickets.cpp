#include "src/firmware/signing/saved_tickets.h"

#include <fmt/core.h>

#include "src/base/digest.h"
#include "src/base/file.h"

namespace unbrick::firmware::signing {

std::filesystem::path SavedTickets::file_of(const base::Plist& request) const {
    auto essence = request;
    essence.remove("@UUID");
    const auto xml = essence.to_xml();
    return folder_ / fmt::format("{}.ticket", base::to_hex(base::digest_of(base::DigestKind::Sha256, base::as_bytes(xml))).substr(0, 32));
}

std::optional<base::Plist> SavedTickets::find(const base::Plist& request) const {
    const auto bytes = base::read_file(file_of(request), 16u << 20);
    if (!bytes) return std::nullopt;
    auto response = base::Plist::parse(*bytes, "saved ticket");
    if (!response || !response->has("ApImg4Ticket")) return std::nullopt;
    return std::move(*response);
}

base::Status SavedTickets::save(const base::Plist& request, const base::Plist& response) const {
    return base::write_file_atomically(file_of(request), response.to_xml());
}

}  // namespace unbrick::firmware::signing
