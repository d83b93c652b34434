// An IPSW: a zip (zip64; stored and deflated members) or a folder with the same tree, read in place.
// Nothing is extracted; memory does not depend on the size of a member.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "src/base/file.h"
#include "src/base/result.h"
#include "src/base/text.h"

namespace unbrick::firmware {

struct Member {
    std::uint64_t size = 0;              // of the content
    std::uint64_t stored_size = 0;       // in the archive
    bool deflated = false;
    std::uint64_t index = 0;             // in the zip
};

// Reads one member. Not thread-safe; several readers of one archive may be used at once.
class MemberReader {
public:
    virtual ~MemberReader() = default;
    virtual std::uint64_t size() const = 0;
    // Fills `into` from `offset`, the whole of it. Cheap for stored members at any offset; a deflated member
    // is read forward from the nearest point that was passed before (see DeflatedReader).
    // Errors: FirmwareInvalid (damaged, shorter than it says), InvalidInput (past the end), Io.
    virtual base::Status read_at(std::uint64_t offset, std::span<std::uint8_t> into) = 0;
};

// No component but the ramdisk may be larger (real-restore.md 3.4), and no ramdisk known is.
inline constexpr std::uint64_t kComponentLimit = 512u << 20;
inline constexpr std::uint64_t kRamdiskLimit = 2048u * (1ull << 20);
inline constexpr std::uint64_t kManifestLimit = 64u << 20;

class Archive {
public:
    // Errors: NotFound, PermissionDenied, FirmwareInvalid (no zip, damaged, names that leave the archive,
    // sizes that cannot be: a bomb).
    static base::Result<std::shared_ptr<const Archive>> open(const std::filesystem::path& path);
    virtual ~Archive() = default;

    const std::filesystem::path& path() const { return path_; }
    // By name with "/" between the parts. Nothing: there is no such member.
    virtual std::optional<Member> find(std::string_view name) const = 0;
    // Names and members below `prefix`.
    virtual std::map<std::string, Member> list(std::string_view prefix) const = 0;
    virtual base::Result<std::unique_ptr<MemberReader>> reader(std::string_view name) const = 0;

    // The whole member in memory. Errors: NotFound, LimitExceeded (larger than `limit`), as reader.
    base::Result<base::Bytes> read(std::string_view name, std::uint64_t limit = kComponentLimit) const;

protected:
    explicit Archive(std::filesystem::path path) : path_(std::move(path)) {}
    std::filesystem::path path_;
};

// False for names that are absolute, empty, or leave the folder they are read in.
bool safe_member_name(std::string_view name);

}  // namespace unbrick::firmware
