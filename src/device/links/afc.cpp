#include "src/device/links/afc.h"

#include <fmt/core.h>

#include <algorithm>

namespace unbrick::device {

using base::ErrorCode;
using base::fail;

namespace {

// Header: "CFA6LPAA", then little-endian u64: whole length, length of header and header data, packet number,
// operation (libimobiledevice 1.3.0, src/afc.h).
constexpr std::string_view kMagic = "CFA6LPAA";
constexpr std::size_t kHeader = 40;
constexpr std::size_t kLargestPacket = 4u << 20;
constexpr std::uint64_t kStatus = 0x01, kData = 0x02, kReadFolder = 0x03, kFileInfo = 0x0a, kOpen = 0x0d, kOpened = 0x0e, kRead = 0x0f,
                        kClose = 0x14;
constexpr std::uint64_t kReadOnly = 1;
constexpr std::size_t kReadPiece = 64 * 1024;

void put64(base::Bytes& to, std::uint64_t value) {
    for (int shift = 0; shift < 64; shift += 8) to.push_back(static_cast<std::uint8_t>(value >> shift));
}
std::uint64_t get64(base::ByteView from, std::size_t at) {
    std::uint64_t value = 0;
    for (std::size_t index = 0; index < 8 && at + index < from.size(); ++index) value |= std::uint64_t{from[at + index]} << (8 * index);
    return value;
}

base::Bytes path_bytes(const std::string& path) {
    base::Bytes bytes(path.begin(), path.end());
    bytes.push_back(0);
    return bytes;
}

std::vector<std::string> split_zero(base::ByteView bytes) {
    std::vector<std::string> parts;
    std::string part;
    for (const std::uint8_t byte : bytes) {
        if (byte != 0) {
            part += static_cast<char>(byte);
            continue;
        }
        parts.push_back(std::exchange(part, {}));
    }
    if (!part.empty()) parts.push_back(part);
    return parts;
}

}  // namespace

base::Result<Afc::Reply> Afc::exchange(std::uint64_t operation, base::ByteView data, const base::Deadline& deadline,
                                       const std::stop_token& stop) {
    base::Bytes packet(kMagic.begin(), kMagic.end());
    put64(packet, kHeader + data.size());
    put64(packet, kHeader + data.size());
    put64(packet, ++number_);
    put64(packet, operation);
    packet.insert(packet.end(), data.begin(), data.end());
    UB_TRY_VOID(connection_.send_raw(packet, deadline, stop));
    base::Bytes header(kHeader);
    UB_TRY_VOID(connection_.receive_raw(header, deadline, stop));
    const std::uint64_t whole = get64(header, 8), with_data = get64(header, 16);
    if (!std::equal(kMagic.begin(), kMagic.end(), header.begin()) || whole < kHeader || whole > kLargestPacket || with_data < kHeader ||
        with_data > whole)
        return fail(ErrorCode::Protocol, "AFC: a damaged header");
    base::Bytes rest(static_cast<std::size_t>(whole - kHeader));
    if (!rest.empty()) UB_TRY_VOID(connection_.receive_raw(rest, deadline, stop));
    Reply reply;
    reply.operation = get64(header, 32);
    const auto cut = rest.begin() + static_cast<std::ptrdiff_t>(with_data - kHeader);
    reply.header.assign(rest.begin(), cut);
    reply.payload.assign(cut, rest.end());
    if (reply.operation == kStatus)
        if (const auto status = get64(reply.header, 0); status != 0)
            return fail(base::Error(status == 8 ? ErrorCode::NotFound : ErrorCode::PhoneRefused, fmt::format("AFC: the phone answered {}", status))
                            .with_native("afc", static_cast<std::int64_t>(status)));
    return reply;
}

base::Result<std::vector<std::string>> Afc::list(const std::string& folder, const base::Deadline& deadline, const std::stop_token& stop) {
    UB_TRY_CONTEXT(const Reply reply, exchange(kReadFolder, path_bytes(folder), deadline, stop), "list " + folder);
    auto names = split_zero(reply.payload);
    std::erase_if(names, [](const std::string& name) { return name.empty() || name == "." || name == ".." || name.find('/') != std::string::npos; });
    return names;
}

base::Result<AfcInfo> Afc::info(const std::string& path, const base::Deadline& deadline, const std::stop_token& stop) {
    UB_TRY_CONTEXT(const Reply reply, exchange(kFileInfo, path_bytes(path), deadline, stop), "look at " + path);
    const auto parts = split_zero(reply.payload);
    AfcInfo info;
    for (std::size_t index = 0; index + 1 < parts.size(); index += 2) {
        if (parts[index] == "st_size") info.size = static_cast<std::uint64_t>(std::max<std::int64_t>(base::parse_int(parts[index + 1]).value_or(0), 0));
        if (parts[index] == "st_ifmt") info.folder = parts[index + 1] == "S_IFDIR";
    }
    return info;
}

base::Result<base::Bytes> Afc::read(const std::string& path, std::size_t limit, const base::Deadline& deadline, const std::stop_token& stop) {
    base::Bytes open_data;
    put64(open_data, kReadOnly);
    const auto name = path_bytes(path);
    open_data.insert(open_data.end(), name.begin(), name.end());
    UB_TRY_CONTEXT(const Reply opened, exchange(kOpen, open_data, deadline, stop), "open " + path);
    if (opened.operation != kOpened || opened.header.size() < 8) return fail(ErrorCode::Protocol, "AFC: no handle for " + path);
    const std::uint64_t handle = get64(opened.header, 0);
    base::Bytes content;
    base::Status outcome;
    while (content.size() < limit) {
        base::Bytes ask;
        put64(ask, handle);
        put64(ask, std::min(kReadPiece, limit - content.size()));
        auto piece = exchange(kRead, ask, deadline, stop);
        if (!piece) {
            outcome = fail(std::move(piece).error().with_context("read " + path));
            break;
        }
        if (piece->operation != kData || piece->payload.empty()) break;
        content.insert(content.end(), piece->payload.begin(), piece->payload.end());
    }
    if (content.size() > limit) content.resize(limit);
    base::Bytes close_data;
    put64(close_data, handle);
    if (outcome) (void)exchange(kClose, close_data, deadline, stop);
    if (!outcome) return fail(std::move(outcome).error());
    return content;
}

}  // namespace unbrick::device
