#include "src/base/file.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#ifndef UNBRICK_SHARE_FOLDER
#define UNBRICK_SHARE_FOLDER "/usr/share/unbrick"
#endif

namespace unbrick::base {

namespace fs = std::filesystem;

void Fd::reset(int fd) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = fd;
}

Error system_error(std::string what) {
    const int number = errno;
    ErrorCode code = ErrorCode::Io;
    if (number == ENOENT || number == ENOTDIR) code = ErrorCode::NotFound;
    else if (number == EACCES || number == EPERM || number == EROFS) code = ErrorCode::PermissionDenied;
    else if (number == ENOSPC || number == EDQUOT) code = ErrorCode::OutOfSpace;
    else if (number == EBUSY) code = ErrorCode::Busy;
    else if (number == ETIMEDOUT) code = ErrorCode::TimedOut;
    else if (number == ECONNRESET || number == EPIPE || number == ENODEV) code = ErrorCode::Disconnected;
    return Error(code, what + ": " + std::strerror(number)).with_native("errno", number);
}

namespace {

template <class Container>
Result<Container> read_all(const fs::path& path, std::size_t limit) {
    const bool standard_input = path == "-";
    Fd file(standard_input ? ::dup(STDIN_FILENO) : ::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) return fail(system_error(path.string()));
    struct stat info {};
    if (::fstat(file.get(), &info) == 0 && S_ISDIR(info.st_mode))
        return fail(ErrorCode::InvalidInput, path.string() + ": is a folder, not a file");
    Container content;
    if (S_ISREG(info.st_mode)) content.reserve(std::min<std::size_t>(static_cast<std::size_t>(info.st_size), limit) + 1);
    std::size_t used = 0;
    for (;;) {
        constexpr std::size_t kChunk = 256u << 10;
        content.resize(used + kChunk);
        const auto got = ::read(file.get(), content.data() + used, kChunk);
        if (got < 0) {
            if (errno == EINTR) { content.resize(used); continue; }
            return fail(system_error(path.string()));
        }
        used += static_cast<std::size_t>(got);
        content.resize(used);
        if (got == 0) return content;
        if (used > limit)
            return fail(ErrorCode::LimitExceeded,
                        fmt::format("{}: larger than the {} MiB that are read", path.string(), limit >> 20));
    }
}

fs::path home_folder() {
    const char* home = std::getenv("HOME");
    if (home != nullptr && home[0] == '/') return home;
    return {};
}

fs::path xdg(const char* own, const char* variable, const char* below_home) {
    if (const char* value = std::getenv(own); value != nullptr && value[0] != '\0') return value;
    if (const char* value = std::getenv(variable); value != nullptr && value[0] == '/') return fs::path(value) / "unbrick";
    if (const auto home = home_folder(); !home.empty()) return home / below_home / "unbrick";
    // No home (a service, a container): a folder of our own that no other user can read.
    return fs::temp_directory_path() / fmt::format("unbrick-{}", ::getuid()) / below_home;
}

}  // namespace

Result<std::string> read_text_file(const fs::path& path, std::size_t limit) { return read_all<std::string>(path, limit); }
Result<Bytes> read_file(const fs::path& path, std::size_t limit) { return read_all<Bytes>(path, limit); }

Status make_directories(const fs::path& path) {
    std::error_code error;
    fs::create_directories(path, error);
    if (error) {
        errno = error.value();
        return fail(system_error(path.string()));
    }
    return {};
}

Status write_file_atomically(const fs::path& path, std::string_view content) {
    if (path.has_parent_path()) UB_TRY_VOID(make_directories(path.parent_path()));
    std::string beside = path.string() + ".XXXXXX";
    Fd file(::mkostemp(beside.data(), O_CLOEXEC));
    if (!file) return fail(system_error(path.string()));
    const auto give_up = [&]() -> Status {
        auto error = system_error(path.string());
        ::unlink(beside.c_str());
        return fail(std::move(error));
    };
    while (!content.empty()) {
        const auto put = ::write(file.get(), content.data(), content.size());
        if (put < 0) {
            if (errno == EINTR) continue;
            return give_up();
        }
        content.remove_prefix(static_cast<std::size_t>(put));
    }
    if (::fchmod(file.get(), 0644) != 0 || ::fsync(file.get()) != 0) return give_up();
    if (::rename(beside.c_str(), path.c_str()) != 0) return give_up();
    return {};
}

Result<TemporaryFolder> TemporaryFolder::create(std::string_view prefix) {
    std::error_code error;
    auto base = fs::temp_directory_path(error);
    if (error) base = "/tmp";
    std::string name = (base / fmt::format("{}-XXXXXX", prefix)).string();
    if (::mkdtemp(name.data()) == nullptr) return fail(system_error(name));
    return TemporaryFolder(fs::path(name));
}

TemporaryFolder::~TemporaryFolder() {
    if (path_.empty()) return;
    std::error_code ignored;
    fs::remove_all(path_, ignored);
}

fs::path state_folder() { return xdg("UNBRICK_STATE", "XDG_STATE_HOME", ".local/state"); }
fs::path cache_folder() { return xdg("UNBRICK_CACHE", "XDG_CACHE_HOME", ".cache"); }
fs::path config_folder() { return xdg("UNBRICK_CONFIG", "XDG_CONFIG_HOME", ".config"); }

fs::path program_folder() {
    std::error_code error;
    const auto self = fs::read_symlink("/proc/self/exe", error);
    return error ? fs::current_path(error) : self.parent_path();
}

Result<fs::path> knowledge_folder() {
    if (const char* value = std::getenv("UNBRICK_KNOWLEDGE"); value != nullptr && value[0] != '\0') return fs::path(value);
    std::error_code error;
    for (const auto& candidate : {program_folder() / "knowledge", program_folder() / "../share/unbrick/knowledge",
                                  fs::path(UNBRICK_SHARE_FOLDER) / "knowledge"})
        if (fs::exists(candidate / "causes.json", error)) return candidate.lexically_normal();
    return fail(ErrorCode::HostEnvironment, "the knowledge folder was not found beside the program; name it with --knowledge or UNBRICK_KNOWLEDGE");
}

Result<fs::path> helper_program(std::string_view name) {
    std::error_code error;
    const auto candidate = program_folder() / name;
    if (fs::exists(candidate, error)) return candidate;
    return fail(ErrorCode::HostEnvironment, fmt::format("{} was not found beside the program ({})", name, candidate.string()));
}

}  // namespace unbrick::base
