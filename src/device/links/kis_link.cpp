#include "src/device/links/kis_link.h"

#include <fmt/core.h>

#include <algorithm>

#include "src/base/digest.h"
#include "src/device/links/settle.h"

namespace unbrick::device {

using base::ErrorCode;
using base::fail;

namespace {

constexpr std::size_t kHeader = 12;
constexpr std::size_t kInfoBlock = 0x300;
constexpr std::size_t kGenericReply = kHeader + 8;
constexpr std::uint32_t kUploadPiece = 0x4000;
constexpr std::uint16_t kEnableA = 0x0a, kEnableB = 0x14, kGetInfo = 0x100, kUpload = 0x0d, kBoot = 0x103;

enum class Portal : std::uint8_t { Config = 0x01, Rsm = 0x10 };
std::uint8_t endpoint_of(Portal portal) { return portal == Portal::Config ? 1 : 3; }

void put32(base::Bytes& to, std::uint32_t value) {
    for (int shift = 0; shift < 32; shift += 8) to.push_back(static_cast<std::uint8_t>(value >> shift));
}

std::uint32_t get32(base::ByteView from, std::size_t at) {
    if (at + 4 > from.size()) return 0;
    return from[at] | (std::uint32_t{from[at + 1]} << 8) | (std::uint32_t{from[at + 2]} << 16) | (std::uint32_t{from[at + 3]} << 24);
}

// A message as in restore-protocol.md 2.2. `reply_words`: the size of the reply that is expected.
base::Bytes message(Portal portal, std::uint16_t index, std::uint32_t reply_words, base::ByteView arguments, base::ByteView payload) {
    base::Bytes bytes{0, 0, 0xa0, static_cast<std::uint8_t>(portal), static_cast<std::uint8_t>(arguments.size() / 4),
                      static_cast<std::uint8_t>(index & 0xff),
                      static_cast<std::uint8_t>(((index >> 8) & 0x03) | ((reply_words & 0x3f) << 2)),
                      static_cast<std::uint8_t>((reply_words >> 6) & 0xff)};
    put32(bytes, static_cast<std::uint32_t>(arguments.size() + payload.size()));
    bytes.insert(bytes.end(), arguments.begin(), arguments.end());
    bytes.insert(bytes.end(), payload.begin(), payload.end());
    return bytes;
}

base::Result<base::Bytes> exchange(UsbHandle& usb, Portal portal, const base::Bytes& request, std::size_t reply_size,
                                   const base::Deadline& deadline, const std::stop_token& stop) {
    const std::uint8_t endpoint = endpoint_of(portal);
    UB_TRY_VOID(usb.bulk_out(endpoint, request, deadline, stop).map([](std::size_t) {}));
    return usb.bulk_in(static_cast<std::uint8_t>(endpoint | 0x80), reply_size, deadline, stop);
}

base::Status generic(UsbHandle& usb, Portal portal, const base::Bytes& request, std::string_view what, const base::Deadline& deadline,
                     const std::stop_token& stop) {
    UB_TRY_CONTEXT(const base::Bytes reply, exchange(usb, portal, request, kGenericReply, deadline, stop), std::string(what));
    if (reply.size() < kGenericReply) return fail(ErrorCode::Protocol, fmt::format("{}: a reply of {} bytes", what, reply.size()));
    if (const auto status = get32(reply, kHeader + 4); status != 0)
        return fail(base::Error(ErrorCode::PhoneRefused, fmt::format("{}: the phone answered {:#x}", what, status)).with_native("kis", status));
    return {};
}

// A USB string descriptor inside the block.
std::string string_at(base::ByteView block, std::size_t words) {
    const std::size_t at = words * 4;
    if (words == 0 || at + 2 > block.size() || block[at + 1] != 3) return {};
    const std::size_t end = std::min(block.size(), at + block[at]);
    std::string text;
    for (std::size_t here = at + 2; here + 1 < end; here += 2)
        text += block[here + 1] == 0 && block[here] >= 0x20 && block[here] < 0x7f ? static_cast<char>(block[here]) : '?';
    return text;
}

}  // namespace

KisDeviceInfo parse_kis_device_info(base::ByteView block) {
    KisDeviceInfo info;
    if (block.size() < 0x52) return info;
    info.max_upload_size = get32(block, 0x08);
    info.product = static_cast<std::uint16_t>(block[0x4a] | (block[0x4b] << 8));
    info.iboot = parse_iboot_string(string_at(block, block[0x50]));
    parse_nonce_string(string_at(block, get32(block, 0x18)), info.iboot);
    return info;
}

base::Result<KisLink> KisLink::open(const UsbAddress& address, const base::Deadline& deadline, const std::stop_token& stop,
                                    LinkOptions options) {
    return open_until_ready(deadline, stop, "open the phone in DFU mode (KIS)", [&]() -> base::Result<KisLink> {
        UB_TRY(UsbHandle usb, UsbHandle::open(address, options));
        if (mode_of_product(usb.product()) != Mode::Kis)
            return fail(ErrorCode::WrongMode, fmt::format("USB device {:04x} is not in KIS mode", usb.product()));
        UB_TRY_VOID(usb.configure(1));
        UB_TRY_VOID(usb.claim(0, std::nullopt));
        const auto words = [](std::initializer_list<std::uint32_t> values) {
            base::Bytes bytes;
            for (const auto value : values) put32(bytes, value);
            return bytes;
        };
        // The answers to these two are not judged: libirecovery goes on after a wrong size as well.
        UB_TRY_VOID(exchange(usb, Portal::Config, message(Portal::Config, kEnableA, 1, words({0x21}), {}), kGenericReply, deadline, stop)
                        .map([](const base::Bytes&) {}));
        UB_TRY_VOID(exchange(usb, Portal::Config, message(Portal::Config, kEnableB, 1, words({0x01}), {}), kGenericReply, deadline, stop)
                        .map([](const base::Bytes&) {}));
        UB_TRY_CONTEXT(const base::Bytes reply,
                       exchange(usb, Portal::Rsm, message(Portal::Rsm, kGetInfo, kInfoBlock / 4, {}, {}), kHeader + kInfoBlock + 8,
                                deadline, stop),
                       "ask for the device info");
        if (reply.size() < kHeader + kInfoBlock)
            return fail(ErrorCode::Protocol, fmt::format("a device info of {} bytes", reply.size()));
        const auto parsed = parse_kis_device_info(base::ByteView(reply).subspan(kHeader, kInfoBlock));
        KisLink link(std::move(usb));
        link.info_ = parsed.iboot;
        link.max_upload_ = parsed.max_upload_size;
        return link;
    });
}

base::Status KisLink::upload(const UploadSource& source, const UploadProgress& progress, const base::Deadline& deadline,
                             const std::stop_token& stop) {
    if (source.size > 0xffffffffu) return fail(ErrorCode::LimitExceeded, fmt::format("an image of {} bytes", source.size));
    // What the phone names is the most that one message may carry, not the size of an image (restore-protocol.md 2.2).
    const auto most = max_upload_ != 0 ? std::min<std::uint32_t>(kUploadPiece, max_upload_) : kUploadPiece;
    base::Bytes piece;
    base::Digest digest(base::DigestKind::Sha256);
    for (std::uint64_t done = 0; done < source.size;) {
        const std::uint32_t length = static_cast<std::uint32_t>(std::min<std::uint64_t>(most, source.size - done));
        piece.resize(length);
        UB_TRY_VOID(source.read(piece));
        digest.update(piece);
        base::Bytes arguments;
        put32(arguments, static_cast<std::uint32_t>(done));
        put32(arguments, static_cast<std::uint32_t>(done >> 32));
        put32(arguments, length);
        UB_TRY_VOID(generic(usb_, Portal::Rsm, message(Portal::Rsm, kUpload, 0, arguments, piece),
                            fmt::format("KIS upload at {} of {} bytes", done, source.size), deadline, stop));
        done += length;
        if (progress) progress(done, source.size);
    }
    usb_.note("uploaded", {{"bytes", source.size}, {"sha256", base::to_hex(digest.finish())}});
    base::Bytes total;
    put32(total, static_cast<std::uint32_t>(source.size));
    auto booted = generic(usb_, Portal::Rsm, message(Portal::Rsm, kBoot, 0, total, {}), "boot the image", deadline, stop);
    // It may leave before it has answered; whether the image runs is seen by what comes back.
    if (!booted && booted.error().code() != ErrorCode::Disconnected && booted.error().code() != ErrorCode::Transport) return booted;
    return {};
}

}  // namespace unbrick::device
