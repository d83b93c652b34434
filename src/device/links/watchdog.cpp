#include "src/device/links/watchdog.h"

#include <sys/socket.h>

#include <condition_variable>
#include <list>
#include <map>
#include <mutex>
#include <thread>

namespace unbrick::device {

namespace {

// Never destroyed: its thread may outlive main, as may the guards of a thread that was left behind.
class Watchdog {
public:
    static Watchdog& instance() {
        static Watchdog* const watchdog = new Watchdog;
        return *watchdog;
    }

    std::uint64_t arm(int descriptor, base::SteadyClock::time_point when, std::shared_ptr<std::atomic<bool>> fired) {
        const std::scoped_lock lock(mutex_);
        if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
        armed_[++last_] = {descriptor, when, std::move(fired)};
        changed_.notify_one();
        return last_;
    }
    // After it returns the descriptor is not touched any more.
    void disarm(std::uint64_t id) {
        const std::scoped_lock lock(mutex_);
        armed_.erase(id);
    }
    void fire(std::uint64_t id) {
        const std::scoped_lock lock(mutex_);
        if (const auto found = armed_.find(id); found != armed_.end()) fire(found->second);
    }

private:
    struct Armed {
        int descriptor;
        base::SteadyClock::time_point when;
        std::shared_ptr<std::atomic<bool>> fired;
    };
    static void fire(Armed& armed) {
        armed.fired->store(true);
        shutdown(armed.descriptor, SHUT_RDWR);
        armed.when = base::SteadyClock::time_point::max();
    }
    void run() {
        std::unique_lock lock(mutex_);
        while (true) {
            auto next = base::SteadyClock::time_point::max();
            const auto now = base::SteadyClock::now();
            for (auto& [id, armed] : armed_) {
                if (armed.when <= now) fire(armed);
                next = std::min(next, armed.when);
            }
            if (next == base::SteadyClock::time_point::max()) changed_.wait(lock);
            else changed_.wait_until(lock, next);
        }
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    std::map<std::uint64_t, Armed> armed_;
    std::uint64_t last_ = 0;
    std::thread thread_;
};

// Threads that run a bounded call. The finished ones are joined by the next call; one that hangs until its
// phone leaves stays here, and ends with the program at the latest.
class BoundedThreads {
public:
    static BoundedThreads& instance() {
        static BoundedThreads* const threads = new BoundedThreads;
        return *threads;
    }
    void start(std::function<void()> work) {
        const std::scoped_lock lock(mutex_);
        std::erase_if(threads_, [](Entry& entry) {
            if (!entry.done->load()) return false;
            entry.thread.join();
            return true;
        });
        auto done = std::make_shared<std::atomic<bool>>(false);
        std::thread thread([work = std::move(work), done]() mutable {
            work();
            work = nullptr;
            done->store(true);
        });
        threads_.push_back({std::move(thread), std::move(done)});
    }

private:
    struct Entry {
        std::thread thread;
        std::shared_ptr<std::atomic<bool>> done;
    };
    std::mutex mutex_;
    std::list<Entry> threads_;
};

}  // namespace

SocketGuard::SocketGuard(int descriptor, const base::Deadline& deadline, const std::stop_token& stop)
    : fired_(std::make_shared<std::atomic<bool>>(false)) {
    id_ = Watchdog::instance().arm(descriptor, deadline.when(), fired_);
    on_stop_.emplace(stop, [id = id_] { Watchdog::instance().fire(id); });
}

SocketGuard::~SocketGuard() {
    on_stop_.reset();
    Watchdog::instance().disarm(id_);
}

bool SocketGuard::fired() const { return fired_->load(); }

base::Status run_bounded(std::function<void()> work, const base::Deadline& deadline, const std::stop_token& stop) {
    struct Shared {
        std::mutex mutex;
        std::condition_variable_any changed;
        bool done = false;
    };
    auto shared = std::make_shared<Shared>();
    BoundedThreads::instance().start([work = std::move(work), shared] {
        work();
        const std::scoped_lock lock(shared->mutex);
        shared->done = true;
        shared->changed.notify_all();
    });
    std::unique_lock lock(shared->mutex);
    const bool done = shared->changed.wait_until(lock, stop, base::SteadyClock::now() + deadline.remaining(), [&] { return shared->done; });
    if (done) return {};
    if (stop.stop_requested()) return base::fail(base::ErrorCode::Cancelled, "cancelled");
    return base::fail(base::ErrorCode::TimedOut, "the phone does not answer");
}

}  // namespace unbrick::device
