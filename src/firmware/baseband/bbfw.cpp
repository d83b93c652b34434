#include "src/firmware/baseband/bbfw.h"

#include <fmt/core.h>
#include <zip.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <memory>

namespace unbrick::firmware {

using base::ByteView;
using base::Bytes;
using base::ErrorCode;
using base::fail;

namespace {

struct Place { std::string_view element, file; };
// Some elements have a file of another name in newer packages: the one that is there counts.
constexpr Place kPlaces[] = {{"RamPSI", "psi_ram.fls"}, {"FlashPSI", "psi_flash.fls"}, {"eDBL", "dbl.mbn"}, {"RestoreDBL", "restoredbl.mbn"}, {"DBL", "dbl.mbn"},
                             {"ENANDPRG", "ENPRG.mbn"}, {"RestoreSBL1", "restoresbl1.mbn"}, {"RestoreSBL1", "restorexbl_sc.elf"}, {"SBL1", "sbl1.mbn"},
                             {"SBL1", "xbl_sc.elf"}, {"RestorePSI", "restorepsi.bin"}, {"PSI", "psi_ram.bin"}, {"RestorePSI2", "restorepsi2.bin"},
                             {"PSI2", "psi_ram2.bin"}, {"Misc", "multi_image.mbn"}, {"TME", "signed_firmware_soc_view.elf"}};
constexpr std::uint64_t kMav25 = 0x1F30E1;
constexpr std::uint64_t kFileLimit = 512u << 20;
constexpr std::uint64_t kMembersLimit = 4096;

struct ZipDiscard { void operator()(zip_t* zip) const { zip_discard(zip); } };
struct SourceFree { void operator()(zip_source_t* source) const { zip_source_free(source); } };

tl::unexpected<base::Error> bad(std::string why) { return fail(ErrorCode::FirmwareInvalid, "baseband package: " + std::move(why)); }

bool stays(std::string_view name) {
    for (const auto* ending : {".fls", ".mbn", ".elf", ".bin"})
        if (base::ends_with(name, ending)) return true;
    // The eSIM's trees; without them its firmware is simply not updated (real-restore.md 6.1).
    return base::contains(name, "/update/") || base::contains(name, "/recovery/");
}

std::uint32_t word(ByteView bytes, std::size_t at) {
    return std::uint32_t{bytes[at]} | std::uint32_t{bytes[at + 1]} << 8 | std::uint32_t{bytes[at + 2]} << 16 | std::uint32_t{bytes[at + 3]} << 24;
}

std::uint64_t long_word(ByteView bytes, std::size_t at) { return word(bytes, at) | std::uint64_t{word(bytes, at + 4)} << 32; }

base::Result<Bytes> read_member(zip_t* zip, std::uint64_t index, std::string_view name) {
    zip_stat_t info{};
    if (zip_stat_index(zip, index, 0, &info) != 0 || info.size > kFileLimit) return bad(fmt::format("{} cannot be read", name));
    const std::unique_ptr<zip_file_t, int (*)(zip_file_t*)> file(zip_fopen_index(zip, index, 0), &zip_fclose);
    Bytes bytes(static_cast<std::size_t>(info.size));
    if (!file || zip_fread(file.get(), bytes.data(), bytes.size()) != static_cast<zip_int64_t>(bytes.size())) return bad(fmt::format("{} is damaged", name));
    return bytes;
}

// Sizes of an mbn_v7 header: reserved, version, common/qti/oem metadata, hash table, qti signature and certificates, oem ones.
struct MbnHeader {
    std::uint64_t metadata = 0, hashes = 0, qti = 0;
    static constexpr std::size_t kSize = 40;
    static std::optional<MbnHeader> read(ByteView bytes) {
        if (bytes.size() < kSize || word(bytes, 4) != 7) return std::nullopt;
        MbnHeader header;
        header.metadata = kSize + std::uint64_t{word(bytes, 8)} + word(bytes, 12) + word(bytes, 16);
        header.hashes = word(bytes, 20);
        header.qti = std::uint64_t{word(bytes, 24)} + word(bytes, 28);
        return header;
    }
};

}  // namespace

base::Status put_trailing_blob(Bytes& file, ByteView blob) {
    if (blob.empty() || blob.size() > file.size()) return bad(fmt::format("a signature of {} bytes for a file of {}", blob.size(), file.size()));
    std::copy(blob.begin(), blob.end(), file.end() - static_cast<std::ptrdiff_t>(blob.size()));
    return {};
}

base::Status put_elf_blob(Bytes& file, ByteView blob) {
    if (file.size() < 64 || std::memcmp(file.data(), "\x7f" "ELF", 4) != 0) return bad("an ELF file that is none");
    const bool wide = file[4] == 2;
    const std::uint64_t table = wide ? long_word(file, 32) : word(file, 28);
    const std::size_t entry = wide ? 56 : 32, counted = wide ? 56 : 44;
    const std::size_t count = file[counted] | static_cast<std::size_t>(file[counted + 1]) << 8;
    if (count == 0 || table > file.size() || count * entry > file.size() - table) return bad("an ELF file with a damaged table");
    const auto last = static_cast<std::size_t>(table) + (count - 1) * entry;
    const std::uint64_t offset = wide ? long_word(file, last + 8) : word(file, last + 4);
    const std::uint64_t size = wide ? long_word(file, last + 32) : word(file, last + 16);
    if (offset > file.size() || size > file.size() - offset) return bad("an ELF file whose last segment lies outside of it");
    const auto segment = std::span(file).subspan(static_cast<std::size_t>(offset), static_cast<std::size_t>(size));
    const auto fresh = MbnHeader::read(blob), old = MbnHeader::read(segment);
    if (!fresh || !old) return bad("a signature that is no mbn version 7");
    const auto head = fresh->metadata + fresh->hashes;
    if (head > blob.size() || head > segment.size()) return bad("a signature whose sizes do not fit");
    std::copy(blob.begin(), blob.begin() + static_cast<std::ptrdiff_t>(head), segment.begin());
    const auto rest_from = std::min<std::uint64_t>(head + fresh->qti, blob.size());   // it may be shorter than it says
    const auto rest_to = head + old->qti;
    const auto rest = blob.subspan(static_cast<std::size_t>(rest_from));
    if (rest_to > segment.size() || rest.size() > segment.size() - rest_to) return bad("a signature whose certificates do not fit");
    std::copy(rest.begin(), rest.end(), segment.begin() + static_cast<std::ptrdiff_t>(rest_to));
    return {};
}

base::Result<Bytes> sign_baseband_package(Bytes package, const base::Plist& response, std::uint64_t chip_id) {
    const auto ticket = response.data_at("BBTicket");
    if (!ticket) return fail(ErrorCode::Protocol, "the signing server's answer holds no BBTicket");
    zip_error_t error;
    zip_error_init(&error);
    const std::unique_ptr<zip_error_t, void (*)(zip_error_t*)> error_end(&error, &zip_error_fini);
    const std::unique_ptr<zip_source_t, SourceFree> source(zip_source_buffer_create(package.data(), package.size(), 0, &error));
    if (!source) return fail(ErrorCode::Internal, "libzip refuses a buffer");
    zip_source_keep(source.get());
    std::unique_ptr<zip_t, ZipDiscard> zip(zip_open_from_source(source.get(), 0, &error));
    if (!zip) {
        zip_source_free(source.get());
        return bad(fmt::format("no zip: {}", zip_error_strerror(&error)));
    }
    std::deque<Bytes> held;   // libzip reads them when it closes
    const auto put = [&](std::string_view name, std::uint64_t index, bool replace) -> base::Status {
        auto* data = zip_source_buffer(zip.get(), held.back().data(), held.back().size(), 0);
        if (data == nullptr) return fail(ErrorCode::Internal, "libzip refuses a buffer");
        const auto done = replace ? zip_file_replace(zip.get(), index, data, 0) : static_cast<int>(zip_file_add(zip.get(), std::string(name).c_str(), data, ZIP_FL_OVERWRITE));
        if (done >= 0) return {};
        zip_source_free(data);
        return bad(fmt::format("{} cannot be replaced", name));
    };
    const auto blobs = response.at("BasebandFirmware");
    for (const auto& key : blobs.keys()) {
        if (!base::ends_with(key, "-Blob")) continue;
        const auto blob = blobs.data_at(key);
        if (!blob) continue;
        const auto element = std::string_view(key).substr(0, key.size() - 5);
        std::string_view file;
        zip_int64_t index = -1;
        bool known = false;
        for (const auto& place : kPlaces) {
            if (place.element != element) continue;
            known = true;
            const auto found = zip_name_locate(zip.get(), std::string(place.file).c_str(), 0);
            if (found < 0) continue;
            index = found;
            file = place.file;
        }
        if (!known) return fail(ErrorCode::FirmwareUnsuitable, fmt::format("baseband: the server signed {}, which unbrick cannot place", base::to_valid_utf8(element)));
        if (index < 0) return bad(fmt::format("no file for {}", element));
        if (base::ends_with(file, ".fls"))
            return fail(ErrorCode::FirmwareUnsuitable, "baseband: packages of this old kind (FLS) are not supported");
        UB_TRY(auto bytes, read_member(zip.get(), static_cast<std::uint64_t>(index), file));
        const bool elf = chip_id == kMav25 && base::ends_with(file, ".elf");
        UB_TRY_VOID(elf ? put_elf_blob(bytes, *blob) : put_trailing_blob(bytes, *blob));
        held.push_back(std::move(bytes));
        UB_TRY_VOID(put(file, static_cast<std::uint64_t>(index), true));
    }
    held.push_back(*ticket);
    UB_TRY_VOID(put("bbticket.der", 0, false));
    const auto count = static_cast<std::uint64_t>(zip_get_num_entries(zip.get(), 0));
    if (count > kMembersLimit) return bad(fmt::format("{} members", count));
    for (std::uint64_t i = 0; i < count; ++i) {
        const char* name = zip_get_name(zip.get(), i, 0);
        if (name != nullptr && std::string_view(name) != "bbticket.der" && !stays(name)) zip_delete(zip.get(), i);
    }
    if (zip_close(zip.get()) != 0) return bad(fmt::format("cannot be written: {}", zip_strerror(zip.get())));
    static_cast<void>(zip.release());
    Bytes().swap(package);
    zip_stat_t written{};
    if (zip_source_stat(source.get(), &written) != 0 || zip_source_open(source.get()) != 0) return bad("cannot be read back");
    Bytes out(static_cast<std::size_t>(written.size));
    const auto got = zip_source_read(source.get(), out.data(), out.size());
    zip_source_close(source.get());
    if (got != static_cast<zip_int64_t>(out.size())) return bad("cannot be read back");
    return out;
}

}  // namespace unbrick::firmware
