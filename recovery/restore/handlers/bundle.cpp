// BootabilityBundle: a cpio archive (old ASCII headers), raw on the data port.
#include <fmt/core.h>

#include "recovery/restore/handlers.h"

namespace unbrick::recovery::restore {

namespace {

constexpr std::string_view kFolder = "BootabilityBundle/Restore/Bootability/";
constexpr std::string_view kTrustCache = "BootabilityBundle/Restore/Firmware/Bootability.dmg.trustcache";

std::string cpio_header(std::string_view name, std::uint64_t size, unsigned mode, unsigned inode) {
    // magic dev ino mode uid gid nlink rdev mtime namesize filesize, octal
    return fmt::format("070707{:06o}{:06o}{:06o}{:06o}{:06o}{:06o}{:06o}{:011o}{:06o}{:011o}{}", 0u, inode & 0777777u, mode, 0u, 0u, 1u, 0u, 0u, name.size() + 1, size, name) + '\0';
}

base::Status send_file(Session& session, Channel& channel, std::string_view member, std::string_view name, unsigned inode, const std::stop_token& stop) {
    UB_TRY(auto reader, session.parts().archive->reader(member));
    if (reader->size() > 077777777777ull) return base::fail(base::ErrorCode::FirmwareInvalid, fmt::format("{} is too large for the bundle", member));
    const auto header = cpio_header(name, reader->size(), 0100644, inode);
    UB_TRY_VOID(channel.send_raw(base::as_bytes(header), session.send_deadline(), stop));
    base::Bytes piece(256u << 10);
    for (std::uint64_t at = 0; at < reader->size();) {
        const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(piece.size(), reader->size() - at));
        UB_TRY_VOID(reader->read_at(at, std::span(piece).first(count)));
        UB_TRY_VOID(channel.send_raw(base::ByteView(piece).first(count), session.send_deadline(), stop));
        at += count;
    }
    return {};
}

base::Status bundle(Session& session, const DataRequest& request, const std::stop_token& stop) {
    UB_TRY(const auto port, session.open_port(request, stop));
    if (!port) return base::fail(base::ErrorCode::Protocol, "the phone asks for the bootability bundle and names no port");
    unsigned inode = 1;
    for (const auto& [member, entry] : session.parts().archive->list(kFolder))
        UB_TRY_VOID(send_file(session, *port, member, std::string_view(member).substr(kFolder.size()), inode++, stop));
    if (session.parts().archive->find(kTrustCache)) UB_TRY_VOID(send_file(session, *port, kTrustCache, "Bootability.trustcache", inode++, stop));
    const auto trailer = cpio_header("TRAILER!!!", 0, 0, 0);
    return port->send_raw(base::as_bytes(trailer), session.send_deadline(), stop);
}

}  // namespace

void add_bundle_handlers(HandlerMap& to) { to["BootabilityBundle"] = bundle; }

}  // namespace unbrick::recovery::restore
