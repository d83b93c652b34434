#include "src/firmware/archive.h"

#include <fmt/core.h>

#include "src/firmware/folder_archive.h"
#include "src/firmware/zip_archive.h"

namespace unbrick::firmware {

using base::ErrorCode;
using base::fail;

bool safe_member_name(std::string_view name) {
    if (name.empty() || name.size() > 1024 || name.front() == '/') return false;
    if (name.find('\0') != std::string_view::npos || name.find('\\') != std::string_view::npos) return false;
    for (const auto part : base::split(name, '/'))
        if (part == "..") return false;
    return true;
}

base::Result<std::shared_ptr<const Archive>> Archive::open(const std::filesystem::path& path) {
    std::error_code error;
    if (std::filesystem::is_directory(path, error)) return FolderArchive::open(path);
    return ZipArchive::open(path);
}

base::Result<base::Bytes> Archive::read(std::string_view name, std::uint64_t limit) const {
    const auto member = find(name);
    if (!member) return fail(ErrorCode::NotFound, fmt::format("{}: no {} in it", path_.filename().string(), name));
    if (member->size > limit)
        return fail(ErrorCode::LimitExceeded, fmt::format("{}: {} says it has {} bytes; at most {} are read", path_.filename().string(),
                                                          name, member->size, limit));
    UB_TRY(auto source, reader(name));
    base::Bytes content(static_cast<std::size_t>(member->size));
    UB_TRY_VOID(source->read_at(0, content));
    return content;
}

}  // namespace unbrick::firmware
