#include "src/firmware/folder_archive.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace unbrick::firmware {

namespace fs = std::filesystem;
using base::ErrorCode;
using base::fail;

namespace {

class FileReader final : public MemberReader {
public:
    FileReader(base::Fd file, std::uint64_t size, std::string name) : file_(std::move(file)), size_(size), name_(std::move(name)) {}
    std::uint64_t size() const override { return size_; }
    base::Status read_at(std::uint64_t offset, std::span<std::uint8_t> into) override {
        if (offset > size_ || into.size() > size_ - offset)
            return fail(ErrorCode::InvalidInput, fmt::format("{}: bytes {}+{} of {}", name_, offset, into.size(), size_));
        while (!into.empty()) {
            const auto got = ::pread(file_.get(), into.data(), into.size(), static_cast<off_t>(offset));
            if (got < 0) {
                if (errno == EINTR) continue;
                return fail(base::system_error(name_));
            }
            if (got == 0) return fail(ErrorCode::FirmwareInvalid, fmt::format("{}: became shorter while it was read", name_));
            offset += static_cast<std::uint64_t>(got);
            into = into.subspan(static_cast<std::size_t>(got));
        }
        return {};
    }

private:
    base::Fd file_;
    std::uint64_t size_;
    std::string name_;
};

bool inside(const fs::path& root, const fs::path& path) {
    const auto relative = path.lexically_relative(root);
    return !relative.empty() && *relative.begin() != "..";
}

}  // namespace

base::Result<std::shared_ptr<const Archive>> FolderArchive::open(const fs::path& path) {
    std::error_code error;
    const auto root = fs::canonical(path, error);
    if (error) {
        errno = error.value();
        return fail(base::system_error(path.string()));
    }
    return std::shared_ptr<const Archive>(new FolderArchive(root));
}

base::Result<base::Fd> FolderArchive::open_below(std::string_view name) const {
    if (!safe_member_name(name)) return fail(ErrorCode::FirmwareInvalid, fmt::format("the name \"{}\" leaves the firmware folder", name));
    std::error_code error;
    const auto real = fs::canonical(path_ / name, error);
    if (error) return fail(ErrorCode::NotFound, fmt::format("{}: no {} in it", path_.string(), name));
    if (!inside(path_, real)) return fail(ErrorCode::FirmwareInvalid, fmt::format("{} is a link that leaves the firmware folder", name));
    base::Fd file(::open(real.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!file) return fail(base::system_error(real.string()));
    return file;
}

std::optional<Member> FolderArchive::find(std::string_view name) const {
    auto file = open_below(name);
    if (!file) return std::nullopt;
    struct stat info {};
    if (::fstat(file->get(), &info) != 0 || !S_ISREG(info.st_mode)) return std::nullopt;
    Member member;
    member.size = member.stored_size = static_cast<std::uint64_t>(info.st_size);
    return member;
}

std::map<std::string, Member> FolderArchive::list(std::string_view prefix) const {
    std::map<std::string, Member> found;
    std::error_code error;
    for (fs::recursive_directory_iterator entry(path_, fs::directory_options::skip_permission_denied, error), end;
         !error && entry != end && found.size() < 100000; entry.increment(error)) {
        const auto name = entry->path().lexically_relative(path_).generic_string();
        if (!base::starts_with(name, prefix)) continue;
        if (auto member = find(name)) found.emplace(name, *member);
    }
    return found;
}

base::Result<std::unique_ptr<MemberReader>> FolderArchive::reader(std::string_view name) const {
    UB_TRY(auto file, open_below(name));
    struct stat info {};
    if (::fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode))
        return fail(ErrorCode::FirmwareInvalid, fmt::format("{} is no file", name));
    ::posix_fadvise(file.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
    return std::unique_ptr<MemberReader>(
        new FileReader(std::move(file), static_cast<std::uint64_t>(info.st_size), std::string(name)));
}

}  // namespace unbrick::firmware
