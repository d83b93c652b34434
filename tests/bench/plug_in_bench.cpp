#include <fmt/core.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <mutex>

#include "src/base/file.h"
#include "src/core/workbench.h"
#include "tests/bench/bench.h"

namespace unbrick::bench {

namespace {

constexpr std::chrono::seconds kPatience{60};

bool act(const std::string& name) {
    const char* path = std::getenv("UNBRICK_REHEARSAL");
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path == nullptr || std::strlen(path) >= sizeof address.sun_path) return false;
    std::memcpy(address.sun_path, path, std::strlen(path) + 1);
    const base::Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return false;
    const auto line = base::dump_json(base::Json{{"act", name}}) + "\n";
    if (::send(socket.get(), line.data(), line.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(line.size())) return false;
    char answer[4096];
    return ::read(socket.get(), answer, sizeof answer) > 0;
}

class Watch {
public:
    explicit Watch(core::Workbench& workbench) : workbench_(workbench) {
        workbench_.on_change([this] {
            const std::lock_guard lock(mutex_);
            ++news_;
            changed_.notify_all();
        });
    }
    ~Watch() { workbench_.on_change([] {}); }
    template <class Holds>
    bool wait(const Holds& holds) {
        const auto end = Clock::now() + kPatience;
        std::unique_lock lock(mutex_);
        for (;;) {
            const auto seen = news_;
            lock.unlock();
            if (holds(*workbench_.snapshot())) return true;
            lock.lock();
            if (!changed_.wait_until(lock, end, [&] { return news_ != seen; })) return false;
        }
    }

private:
    core::Workbench& workbench_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::uint64_t news_ = 0;
};

bool gone(const core::AppSnapshot& app) {
    for (const auto& phone : app.phones)
        if (phone->mode != device::Mode::Absent) return false;
    return true;
}
const diagnostics::Diagnosis* diagnosis_after(const core::AppSnapshot& app, std::uint64_t before) {
    for (const auto& phone : app.phones)
        if (phone->mode != device::Mode::Absent && phone->diagnosed > before && phone->diagnosis && !phone->diagnosis->hypotheses.empty()) return phone->diagnosis.get();
    return nullptr;
}

}  // namespace

int plug_in(int runs, const std::string& cause) {
    auto made = core::Workbench::create({});
    if (!made) {
        fmt::print(stderr, "{}\n", made.error().to_string());
        return 1;
    }
    auto& workbench = **made;
    std::vector<double> seen, any, named;
    Watch watch(workbench);
    if (!watch.wait([](const core::AppSnapshot& app) { return diagnosis_after(app, 0) != nullptr; })) {
        fmt::print(stderr, "no first diagnosis\n");
        return 1;
    }
    for (int run = 0; run < runs; ++run) {
        act("unplug");
        if (!watch.wait(gone)) { fmt::print(stderr, "the phone did not go\n"); break; }
        std::uint64_t before = 0;
        for (const auto& phone : workbench.snapshot()->phones) before = std::max(before, phone->diagnosed);
        const auto start = Clock::now();
        if (!act("plug")) return 1;
        if (!watch.wait([](const core::AppSnapshot& app) { return !gone(app); })) break;
        seen.push_back(milliseconds_since(start));
        // A phone that was taken away may count its diagnoses from the beginning again.
        if (workbench.snapshot()->phones.size() == 1 && workbench.snapshot()->phones.front()->diagnosed < before) before = 0;
        if (!watch.wait([&](const core::AppSnapshot& app) { return diagnosis_after(app, before) != nullptr; })) break;
        any.push_back(milliseconds_since(start));
        if (!watch.wait([&](const core::AppSnapshot& app) {
                const auto* diagnosis = diagnosis_after(app, before);
                return diagnosis != nullptr && diagnosis->hypotheses.front().cause == cause;
            })) break;
        named.push_back(milliseconds_since(start));
    }
    fmt::print("{}\n", base::dump_json(base::OrderedJson{{"seen", summary(seen)}, {"first_diagnosis", summary(any)}, {"cause_named", summary(named)}}, 1));
    return named.size() == static_cast<std::size_t>(runs) ? 0 : 1;
}

}  // namespace unbrick::bench
