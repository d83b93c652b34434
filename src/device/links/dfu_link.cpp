#include "src/device/links/dfu_link.h"

#include <fmt/core.h>

#include <array>

#include "src/base/digest.h"
#include "src/device/links/settle.h"

namespace unbrick::device {

using base::ErrorCode;
using base::fail;

namespace {

constexpr std::uint8_t kClassOut = 0x21, kClassIn = 0xa1;
constexpr std::uint8_t kDownload = 1, kGetStatus = 3, kClearStatus = 4, kGetState = 5, kAbort = 6;
constexpr std::size_t kBlock = 0x800;
constexpr std::size_t kSmallBlock = 0x40;        // port DFU: smaller blocks and no suffix
constexpr int kStatusAttempts = 20;              // one second apart (restore-protocol.md 2.1 step 6)
constexpr std::chrono::milliseconds kStatusAgainAfter{1000};
constexpr std::array<std::uint8_t, 12> kSuffix{0xff, 0xff, 0xff, 0xff, 0xac, 0x05, 0x00, 0x01, 0x55, 0x46, 0x44, 0x10};
constexpr std::size_t kSuffixSize = kSuffix.size() + 4;

constexpr std::array<std::uint32_t, 256> make_table() {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t index = 0; index < 256; ++index) {
        std::uint32_t value = index;
        for (int bit = 0; bit < 8; ++bit) value = (value & 1u) != 0 ? (value >> 1) ^ 0xedb88320u : value >> 1;
        table[index] = value;
    }
    return table;
}
constexpr auto kTable = make_table();

// Byte 4 of the answer is the state; anything but six bytes is no answer.
base::Result<std::uint8_t> get_status(UsbHandle& usb, const base::Deadline& deadline, const std::stop_token& stop) {
    UB_TRY_CONTEXT(const base::Bytes status, usb.control_in(kClassIn, kGetStatus, 0, 0, 6, deadline, stop), "ask for the DFU status");
    if (status.size() != 6) return fail(ErrorCode::Protocol, fmt::format("a DFU status of {} bytes", status.size()));
    return status[4];
}

base::Status wait_block_taken(UsbHandle& usb, const base::Deadline& deadline, const std::stop_token& stop) {
    std::uint8_t state = 0;   // the last one seen
    for (int attempt = 0; attempt < kStatusAttempts; ++attempt) {
        if (attempt > 0) settle(kStatusAgainAfter, stop);
        UB_TRY_VOID(base::check_cancelled(stop, "DFU upload"));
        UB_TRY(const std::uint8_t now, get_status(usb, deadline, stop));
        state = now;
        if (state == static_cast<std::uint8_t>(DfuState::DownloadIdle)) return {};
        if (state == static_cast<std::uint8_t>(DfuState::Error)) break;
        if (deadline.expired()) break;
    }
    return fail(base::Error(ErrorCode::Protocol, fmt::format("the phone did not take a block (DFU state {})", state))
                    .with_native("dfu-state", state));
}

base::Status send_block(UsbHandle& usb, std::size_t number, base::ByteView data, const base::Deadline& deadline, const std::stop_token& stop) {
    UB_TRY(const std::size_t sent, usb.control_out(kClassOut, kDownload, static_cast<std::uint16_t>(number), 0, data, deadline, stop));
    if (sent != data.size()) {
        ++usb.counters().short_writes;
        return fail(ErrorCode::Transport, fmt::format("block {}: {} of {} bytes", number, sent, data.size()));
    }
    return {};
}

}  // namespace

std::uint32_t dfu_checksum(base::ByteView bytes, std::uint32_t before) {
    for (const std::uint8_t byte : bytes) before = kTable[(before ^ byte) & 0xffu] ^ (before >> 8);
    return before;
}

base::Result<DfuLink> DfuLink::open(const UsbAddress& address, const base::Deadline& deadline, const std::stop_token& stop,
                                    LinkOptions options) {
    return open_until_ready(deadline, stop, "open the phone in DFU mode", [&]() -> base::Result<DfuLink> {
        UB_TRY(UsbHandle usb, UsbHandle::open(address, options));
        const auto mode = mode_of_product(usb.product());
        if (mode != Mode::Dfu && mode != Mode::Wtf && mode != Mode::PortDfu)
            return fail(ErrorCode::WrongMode, fmt::format("USB device {:04x} is not in DFU mode", usb.product()));
        UB_TRY_VOID(usb.configure(1));
        UB_TRY_VOID(usb.claim(0, std::nullopt));
        return DfuLink(std::move(usb));
    });
}

base::Result<IbootInfo> DfuLink::info(const base::Deadline& deadline, const std::stop_token& stop) {
    UB_TRY_CONTEXT(const std::string serial, usb_.serial_string(deadline, stop), "read the phone's identity");
    IbootInfo info = parse_iboot_string(serial);
    const auto nonces = usb_.string(1, deadline, stop);
    if (nonces) parse_nonce_string(*nonces, info);
    else if (nonces.error().code() != ErrorCode::Stalled && nonces.error().code() != ErrorCode::Protocol)
        return fail(base::Error(nonces.error()).with_context("read the nonces"));
    return info;
}

base::Result<std::uint8_t> DfuLink::state(const base::Deadline& deadline, const std::stop_token& stop) {
    UB_TRY_CONTEXT(const base::Bytes answer, usb_.control_in(kClassIn, kGetState, 0, 0, 1, deadline, stop), "ask for the DFU state");
    if (answer.size() != 1) return fail(ErrorCode::Protocol, "a DFU state of no byte");
    return answer[0];
}

base::Status DfuLink::upload(const UploadSource& source, const UploadProgress& progress, const base::Deadline& deadline,
                             const std::stop_token& stop) {
    UB_TRY(const std::uint8_t begun, state(deadline, stop));
    if (begun != static_cast<std::uint8_t>(DfuState::Idle)) {
        const bool error = begun == static_cast<std::uint8_t>(DfuState::Error);
        (void)usb_.control_out(kClassOut, error ? kClearStatus : kAbort, 0, 0, {}, deadline, stop);
        return fail(base::Error(ErrorCode::Protocol, fmt::format("the phone was in DFU state {}; it was {}, try again", begun,
                                                                 error ? "cleared" : "told to abort"))
                        .with_native("dfu-state", begun)
                        .with_retry(base::Retry::Now));
    }
    const bool small = mode_of_product(usb_.product()) == Mode::PortDfu;
    const std::size_t block_size = small ? kSmallBlock : kBlock;
    const std::size_t blocks = static_cast<std::size_t>((source.size + block_size - 1) / block_size);
    if (blocks > 0xffff) return fail(ErrorCode::LimitExceeded, fmt::format("an image of {} bytes is too large for DFU", source.size));
    base::Bytes block(block_size);
    base::Digest digest(base::DigestKind::Sha256);
    std::uint32_t checksum = 0xffffffffu;
    std::uint64_t done = 0;
    for (std::size_t number = 0; number < blocks; ++number) {
        const std::size_t length = static_cast<std::size_t>(std::min<std::uint64_t>(block_size, source.size - done));
        block.resize(length);
        UB_TRY_VOID(source.read(block));
        digest.update(block);
        checksum = dfu_checksum(block, checksum);
        const bool last = number + 1 == blocks;
        if (last && !small) {
            checksum = dfu_checksum(kSuffix, checksum);
            base::Bytes suffix(kSuffix.begin(), kSuffix.end());
            for (int shift = 0; shift < 32; shift += 8) suffix.push_back(static_cast<std::uint8_t>(checksum >> shift));
            if (length + kSuffixSize <= block_size) {
                block.insert(block.end(), suffix.begin(), suffix.end());
            } else {
                // No room: the suffix goes after it under the same number, with no status request in between.
                UB_TRY_VOID(send_block(usb_, number, block, deadline, stop));
                block = suffix;
            }
        }
        if (auto sent = send_block(usb_, number, block, deadline, stop); !sent)
            return fail(std::move(sent).error().with_context(fmt::format("DFU upload stopped at {} of {} bytes", done, source.size)));
        UB_TRY_VOID(wait_block_taken(usb_, deadline, stop));
        done += length;
        if (progress) progress(done, source.size);
    }
    UB_TRY_VOID(send_block(usb_, blocks, {}, deadline, stop));
    // Both answers must come; what they say does not matter (2.1 step 7b).
    UB_TRY_VOID(get_status(usb_, deadline, stop).map([](std::uint8_t) {}));
    UB_TRY_VOID(get_status(usb_, deadline, stop).map([](std::uint8_t) {}));
    usb_.note("uploaded", {{"bytes", source.size}, {"sha256", base::to_hex(digest.finish())}});
    return usb_.reset();
}

}  // namespace unbrick::device
