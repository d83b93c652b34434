#include "recovery/restore/handlers.h"

#include <fmt/core.h>

namespace unbrick::recovery::restore {

namespace {

HandlerMap all_handlers() {
    HandlerMap handlers;
    add_image_handlers(handlers);
    add_boot_object_handlers(handlers);
    add_ticket_handlers(handlers);
    add_nor_handlers(handlers);
    add_list_handlers(handlers);
    add_baseband_handlers(handlers);
    add_updater_handlers(handlers);
    add_url_handlers(handlers);
    add_recovery_os_handlers(handlers);
    add_bundle_handlers(handlers);
    return handlers;
}

}  // namespace

const Handler* find_handler(std::string_view type) {
    static const HandlerMap handlers = all_handlers();
    const auto found = handlers.find(type);
    return found != handlers.end() ? &found->second : nullptr;
}

bool is_image_request(std::string_view type) { return type == "SystemImageData" || type == "RecoveryOSASRImage"; }

base::Result<std::string> argument(const DataRequest& request, std::string_view key) {
    auto value = request.arguments.string_at(key);
    if (!value || value->empty() || value->size() > 1024)
        return base::fail(base::ErrorCode::Protocol, fmt::format("{} without a usable {}", request.type, key));
    return std::move(*value);
}

base::Status send_chunks(Session& session, Channel& channel, firmware::MemberReader& reader, const std::stop_token& stop,
                         const std::function<base::Status()>& before_second) {
    constexpr std::size_t kPiece = 8192;   // what the field's tools send (restore-protocol.md 6.5)
    constexpr std::size_t kRead = 1u << 20;
    base::Bytes held;
    std::size_t held_at = 0;
    for (std::uint64_t at = 0; at < reader.size();) {
        if (held_at == held.size()) {
            held.resize(static_cast<std::size_t>(std::min<std::uint64_t>(kRead, reader.size() - at)));
            held_at = 0;
            UB_TRY_VOID(reader.read_at(at, held));
        }
        const auto piece = base::ByteView(held).subspan(held_at, std::min(kPiece, held.size() - held_at));
        UB_TRY_VOID(channel.send(base::Plist::dict().set("FileData", base::Plist::data(piece)), session.send_deadline(), stop));
        const bool first = at == 0;
        at += piece.size();
        held_at += piece.size();
        if (first && before_second) UB_TRY_VOID(before_second());
    }
    return channel.send(base::Plist::dict().set("FileDataDone", base::Plist::boolean(true)), session.send_deadline(), stop);
}

}  // namespace unbrick::recovery::restore
