// Files, folders and descriptors.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "src/base/result.h"
#include "src/base/text.h"

namespace unbrick::base {

// An owned file descriptor; -1 is none.
class Fd {
public:
    Fd() = default;
    explicit Fd(int fd) : fd_(fd) {}
    Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Fd& operator=(Fd&& other) noexcept { reset(std::exchange(other.fd_, -1)); return *this; }
    ~Fd() { reset(); }
    int get() const { return fd_; }
    explicit operator bool() const { return fd_ >= 0; }
    int release() { return std::exchange(fd_, -1); }
    void reset(int fd = -1);

private:
    int fd_ = -1;
};

// The error of the last system call: code from errno, native {"errno", n}.
Error system_error(std::string what);

inline constexpr std::size_t kDefaultReadLimit = 256u << 20;
// "-" reads standard input. Errors: NotFound, PermissionDenied, Io, LimitExceeded (larger than `limit`).
Result<std::string> read_text_file(const std::filesystem::path& path, std::size_t limit = kDefaultReadLimit);
Result<Bytes> read_file(const std::filesystem::path& path, std::size_t limit = kDefaultReadLimit);
// Written beside, flushed to the disk and renamed: a reader sees the old or the new, never half.
Status write_file_atomically(const std::filesystem::path& path, std::string_view content);
Status make_directories(const std::filesystem::path& path);

// A new folder under $TMPDIR, removed with all in it when the object dies.
class TemporaryFolder {
public:
    static Result<TemporaryFolder> create(std::string_view prefix = "unbrick");
    TemporaryFolder(TemporaryFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
    TemporaryFolder& operator=(TemporaryFolder&&) = delete;
    ~TemporaryFolder();
    const std::filesystem::path& path() const { return path_; }

private:
    explicit TemporaryFolder(std::filesystem::path path) : path_(std::move(path)) {}
    std::filesystem::path path_;
};

// Where things live (XDG, with fallbacks that work without HOME):
std::filesystem::path state_folder();    // cases, journals, recordings: $UNBRICK_STATE or XDG_STATE_HOME/unbrick
std::filesystem::path cache_folder();    // firmware: $UNBRICK_CACHE or XDG_CACHE_HOME/unbrick
std::filesystem::path config_folder();   // settings: $UNBRICK_CONFIG or XDG_CONFIG_HOME/unbrick
std::filesystem::path program_folder();  // the folder of the running program
// knowledge/: $UNBRICK_KNOWLEDGE, beside the program, or the installed share folder.
Result<std::filesystem::path> knowledge_folder();
// A helper program (unbrick-window, unbrick-rehearse) installed beside the running one.
Result<std::filesystem::path> helper_program(std::string_view name);

}  // namespace unbrick::base
