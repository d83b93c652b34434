#include "src/firmware/ftab.h"

#include <fmt/core.h>

namespace unbrick::firmware {

namespace {

constexpr std::size_t kHeader = 48, kEntry = 16, kMagicAt = 36, kCountAt = 40;
constexpr std::size_t kMostEntries = 1024;

std::uint32_t word(base::ByteView bytes, std::size_t at) {
    return std::uint32_t{bytes[at]} | std::uint32_t{bytes[at + 1]} << 8 | std::uint32_t{bytes[at + 2]} << 16 | std::uint32_t{bytes[at + 3]} << 24;
}

void put(base::Bytes& to, std::size_t value) {
    for (unsigned i = 0; i < 4; ++i) to.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

}  // namespace

base::Result<Ftab> read_ftab(base::ByteView bytes) {
    const auto bad = [](std::string why) { return base::fail(base::ErrorCode::FirmwareInvalid, "firmware table: " + std::move(why)); };
    if (bytes.size() < kHeader || base::as_text(bytes.subspan(kMagicAt, 4)) != "ftab") return bad("it has no mark");
    Ftab table;
    table.header.assign(bytes.begin(), bytes.begin() + kCountAt);
    const auto count = word(bytes, kCountAt);
    if (count > kMostEntries || kHeader + count * kEntry > bytes.size()) return bad(fmt::format("{} entries", count));
    for (std::size_t i = 0; i < count; ++i) {
        const auto at = kHeader + i * kEntry;
        const std::size_t offset = word(bytes, at + 4), size = word(bytes, at + 8);
        if (offset > bytes.size() || size > bytes.size() - offset) return bad(fmt::format("entry {} lies outside of it", i));
        const auto data = bytes.subspan(offset, size);
        table.entries.push_back({std::string(base::as_text(bytes.subspan(at, 4))), base::Bytes(data.begin(), data.end())});
    }
    return table;
}

base::Bytes write_ftab(const Ftab& table) {
    base::Bytes out = table.header;
    out.resize(kCountAt);
    put(out, table.entries.size());
    put(out, 0);
    std::size_t offset = kHeader + table.entries.size() * kEntry;
    for (const auto& entry : table.entries) {
        out.insert(out.end(), entry.tag.begin(), entry.tag.end());
        put(out, offset);
        put(out, entry.data.size());
        put(out, 0);
        offset += entry.data.size();
    }
    for (const auto& entry : table.entries) out.insert(out.end(), entry.data.begin(), entry.data.end());
    return out;
}

base::Result<base::Bytes> add_restore_entry(base::ByteView table, base::ByteView restore) {
    UB_TRY(auto into, read_ftab(table));
    UB_TRY(const auto from, read_ftab(restore));
    for (const auto& entry : from.entries)
        if (entry.tag == "rrko") {
            into.entries.push_back(entry);
            return write_ftab(into);
        }
    return base::fail(base::ErrorCode::FirmwareInvalid, "firmware table: the restore table has no rrko");
}

}  // namespace unbrick::firmware
