#include "src/device/links/recovery_link.h"

#include <fmt/core.h>

#include "src/base/digest.h"
#include "src/device/links/settle.h"

namespace unbrick::device {

using base::ErrorCode;
using base::fail;

namespace {

constexpr std::uint8_t kVendorOut = 0x40, kVendorIn = 0xc0, kStartUpload = 0x41, kClassOut = 0x21;
constexpr std::uint8_t kUploadEndpoint = 0x04, kConsoleEndpoint = 0x81;
constexpr std::size_t kUploadPiece = 0x8000;
constexpr std::size_t kPacket = 512;
constexpr std::size_t kLongestCommand = 255;   // with its NUL it fits the 256 bytes of iBoot's buffer
// Where recovery of these ids keeps its pipes (restore-protocol.md 1.2).
constexpr std::uint16_t kRecovery2Product = 0x1281;

base::Status check_text(std::string_view text) {
    if (text.empty() || text.size() >= kLongestCommand)
        return fail(ErrorCode::Usage, fmt::format("a recovery command of {} characters", text.size()));
    for (const char letter : text)
        if (letter < 0x20 || letter == 0x7f) return fail(ErrorCode::Usage, "a recovery command with control characters");
    return {};
}

}  // namespace

base::Result<RecoveryLink> RecoveryLink::open(const UsbAddress& address, const base::Deadline& deadline,
                                              const std::stop_token& stop, LinkOptions options) {
    return open_until_ready(deadline, stop, "open the phone in recovery mode", [&]() -> base::Result<RecoveryLink> {
        UB_TRY(UsbHandle usb, UsbHandle::open(address, options));
        if (mode_of_product(usb.product()) != Mode::Recovery)
            return fail(ErrorCode::WrongMode, fmt::format("USB device {:04x} is not in recovery mode", usb.product()));
        UB_TRY_VOID(usb.configure(1));
        UB_TRY_VOID(usb.claim(0, std::nullopt));
        if (usb.product() > kRecovery2Product) UB_TRY_VOID(usb.claim(1, 1));
        return RecoveryLink(std::move(usb));
    });
}

base::Result<IbootInfo> RecoveryLink::info(const base::Deadline& deadline, const std::stop_token& stop) {
    UB_TRY_CONTEXT(const std::string serial, usb_.serial_string(deadline, stop), "read the phone's identity");
    IbootInfo info = parse_iboot_string(serial);
    // String 1 may be missing: then the phone has no nonce.
    const auto nonces = usb_.string(1, deadline, stop);
    if (nonces) parse_nonce_string(*nonces, info);
    else if (nonces.error().code() != ErrorCode::Stalled && nonces.error().code() != ErrorCode::Protocol)
        return fail(base::Error(nonces.error()).with_context("read the nonces"));
    return info;
}

base::Status RecoveryLink::command(std::string_view text, std::uint8_t request, const base::Deadline& deadline,
                                   const std::stop_token& stop) {
    UB_TRY_VOID(check_text(text));
    base::Bytes bytes(text.begin(), text.end());
    bytes.push_back(0);
    UB_TRY_CONTEXT([[maybe_unused]] const std::size_t sent, usb_.control_out(kVendorOut, request, 0, 0, bytes, deadline, stop),
                   fmt::format("recovery command \"{}\"", text));
    return {};
}

base::Result<std::optional<std::string>> RecoveryLink::getenv(std::string_view name, const base::Deadline& deadline,
                                                              const std::stop_token& stop) {
    const std::string text = "getenv " + std::string(name);
    UB_TRY_VOID(check_text(text));
    if (auto asked = command(text, 0, deadline, stop); !asked) {
        if (asked.error().code() == ErrorCode::Stalled) return std::optional<std::string>();
        return fail(std::move(asked).error());
    }
    auto answer = usb_.control_in(kVendorIn, 0, 0, 0, 255, deadline, stop, true);
    if (!answer) {
        if (answer.error().code() == ErrorCode::Stalled) return std::optional<std::string>();
        return fail(std::move(answer).error().with_context(text));
    }
    std::string value(base::as_text(*answer));
    if (const auto end = value.find('\0'); end != std::string::npos) value.resize(end);
    return std::optional<std::string>(base::to_valid_utf8(value));
}

base::Status RecoveryLink::setenv(std::string_view name, std::string_view value, const base::Deadline& deadline,
                                  const std::stop_token& stop) {
    return command(fmt::format("setenv {} {}", name, value), 0, deadline, stop);
}

base::Status RecoveryLink::saveenv(const base::Deadline& deadline, const std::stop_token& stop) {
    return command("saveenv", 0, deadline, stop);
}

base::Status RecoveryLink::reboot(const base::Deadline& deadline, const std::stop_token& stop) {
    auto sent = command("reboot", 0, deadline, stop);
    if (sent) return sent;
    const auto code = sent.error().code();
    if (code == ErrorCode::Disconnected || code == ErrorCode::Stalled || code == ErrorCode::Transport || code == ErrorCode::NoPhone)
        return {};
    return sent;
}

base::Status RecoveryLink::upload(const UploadSource& source, const UploadProgress& progress, const base::Deadline& deadline,
                                  const std::stop_token& stop) {
    UB_TRY_CONTEXT([[maybe_unused]] const std::size_t begun, usb_.control_out(kStartUpload, 0, 0, 0, {}, deadline, stop),
                   "begin an upload");
    base::Bytes piece(kUploadPiece);
    base::Digest digest(base::DigestKind::Sha256);
    for (std::uint64_t done = 0; done < source.size;) {
        const std::size_t length = static_cast<std::size_t>(std::min<std::uint64_t>(kUploadPiece, source.size - done));
        const std::span<std::uint8_t> view(piece.data(), length);
        UB_TRY_VOID(source.read(view));
        digest.update(view);
        UB_TRY_CONTEXT([[maybe_unused]] const std::size_t sent, usb_.bulk_out(kUploadEndpoint, view, deadline, stop),
                       fmt::format("upload stopped at {} of {} bytes", done, source.size));
        done += length;
        if (progress) progress(done, source.size);
    }
    // Without it the phone waits for more when the size is a multiple of its packet (restore-protocol.md 2.4).
    if (source.size % kPacket == 0) {
        UB_TRY_CONTEXT([[maybe_unused]] const std::size_t ended, usb_.bulk_out(kUploadEndpoint, {}, deadline, stop), "end an upload");
    }
    usb_.note("uploaded", {{"bytes", source.size}, {"sha256", base::to_hex(digest.finish())}});
    return {};
}

void RecoveryLink::finish_transfer(const std::stop_token& stop) {
    (void)usb_.control_out(kClassOut, 1, 0, 0, {}, base::Deadline::after(std::chrono::seconds(5)), stop);
}

base::Result<std::string> RecoveryLink::console(const base::Deadline& deadline, const std::stop_token& stop) {
    UB_TRY_VOID(usb_.claim(1, 1));
    std::string text;
    base::Status outcome;
    while (text.size() < (1u << 16)) {
        auto more = usb_.bulk_in(kConsoleEndpoint, 0x1000, deadline.earlier_of(std::chrono::milliseconds(500)), stop);
        if (!more) {
            if (more.error().code() != ErrorCode::TimedOut) outcome = fail(std::move(more).error().with_context("read the console"));
            break;
        }
        if (more->empty()) break;
        text += base::to_valid_utf8(base::as_text(*more));
    }
    if (usb_.product() <= kRecovery2Product) usb_.release(1);
    if (!outcome && text.empty()) return fail(std::move(outcome).error());
    return text;
}

}  // namespace unbrick::device
