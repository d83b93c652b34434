#include "src/cli/session.h"

#include <fmt/core.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cstdio>

#include "src/base/file.h"
#include "src/base/text.h"

namespace unbrick::cli {

namespace {

constexpr std::size_t kLongestLine = 1u << 16;
constexpr std::chrono::seconds kNamedPhoneComes{8};
constexpr std::chrono::seconds kFirstLook{6};

sigset_t ends() {
    sigset_t set;
    ::sigemptyset(&set);
    ::sigaddset(&set, SIGINT);
    ::sigaddset(&set, SIGTERM);
    ::sigaddset(&set, SIGHUP);
    return set;
}

// Wakes a poll() when a thread is to end.
class Wake {
public:
    Wake() : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
    int get() const { return fd_.get(); }
    void raise() const {
        const std::uint64_t one = 1;
        (void)!::write(fd_.get(), &one, sizeof one);
    }

private:
    base::Fd fd_;
};

}  // namespace

base::Result<std::filesystem::path> knowledge_of(const GlobalOptions& options) {
    if (!options.knowledge.empty()) return options.knowledge;
    return base::knowledge_folder();
}

base::Result<knowledge::Texts> texts_of(const GlobalOptions& options) {
    UB_TRY(const auto folder, knowledge_of(options));
    return knowledge::Texts::load(folder, options.language.empty() ? knowledge::Texts::preferred_language(folder) : options.language);
}

int complain(const base::Error& error) { return complain(base::exit_code_for(error.code()), error.to_string()); }

int complain(base::ExitCode code, std::string_view text) {
    fmt::print(stderr, "unbrick: {}\n", base::to_valid_utf8(text));
    return static_cast<int>(code);
}

void block_signals() {
    const auto set = ends();
    ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
    ::signal(SIGPIPE, SIG_IGN);
}

Session::Session(std::unique_ptr<core::Workbench> workbench, knowledge::Knowledge knowledge, knowledge::Texts texts)
    : knowledge_(std::move(knowledge)), texts_(std::move(texts)), workbench_(std::move(workbench)) {
    workbench_->on_change([this] { news(); });
    signals_ = std::jthread([this](std::stop_token end) { watch_signals(end); });
}

Session::~Session() {
    workbench_->on_change({});
    signals_ = {};
    input_ = {};
}

base::Result<std::unique_ptr<Session>> Session::open(const GlobalOptions& options, bool diagnose_by_itself) {
    UB_TRY(const auto folder, knowledge_of(options));
    UB_TRY(auto texts, texts_of(options));
    UB_TRY(auto knowledge, knowledge::Knowledge::load(folder));
    core::WorkbenchOptions workbench;
    workbench.knowledge = folder;
    workbench.language = texts.language();
    workbench.diagnose_by_itself = diagnose_by_itself;
    UB_TRY(auto made, core::Workbench::create(std::move(workbench)));
    return std::unique_ptr<Session>(new Session(std::move(made), std::move(knowledge), std::move(texts)));
}

void Session::news() {
    { const std::lock_guard lock(mutex_); ++news_; }
    changed_.notify_all();
}

void Session::wait_news(const base::Deadline& deadline) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, deadline.remaining(), [this] { return news_ != seen_; });
    seen_ = news_;
}

bool Session::wait(const std::function<bool(const core::AppSnapshot&)>& holds, const base::Deadline& deadline) {
    const int before = interrupted();
    for (;;) {
        if (holds(*now())) return true;
        if (deadline.expired() || interrupted() != before) return false;
        wait_news(deadline);
    }
}

int Session::interrupted() const {
    const std::lock_guard lock(mutex_);
    return interrupted_;
}

bool Session::input_ended() const {
    const std::lock_guard lock(mutex_);
    return input_ended_;
}

std::optional<std::string> Session::take_line() {
    const std::lock_guard lock(mutex_);
    if (lines_.empty()) return std::nullopt;
    auto line = std::move(lines_.front());
    lines_.pop_front();
    return line;
}

std::vector<core::Notice> Session::new_notices() {
    std::vector<core::Notice> fresh;
    for (const auto& notice : now()->notices)
        if (notice.number > seen_notice_) {
            seen_notice_ = notice.number;
            fresh.push_back(notice);
        }
    return fresh;
}

void Session::read_lines() {
    if (!input_.joinable()) input_ = std::jthread([this](std::stop_token end) { watch_input(end); });
}

void Session::watch_signals(const std::stop_token& end) {
    const auto set = ends();
    const base::Fd fd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
    const Wake wake;
    const std::stop_callback callback(end, [&wake] { wake.raise(); });
    while (!end.stop_requested()) {
        pollfd polled[] = {{fd.get(), POLLIN, 0}, {wake.get(), POLLIN, 0}};
        if (::poll(polled, 2, -1) < 0 && errno != EINTR) return;
        signalfd_siginfo info{};
        if (::read(fd.get(), &info, sizeof info) != sizeof info) continue;
        int count = 0;
        {
            const std::lock_guard lock(mutex_);
            count = ++interrupted_;
        }
        news();
        // Asked twice to stop: now, whatever it costs. The journal knows where we were.
        constexpr int kAtOnce = 2;
        if (count >= kAtOnce) ::_exit(static_cast<int>(base::ExitCode::Cancelled));
    }
}

void Session::watch_input(const std::stop_token& end) {
    const Wake wake;
    const std::stop_callback callback(end, [&wake] { wake.raise(); });
    std::string held;
    while (!end.stop_requested()) {
        pollfd polled[] = {{STDIN_FILENO, POLLIN, 0}, {wake.get(), POLLIN, 0}};
        if (::poll(polled, 2, -1) < 0) {
            if (errno == EINTR) continue;
            break;
        }
        if (polled[0].revents == 0) continue;
        char buffer[4096];
        const auto got = ::read(STDIN_FILENO, buffer, sizeof buffer);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        held.append(buffer, static_cast<std::size_t>(got));
        for (auto at = held.find('\n'); at != std::string::npos; at = held.find('\n')) {
            const std::lock_guard lock(mutex_);
            lines_.push_back(base::to_valid_utf8(base::trim(held.substr(0, at))));
            held.erase(0, at + 1);
        }
        if (held.size() > kLongestLine) held.clear();
        news();
    }
    {
        const std::lock_guard lock(mutex_);
        if (!held.empty()) lines_.push_back(base::to_valid_utf8(base::trim(held)));
        input_ended_ = true;
    }
    news();
}

std::shared_ptr<const core::PhoneSnapshot> find_phone(const core::AppSnapshot& app, const device::PhoneKey& key) {
    const auto name = key.to_string();
    for (const auto& phone : app.phones)
        if (phone->key.to_string() == name) return phone;
    return nullptr;
}

base::Result<device::PhoneKey> choose_phone(Session& session, const std::string& device) {
    const auto present = [](const core::PhoneSnapshot& phone) { return phone.mode != device::Mode::Absent; };
    if (!device.empty()) {
        const auto ecid = device::Ecid::parse(device);
        const auto named = [&](const core::PhoneSnapshot& phone) {
            return (ecid && phone.key.ecid == ecid) || phone.identity.udid == device || phone.key.to_string() == device ||
                   fmt::format("{}-{}", phone.key.port.bus, phone.key.port.path) == device;
        };
        std::optional<device::PhoneKey> found;
        session.wait(
            [&](const core::AppSnapshot& app) {
                for (const auto& phone : app.phones)
                    if (named(*phone) && present(*phone)) found = phone->key;
                return found.has_value();
            },
            base::Deadline::after(kNamedPhoneComes));
        if (found) return *found;
        return base::fail(base::ErrorCode::NoPhone, session.texts().get("cli.no_such_phone", {{"device", device}}));
    }
    session.wait([](const core::AppSnapshot& app) { return app.settled; }, base::Deadline::after(kFirstLook));
    std::vector<std::shared_ptr<const core::PhoneSnapshot>> here;
    for (const auto& phone : session.now()->phones)
        if (present(*phone)) here.push_back(phone);
    if (here.size() == 1) return here.front()->key;
    if (here.empty()) return base::fail(base::ErrorCode::NoPhone, session.texts().get("cli.no_phone"));
    std::string names;
    for (const auto& phone : here) names += fmt::format("\n  {}  {}  {}", phone->key.to_string(), phone->title, device::to_string(phone->mode));
    return base::fail(base::ErrorCode::Usage, session.texts().get("cli.several_phones") + names);
}

}  // namespace unbrick::cli
