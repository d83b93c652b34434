#include "recovery/restore/idevicerestore_engine.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "src/base/file.h"
#include "src/firmware/manifest.h"

extern char** environ;

namespace unbrick::recovery::restore {

using base::ErrorCode;
using base::fail;

namespace {

// A healthy phone may be silent for long inside one step (real-restore.md 2.1); the tool itself never ends then.
constexpr std::chrono::minutes kSilence{20};
// Between "end yourself" and the end by force.
constexpr std::chrono::seconds kPolite{10};

struct Child { pid_t pid = -1; base::Fd output; };

base::Result<Child> start(const std::vector<std::string>& arguments) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return fail(base::system_error("idevicerestore"));
    Child child;
    child.output.reset(ends[0]);
    const base::Fd write_end(ends[1]);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, write_end.get(), STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, write_end.get(), STDERR_FILENO);
    std::vector<char*> raw;
    for (const auto& argument : arguments) raw.push_back(const_cast<char*>(argument.c_str()));
    raw.push_back(nullptr);
    const int code = ::posix_spawnp(&child.pid, raw[0], &actions, nullptr, raw.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (code != 0) {
        errno = code;
        return fail(base::Error(ErrorCode::HostEnvironment, "the program idevicerestore is not installed").with_native("errno", code).with_text("restore.error.no-idevicerestore"));
    }
    return child;
}

int end_of(pid_t pid) {
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {}
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void stop_child(pid_t pid) {
    ::kill(pid, SIGTERM);
    const auto deadline = base::Deadline::after(kPolite);
    while (!deadline.expired()) {
        if (::waitpid(pid, nullptr, WNOHANG) != 0) return;
        ::poll(nullptr, 0, 50);
    }
    // Some versions ignore a polite request after a failure (virtual-phone.md 4).
    ::kill(pid, SIGKILL);
    static_cast<void>(end_of(pid));
}

std::string version_of() {
    auto child = start({"idevicerestore", "--version"});
    if (!child) return {};
    std::string text;
    std::array<char, 512> piece{};
    for (ssize_t got; (got = ::read(child->output.get(), piece.data(), piece.size())) > 0 && text.size() < 4096;) text.append(piece.data(), static_cast<std::size_t>(got));
    static_cast<void>(end_of(child->pid));
    const auto word = text.find("idevicerestore ");
    if (word == std::string::npos) return "1.0.0";   // versions of that time know no --version
    const auto rest = std::string_view(text).substr(word + 15);
    return std::string(base::trim(rest.substr(0, rest.find_first_of(" \n("))));
}

}  // namespace

int newest_build_of(std::string_view version) { return base::starts_with(version, "1.0.0") && version.size() == 5 ? 17 : 22; }

ToolLine read_tool_line(std::string_view line) {
    ToolLine out;
    const auto text = base::trim(line);
    if (base::contains(text, "Restore Finished") || base::contains(text, "DONE")) out.finished = true;
    if (base::starts_with(text, "ERROR:") || base::contains(text, "Restore Failed")) out.failed = true;
    if (base::contains(text, "TSS request") || base::contains(text, "Sending TSS")) out.stage = "sign";
    else if (base::contains(text, "Entering recovery mode")) out.stage = "to-recovery";
    else if (base::contains(text, "Sending iBSS")) out.stage = "dfu-ibss";
    else if (base::contains(text, "Sending iBEC")) out.stage = "recovery-ibec";
    else if (base::contains(text, "Sending RestoreRamDisk") || base::contains(text, "Sending RestoreLogo")) out.stage = "load-images";
    else if (base::contains(text, "Sending RestoreKernelCache")) out.stage = "boot-ramdisk";
    else if (base::contains(text, "About to restore device") || base::contains(text, "Starting FDR")) out.stage = "restore-begin";
    else if (base::contains(text, "Creating partition map")) out.stage = "restore-partition";
    else if (base::contains(text, "About to send filesystem") || base::contains(text, "Sending filesystem")) out.stage = "restore-image";
    else if (base::contains(text, "Verifying restore")) out.stage = "restore-verify";
    else if (base::contains(text, "Installing kernelcache")) out.stage = "restore-install";
    else if (base::contains(text, "Sealing")) out.stage = "restore-seal";
    if (const auto percent = text.rfind('%'); percent != std::string_view::npos) {
        auto begin = percent;
        while (begin > 0 && ((text[begin - 1] >= '0' && text[begin - 1] <= '9') || text[begin - 1] == '.')) --begin;
        if (const auto value = base::parse_double(text.substr(begin, percent - begin)); value && *value >= 0 && *value <= 100) out.fraction = *value / 100;
    }
    return out;
}

IdevicerestoreEnd run_idevicerestore(device::Watcher&, const knowledge::Knowledge&, const RestoreRequest& request, Reporter& reporter, const std::stop_token& stop) {
    IdevicerestoreEnd end;
    reporter.stage("check-firmware");
    const auto prepare = [&]() -> base::Status {
        if (request.dry_run) return fail(ErrorCode::Usage, "a dry run needs unbrick's own engine");
        if (!request.phone.ecid) return fail(ErrorCode::NoPhone, "idevicerestore needs the phone's ECID, which is not known");
        if (!request.signing_server.empty()) return fail(ErrorCode::Usage, "idevicerestore knows no other signing server than the maker's");
        end.version = version_of();
        if (end.version.empty()) return fail(base::Error(ErrorCode::HostEnvironment, "the program idevicerestore is not installed").with_text("restore.error.no-idevicerestore"));
        UB_TRY(const auto archive, firmware::Archive::open(request.firmware));
        UB_TRY(const auto manifest, firmware::read_build_manifest(*archive));
        if (manifest.build_major() > newest_build_of(end.version))
            reporter.said(fmt::format("idevicerestore {} is not known to restore iOS {}", end.version, manifest.version));
        if (newest_build_of(end.version) == 17 && manifest.build_major() > 17)
            return fail(base::Error(ErrorCode::FirmwareUnsuitable, fmt::format("idevicerestore {} is too old for iOS {}", end.version, manifest.version)).with_text("restore.error.idevicerestore-old"));
        return {};
    };
    if (end.status = prepare(); !end.status) return end;
    std::vector<std::string> arguments{"idevicerestore", "-y", "-i", fmt::format("0x{:X}", request.phone.ecid->value)};
    if (request.kind == Kind::Erase) arguments.emplace_back("-e");
    arguments.push_back(request.firmware.string());
    auto child = start(arguments);
    if (!child) {
        end.status = fail(std::move(child).error());
        return end;
    }
    std::string held, last_error;
    bool finished = false, killed = false;
    auto last_word = std::chrono::steady_clock::now();
    std::array<char, 4096> piece{};
    while (true) {
        pollfd watched{child->output.get(), POLLIN, 0};
        const int ready = ::poll(&watched, 1, 200);
        const bool silent = std::chrono::steady_clock::now() - last_word > kSilence;
        if (stop.stop_requested() || silent) {
            stop_child(child->pid);
            killed = true;
            end.status = stop.stop_requested() ? fail(ErrorCode::Cancelled, "idevicerestore was stopped on request") : fail(ErrorCode::TimedOut, "idevicerestore has said nothing for 20 minutes");
            break;
        }
        if (ready <= 0) continue;
        const auto got = ::read(child->output.get(), piece.data(), piece.size());
        if (got <= 0) break;
        last_word = std::chrono::steady_clock::now();
        held.append(piece.data(), static_cast<std::size_t>(got));
        for (std::size_t at; (at = held.find_first_of("\r\n")) != std::string::npos; held.erase(0, at + 1)) {
            const auto line = std::string(base::trim(std::string_view(held).substr(0, at)));
            if (line.empty()) continue;
            const auto said = read_tool_line(line);
            if (!said.stage.empty()) reporter.stage(said.stage);
            if (said.fraction >= 0) reporter.progress(said.fraction);
            else reporter.phone_said(line);
            finished = finished || said.finished;
            if (said.failed) last_error = line;
        }
        if (held.size() > 65536) held.clear();
    }
    if (killed) return end;
    const int code = end_of(child->pid);
    if (code == 0 && (finished || last_error.empty())) return end;
    end.status = fail(base::Error(ErrorCode::PhoneRefused, fmt::format("idevicerestore ended with {}: {}", code, base::to_valid_utf8(last_error.empty() ? "no reason given" : last_error)))
                          .with_native("idevicerestore", code).with_text("restore.error.idevicerestore-failed"));
    return end;
}

}  // namespace unbrick::recovery::restore
