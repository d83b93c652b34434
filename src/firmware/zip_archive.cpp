#include "src/firmware/zip_archive.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <zip.h>

#include "src/firmware/deflated_reader.h"

namespace unbrick::firmware {

using base::ErrorCode;
using base::fail;

namespace {

constexpr std::uint64_t kMemberLimit = 64ull << 30;    // no system image comes near it
constexpr std::uint64_t kEntriesLimit = 100'000;
// deflate cannot do better than 1032 to 1; a directory that claims more lies.
constexpr std::uint64_t kBestRatio = 1040;

struct ZipCloser { void operator()(zip_t* zip) const { zip_discard(zip); } };
using Zip = std::unique_ptr<zip_t, ZipCloser>;
struct ZipFileCloser { void operator()(zip_file_t* file) const { zip_fclose(file); } };
using ZipFile = std::unique_ptr<zip_file_t, ZipFileCloser>;

base::Result<Zip> open_zip(int file, const std::string& name) {
    int code = 0;
    // A new description of the same file, so that readers do not share an offset.
    Zip zip(zip_open(fmt::format("/proc/self/fd/{}", file).c_str(), ZIP_RDONLY, &code));
    if (!zip) {
        zip_error_t error;
        zip_error_init_with_code(&error, code);
        const std::string why = zip_error_strerror(&error);
        zip_error_fini(&error);
        return fail(base::Error(ErrorCode::FirmwareInvalid, fmt::format("{}: not a readable firmware file: {}", name, why))
                        .with_native("libzip", code));
    }
    return zip;
}

// The bytes as they lie in the archive; seeks anywhere.
class StoredBytes final : public MemberReader {
public:
    StoredBytes(Zip zip, ZipFile file, std::uint64_t size, std::string name)
        : zip_(std::move(zip)), file_(std::move(file)), size_(size), name_(std::move(name)) {}
    std::uint64_t size() const override { return size_; }
    base::Status read_at(std::uint64_t offset, std::span<std::uint8_t> into) override {
        if (offset > size_ || into.size() > size_ - offset)
            return fail(ErrorCode::InvalidInput, fmt::format("{}: bytes {}+{} of {}", name_, offset, into.size(), size_));
        if (offset != position_) {
            if (zip_fseek(file_.get(), static_cast<zip_int64_t>(offset), SEEK_SET) != 0)
                return fail(ErrorCode::Io, fmt::format("{}: cannot go to byte {}: {}", name_, offset, zip_file_strerror(file_.get())));
            position_ = offset;
        }
        while (!into.empty()) {
            const auto got = zip_fread(file_.get(), into.data(), into.size());
            if (got <= 0)
                return fail(ErrorCode::FirmwareInvalid, fmt::format("{}: the archive ends before byte {} of {}", name_, position_ + 1, size_));
            position_ += static_cast<std::uint64_t>(got);
            into = into.subspan(static_cast<std::size_t>(got));
        }
        return {};
    }

private:
    Zip zip_;
    ZipFile file_;
    std::uint64_t size_;
    std::uint64_t position_ = 0;
    std::string name_;
};

}  // namespace

base::Result<std::shared_ptr<const Archive>> ZipArchive::open(const std::filesystem::path& path) {
    base::Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) return fail(base::system_error(path.string()));
    struct stat info {};
    if (::fstat(file.get(), &info) != 0) return fail(base::system_error(path.string()));
    if (!S_ISREG(info.st_mode)) return fail(ErrorCode::FirmwareInvalid, path.string() + ": is no file");
    const auto archive_size = static_cast<std::uint64_t>(info.st_size);
    const auto name_of_file = path.filename().string();
    UB_TRY(auto zip, open_zip(file.get(), name_of_file));

    const auto count = static_cast<std::uint64_t>(zip_get_num_entries(zip.get(), 0));
    if (count > kEntriesLimit) return fail(ErrorCode::FirmwareInvalid, fmt::format("{}: {} members; no firmware has so many", name_of_file, count));
    auto archive = std::shared_ptr<ZipArchive>(new ZipArchive(path, std::move(file)));
    std::uint64_t stored_total = 0;
    for (std::uint64_t i = 0; i < count; ++i) {
        zip_stat_t entry{};
        if (zip_stat_index(zip.get(), i, 0, &entry) != 0)
            return fail(ErrorCode::FirmwareInvalid, fmt::format("{}: damaged directory at member {}", name_of_file, i));
        const std::string name = entry.name != nullptr ? entry.name : "";
        if (base::ends_with(name, "/")) continue;
        if (!safe_member_name(name))
            return fail(ErrorCode::FirmwareInvalid, fmt::format("{}: a member is called \"{}\", which leaves the archive", name_of_file, base::to_valid_utf8(name)));
        if ((entry.valid & ZIP_STAT_ENCRYPTION_METHOD) != 0 && entry.encryption_method != ZIP_EM_NONE)
            return fail(ErrorCode::FirmwareInvalid, fmt::format("{}: {} is encrypted", name_of_file, name));
        if (entry.comp_method != ZIP_CM_STORE && entry.comp_method != ZIP_CM_DEFLATE)
            return fail(ErrorCode::FirmwareInvalid, fmt::format("{}: {} is packed by method {}, which no firmware uses", name_of_file, name, entry.comp_method));
        const bool deflated = entry.comp_method == ZIP_CM_DEFLATE;
        stored_total += entry.comp_size;
        if (entry.size > kMemberLimit || entry.comp_size > archive_size || stored_total > archive_size ||
            (deflated ? entry.size > kBestRatio * (entry.comp_size + 64) : entry.size != entry.comp_size))
            return fail(ErrorCode::FirmwareInvalid, fmt::format("{}: {} claims {} bytes out of {}; that cannot be", name_of_file, name, entry.size, entry.comp_size));
        if (!archive->members_.emplace(name, Member{entry.size, entry.comp_size, deflated, i}).second)
            return fail(ErrorCode::FirmwareInvalid, fmt::format("{}: {} is in it twice", name_of_file, name));
    }
    return std::shared_ptr<const Archive>(std::move(archive));
}

std::optional<Member> ZipArchive::find(std::string_view name) const {
    const auto found = members_.find(name);
    if (found == members_.end()) return std::nullopt;
    return found->second;
}

std::map<std::string, Member> ZipArchive::list(std::string_view prefix) const {
    std::map<std::string, Member> found;
    for (auto at = members_.lower_bound(prefix); at != members_.end() && base::starts_with(at->first, prefix); ++at) found.insert(*at);
    return found;
}

base::Result<std::unique_ptr<MemberReader>> ZipArchive::reader(std::string_view name) const {
    const auto member = find(name);
    if (!member) return fail(ErrorCode::NotFound, fmt::format("{}: no {} in it", path_.filename().string(), name));
    UB_TRY(auto zip, open_zip(file_.get(), path_.filename().string()));
    // As it lies in the archive: for stored members that is the content, without libzip's extra checksum pass.
    ZipFile file(zip_fopen_index(zip.get(), member->index, ZIP_FL_COMPRESSED));
    if (!file) return fail(ErrorCode::FirmwareInvalid, fmt::format("{}: {}: {}", path_.filename().string(), name, zip_strerror(zip.get())));
    auto raw = std::make_unique<StoredBytes>(std::move(zip), std::move(file), member->stored_size, std::string(name));
    if (!member->deflated) return std::unique_ptr<MemberReader>(std::move(raw));
    return std::unique_ptr<MemberReader>(std::make_unique<DeflatedReader>(std::move(raw), member->size, std::string(name)));
}

}  // namespace unbrick::firmware
