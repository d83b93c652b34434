#include "src/device/watcher.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <map>
#include <mutex>
#include <thread>

#include "src/base/log.h"
#include "src/base/phone_clock.h"
#include "src/device/recorder.h"
#include "src/device/watch/asking.h"
#include "src/device/watch/mux_listener.h"
#include "src/device/watch/usb_monitor.h"

namespace unbrick::device {

namespace {

using base::ErrorCode;
using base::fail;
using base::SteadyClock;

// A phone gives no sign when its passcode is typed, nor when lockdownd wakes up: those reasons are looked at again.
constexpr std::chrono::duration<double> kAskAgainAfter{3.0};   // phone time
constexpr std::chrono::milliseconds kAskAgainAtLeast{500};     // host time
// udev starts usbmuxd within a second, on any computer's own time, however fast a rehearsal runs.
constexpr std::chrono::milliseconds kDaemonTakes{2500};

// A rehearsal without its emulated bus and daemon would show, and touch, real phones.
base::Status check_rehearsal() {
    if (std::getenv("UNBRICK_REHEARSAL") == nullptr) return {};
    for (const char* name : {"UMOCKDEV_DIR", "USBMUXD_SOCKET_ADDRESS"})
        if (const char* value = std::getenv(name); value == nullptr || *value == '\0')
            return fail(ErrorCode::HostEnvironment, std::string("this is a rehearsal, but ") + name + " is not set: real phones would be touched");
    return {};
}

bool asks_again(Hidden hidden) {
    return hidden == Hidden::NotTrusted || hidden == Hidden::TrustPending || hidden == Hidden::PasscodeLocked ||
           hidden == Hidden::LockdownSilent;
}

class WatcherThread final : public Watcher {
public:
    WatcherThread(WatcherOptions options, std::unique_ptr<UsbMonitor> usb)
        : options_(std::move(options)), usb_(std::move(usb)), wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
          book_({at_least(options_.announce_patience, kDaemonTakes), patience(options_.absent_patience),
                 at_least(options_.announce_patience / 2, kDaemonTakes)}) {
        thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
    }
    ~WatcherThread() override {
        thread_.request_stop();
        wake();
        thread_.join();
        for (auto& [id, asker] : askers_) asker.request_stop();
        askers_.clear();
    }

    std::vector<Phone> phones() const override {
        const std::scoped_lock lock(mutex_);
        return book_.phones();
    }
    std::optional<Phone> find(const PhoneKey& key) const override {
        const std::scoped_lock lock(mutex_);
        const Phone* phone = book_.find(key);
        return phone != nullptr ? std::optional(*phone) : std::nullopt;
    }
    WatchedHost host() const override { return {mux_connected_.load(), mux_.address()}; }

    std::uint64_t subscribe(std::function<void(const WatchEvent&)> callback) override {
        const std::scoped_lock lock(mutex_);
        const auto id = ++last_subscriber_;
        joining_.emplace_back(id, std::move(callback));
        wake();
        return id;
    }
    void unsubscribe(std::uint64_t id) override {
        {
            const std::scoped_lock lock(mutex_);
            std::erase_if(joining_, [&](const auto& item) { return item.first == id; });
        }
        const std::scoped_lock lock(subscribers_mutex_);
        subscribers_.erase(id);
    }

    base::Result<Phone> wait_for(const PhoneKey& key, const std::function<bool(const Phone&)>& predicate, const base::Deadline& deadline,
                                 const std::stop_token& stop) override {
        return wait(deadline, stop, "wait for " + key.to_string(), [&]() -> std::optional<Phone> {
            const Phone* phone = book_.find(key);
            return phone != nullptr && predicate(*phone) ? std::optional(*phone) : std::nullopt;
        });
    }
    base::Result<Phone> wait_for_any(const std::function<bool(const Phone&)>& predicate, const base::Deadline& deadline,
                                     const std::stop_token& stop) override {
        return wait(deadline, stop, "wait for a phone", [&]() -> std::optional<Phone> {
            for (auto& phone : book_.phones())
                if (predicate(phone)) return phone;
            return std::nullopt;
        });
    }
    base::Status wait_settled(const base::Deadline& deadline, const std::stop_token& stop) override {
        return wait(deadline, stop, "look at what is plugged in", [&] { return settled_ ? std::optional(Phone{}) : std::nullopt; })
            .map([](const Phone&) {});
    }

    void probe_again(const PhoneKey& key) override { post([this, key] { ask_again(key); }); }
    void report_hidden(const PhoneKey& key, Hidden hidden) override {
        post([this, key, hidden] { publish(locked([&](auto now) { return book_.report_hidden(key, hidden, now); })); });
    }

private:
    static SteadyClock::duration at_least(std::chrono::duration<double> phone, SteadyClock::duration host) {
        return std::max(base::PhoneClock::instance().host_span(phone), host);
    }
    static SteadyClock::duration patience(std::chrono::duration<double> span) {
        return base::PhoneClock::instance().patience(span).when() - SteadyClock::now();
    }

    template <class Look>
    base::Result<Phone> wait(const base::Deadline& deadline, const std::stop_token& stop, const std::string& what, Look look) {
        std::unique_lock lock(mutex_);
        std::optional<Phone> found;
        const bool seen = changed_.wait_until(lock, stop, SteadyClock::now() + deadline.remaining(),
                                              [&] { return (found = look()).has_value(); });
        if (seen) return std::move(*found);
        if (stop.stop_requested()) return fail(ErrorCode::Cancelled, what + ": cancelled");
        return fail(ErrorCode::TimedOut, what + ": it did not happen in time");
    }

    void wake() {
        const std::uint64_t one = 1;
        [[maybe_unused]] const auto written = write(wake_.get(), &one, sizeof one);
    }
    void post(std::function<void()> task) {
        {
            const std::scoped_lock lock(mutex_);
            tasks_.push_back(std::move(task));
        }
        wake();
    }

    template <class Change>
    std::vector<WatchEvent> locked(Change change) {
        const std::scoped_lock lock(mutex_);
        return change(SteadyClock::now());
    }

    void publish(const std::vector<WatchEvent>& events) {
        if (events.empty()) return;
        changed_.notify_all();
        const auto recorder = options_.recorder ? options_.recorder : Recorder::installed();
        for (const auto& event : events) {
            base::log::debug("watcher", "{} {}: {} ({})", to_string(event.kind), event.phone.key.to_string(), to_string(event.phone.mode),
                             to_string(event.phone.hidden));
            if (recorder)
                recorder->sighting(event.phone.key.to_string(),
                                   {{"kind", to_string(event.kind)}, {"mode", to_string(event.phone.mode)},
                                    {"hidden", to_string(event.phone.hidden)},
                                    {"product", event.phone.usb ? event.phone.usb->product : 0},
                                    {"serial", event.phone.usb ? event.phone.usb->serial : std::string()},
                                    {"udid", event.phone.mux_udid}});
        }
        const std::scoped_lock lock(subscribers_mutex_);
        for (const auto& event : events)
            for (const auto& [id, callback] : subscribers_) callback(event);
    }

    void join_subscribers() {
        std::vector<std::pair<std::uint64_t, std::function<void(const WatchEvent&)>>> joining;
        std::vector<Phone> known;
        {
            const std::scoped_lock lock(mutex_);
            joining = std::exchange(joining_, {});
            if (!joining.empty()) known = book_.phones();
        }
        const std::scoped_lock lock(subscribers_mutex_);
        for (auto& [id, callback] : joining) {
            for (const auto& phone : known) callback({phone.sequence, WatchEventKind::Appeared, phone, phone.key});
            subscribers_.emplace(id, std::move(callback));
        }
    }

    // A thread that asks one phone. Its answer comes back as a task; by then the thread can be joined.
    template <class Ask, class Answered>
    void start_asking(Ask ask, Answered answered) {
        const auto id = ++last_asker_;
        askers_[id] = std::jthread([this, id, ask = std::move(ask), answered = std::move(answered)](const std::stop_token& stop) {
            auto answer = ask(stop);
            post([this, id, answered, answer = std::move(answer)] {
                askers_.erase(id);
                answered(answer);
            });
        });
    }

    std::shared_ptr<Recorder> recorder() const { return options_.recorder; }

    void ask_usb_phone(const UsbSighting& sighting) {
        start_asking([this, sighting](const std::stop_token& stop) { return ask_usb(sighting, recorder(), stop); },
                     [this](const UsbAnswer& answer) {
                         publish(locked([&](auto now) { return book_.usb_answered(answer, now); }));
                     });
    }
    void ask_mux_phone(std::uint32_t id, const std::string& udid) {
        if (asking_mux_.contains(id)) return;
        asking_mux_[id] = udid;
        ask_again_at_.erase(id);
        start_asking([this, id, udid](const std::stop_token& stop) { return ask_mux(id, udid, recorder(), stop); },
                     [this](const MuxAnswer& answer) {
                         const auto asked = asking_mux_.extract(answer.id);
                         if (asks_again(answer.hidden) && !asked.empty()) {
                             const auto span = std::max<SteadyClock::duration>(base::PhoneClock::instance().host_span(kAskAgainAfter), kAskAgainAtLeast);
                             ask_again_at_[answer.id] = {asked.mapped(), SteadyClock::now() + span};
                         }
                         publish(locked([&](auto now) { return book_.mux_answered(answer, now); }));
                     });
    }
    void ask_again(const PhoneKey& key) {
        std::optional<std::uint32_t> id;
        std::string udid;
        std::optional<UsbSighting> usb;
        {
            const std::scoped_lock lock(mutex_);
            id = book_.mux_id_of(key);
            if (const Phone* phone = book_.find(key)) {
                udid = phone->mux_udid;
                usb = phone->usb;
            }
        }
        if (id) return ask_mux_phone(*id, udid);
        if (!usb) return;
        const auto mode = mode_of_product(usb->product);
        if (mode != Mode::Normal && mode != Mode::Restore) ask_usb_phone(*usb);
    }

    void handle_usb() {
        for (const auto& event : usb_->handle()) {
            if (!event.arrived) {
                publish(locked([&](auto now) { return book_.usb_left(event.sighting.address, now); }));
                continue;
            }
            publish(locked([&](auto now) { return book_.usb_arrived(event.sighting, now); }));
            const auto mode = mode_of_product(event.sighting.product);
            if (mode != Mode::Normal && mode != Mode::Restore) ask_usb_phone(event.sighting);
        }
    }

    void handle_mux() {
        for (const auto& event : mux_.handle()) {
            switch (event.kind) {
                case MuxEvent::Kind::Connected: {
                    const std::scoped_lock lock(mutex_);
                    book_.mux_came(SteadyClock::now());
                    break;
                }
                case MuxEvent::Kind::Disconnected:
                    ask_again_at_.clear();
                    publish(locked([&](auto now) { return book_.mux_gone(now); }));
                    break;
                case MuxEvent::Kind::Attached:
                    publish(locked([&](auto now) { return book_.mux_attached(event, now); }));
                    ask_mux_phone(event.id, event.udid);
                    break;
                case MuxEvent::Kind::Detached:
                    ask_again_at_.erase(event.id);
                    publish(locked([&](auto now) { return book_.mux_detached(event.id, now); }));
                    break;
                case MuxEvent::Kind::Paired:
                    if (const auto waiting = ask_again_at_.find(event.id); waiting != ask_again_at_.end()) {
                        const auto udid = waiting->second.first;
                        ask_mux_phone(event.id, udid);
                    }
                    break;
            }
        }
        mux_connected_.store(mux_.connected());
    }

    int timeout() {
        auto next = mux_.next_try().when();
        for (const auto& [id, item] : ask_again_at_) next = std::min(next, item.second);
        if (settle_turn_ && !settled_seen_) next = std::min(next, settle_turn_->when());
        const std::scoped_lock lock(mutex_);
        if (const auto tick = book_.next_tick(mux_.connected())) next = std::min(next, *tick);
        return static_cast<int>(base::Deadline(next).remaining().count());
    }

    void run(const std::stop_token& stop) {
        handle_usb();
        while (!stop.stop_requested()) {
            handle_mux();
            std::deque<std::function<void()>> tasks;
            {
                const std::scoped_lock lock(mutex_);
                tasks = std::exchange(tasks_, {});
            }
            for (const auto& task : tasks) task();
            publish(locked([&](auto now) { return book_.tick(now, mux_.connected()); }));
            std::vector<std::pair<std::uint32_t, std::string>> due;
            for (const auto& [id, item] : ask_again_at_)
                if (item.second <= SteadyClock::now()) due.emplace_back(id, item.first);
            for (const auto& [id, udid] : due) ask_mux_phone(id, udid);
            join_subscribers();
            see_whether_settled();

            std::vector<pollfd> descriptors{{wake_.get(), POLLIN, 0}};
            usb_->add_to(descriptors);
            mux_.add_to(descriptors);
            if (poll(descriptors.data(), descriptors.size(), timeout()) < 0 && errno != EINTR) break;
            std::uint64_t ignored = 0;
            [[maybe_unused]] const auto got = read(wake_.get(), &ignored, sizeof ignored);
            handle_usb();
        }
    }

    // Over when everything that was there at the start has been asked, and a daemon that is there has had its say.
    void see_whether_settled() {
        if (settled_seen_) return;
        const bool daemon_spoke = mux_.connected() || mux_.silent();
        bool waiting = false;
        {
            const std::scoped_lock lock(mutex_);
            waiting = book_.waiting_for_announcement();
        }
        if (!daemon_spoke || waiting || !askers_.empty()) return;
        // The daemon tells of its phones right after it has accepted: one more turn through poll for those.
        if (!settle_turn_) {
            settle_turn_ = base::Deadline::after(std::chrono::milliseconds(mux_.connected() ? 60 : 0));
        }
        if (!settle_turn_->expired()) return;
        settled_seen_ = true;
        {
            const std::scoped_lock lock(mutex_);
            settled_ = true;
        }
        changed_.notify_all();
    }

    WatcherOptions options_;
    std::unique_ptr<UsbMonitor> usb_;
    base::Fd wake_;
    MuxListener mux_;                       // the watcher's thread only, but for address()
    std::atomic<bool> mux_connected_{false};

    mutable std::mutex mutex_;              // book_, tasks_, joining_, settled_
    std::condition_variable_any changed_;
    SightingBook book_;
    std::deque<std::function<void()>> tasks_;
    std::vector<std::pair<std::uint64_t, std::function<void(const WatchEvent&)>>> joining_;
    std::uint64_t last_subscriber_ = 0;
    bool settled_ = false;

    std::recursive_mutex subscribers_mutex_;   // recursive: a callback may unsubscribe
    std::map<std::uint64_t, std::function<void(const WatchEvent&)>> subscribers_;

    // The watcher's thread only.
    std::map<std::uint64_t, std::jthread> askers_;
    std::uint64_t last_asker_ = 0;
    std::map<std::uint32_t, std::string> asking_mux_;
    std::map<std::uint32_t, std::pair<std::string, SteadyClock::time_point>> ask_again_at_;
    bool settled_seen_ = false;
    std::optional<base::Deadline> settle_turn_;

    std::jthread thread_;
};

}  // namespace

base::Result<std::unique_ptr<Watcher>> Watcher::start(WatcherOptions options) {
    UB_TRY_VOID(check_rehearsal());
    UB_TRY(auto usb, UsbMonitor::start());
    return std::unique_ptr<Watcher>(std::make_unique<WatcherThread>(std::move(options), std::move(usb)));
}

}  // namespace unbrick::device
