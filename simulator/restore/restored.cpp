#include "simulator/restore/restored.h"

#include <fmt/core.h>

#include "simulator/restore/restore_run.h"

namespace unbrick::simulator {

using base::Plist;

namespace {
constexpr std::uint16_t kLockdownPort = 62078;
constexpr std::uint16_t kProxyPort = 1082;
constexpr auto kQuestionPatience = std::chrono::seconds(600);   // a host may keep a connection open for long
constexpr double kHostPatience = 120;                           // phone seconds until StartRestore must come (6.2)
}  // namespace

Restored::Restored(RestorePhone& phone, RamdiskNote ramdisk) : phone_(phone), ramdisk_(std::move(ramdisk)) {
    phone_.ports->open(kLockdownPort, [this](base::Fd fd) { serve_lockdown_port(std::move(fd)); });
    phone_.ports->open(kProxyPort, [this](base::Fd fd) { serve_proxy(std::move(fd)); });
    patience_ = std::thread([this] { wait_for_host(); });
}

Restored::~Restored() {
    phone_.ports->close(kLockdownPort);
    phone_.ports->close(kProxyPort);
    cut();
    patience_.join();
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return serving_ == 0; });
}

void Restored::cut() {
    const std::lock_guard lock(mutex_);
    over_ = true;
    for (auto& channel : channels_) channel->cut();
    if (run_ != nullptr) run_->cut();
    changed_.notify_all();
}

void Restored::wait_for_host() {
    for (int second = 0; second < static_cast<int>(kHostPatience); ++second) {
        {
            const std::lock_guard lock(mutex_);
            if (over_ || begun_) return;
        }
        if (!phone_.pause(PhoneSeconds(1))) return;
    }
    {
        // In a fast world 120 s are over in a moment; a busy computer is not a host that stays away.
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, phone_.host_slack, [this] { return over_ || begun_; });
        if (over_ || begun_) return;
    }
    phone_.happened("restored gave up: no host started a restore for 120 s");
    phone_.reboot();
}

namespace {

// Registers a connection for as long as it is served.
template <class List>
class Registered {
public:
    Registered(List& list, std::mutex& mutex, std::condition_variable& changed, std::size_t& count, std::shared_ptr<Channel> channel, bool& over)
        : list_(list), mutex_(mutex), changed_(changed), count_(count), channel_(std::move(channel)) {
        const std::lock_guard lock(mutex_);
        ++count_;
        list_.push_back(channel_);
        if (over) channel_->cut();
    }
    ~Registered() {
        const std::lock_guard lock(mutex_);
        list_.remove(channel_);
        --count_;
        changed_.notify_all();
    }
    Registered(const Registered&) = delete;
    Registered& operator=(const Registered&) = delete;

private:
    List& list_;
    std::mutex& mutex_;
    std::condition_variable& changed_;
    std::size_t& count_;
    std::shared_ptr<Channel> channel_;
};

}  // namespace

void Restored::serve_lockdown_port(base::Fd fd) {
    auto channel = std::make_shared<Channel>(std::move(fd));
    const Registered registered(channels_, mutex_, changed_, serving_, channel, over_);
    const auto reply = [&](const Plist& message) { return channel->send_plist(message, base::Deadline::after(std::chrono::seconds(30))).has_value(); };
    for (;;) {
        const auto request = channel->receive_plist(base::Deadline::after(kQuestionPatience));
        if (!request) return;
        const auto name = request->string_at("Request").value_or("");
        if (name == "QueryType") {
            if (!reply(Plist::dict()
                           .set("Request", "QueryType")
                           .set("Type", "com.apple.mobile.restored")
                           .set("RestoreProtocolVersion", Plist::integer(phone_.generation.host_lists ? 15 : 14))
                           .set("HardwareModel", phone_.hardware_model)
                           .set("SerialNumber", phone_.serial_number)))
                return;
        } else if (name == "QueryValue") {
            const auto key = request->string_at("QueryKey").value_or("");
            auto answer = Plist::dict().set("Request", "QueryValue");
            if (key == "HardwareInfo") {
                auto info = Plist::dict().set("BoardID", Plist::integer(phone_.trust.board)).set("ChipID", Plist::integer(phone_.trust.chip));
                info.set("UniqueChipID", Plist::integer(phone_.negative_ecid ? phone_.trust.ecid | (1ull << 63) : phone_.trust.ecid));
                info.set("ProductionMode", Plist::boolean(true)).set("SupportsImage4", Plist::boolean(true));
                answer.set("HardwareInfo", std::move(info));
            } else if (key == "SavedDebugInfo") {
                answer.set("SavedDebugInfo", Plist::dict().set("PreviousExitStatus", "0x100"));
            }
            if (!reply(answer)) return;
        } else if (name == "StartRestore") {
            {
                const std::lock_guard lock(mutex_);
                if (begun_ || over_) return;
                begun_ = true;
                changed_.notify_all();
            }
            phone_.happened("StartRestore");
            RestoreRun run(phone_, *channel, ramdisk_, request->at("RestoreOptions"));
            {
                const std::lock_guard lock(mutex_);
                run_ = &run;
            }
            const bool finished = run.run();
            {
                const std::lock_guard lock(mutex_);
                run_ = nullptr;
            }
            // A finished restore restarts by itself; a failed one keeps the status on the line for a moment.
            if (!finished) static_cast<void>(phone_.pause(PhoneSeconds(5)));
            phone_.reboot();
            return;
        } else if (name == "Reboot") {
            reply(Plist::dict().set("Request", "Reboot").set("Result", "Success"));
            phone_.happened("the host asked restored to reboot");
            phone_.reboot();
            return;
        } else if (name == "Goodbye") {
            reply(Plist::dict().set("Request", "Goodbye").set("Result", "Success"));
            return;
        } else {
            // Also the lockdown request GetValue, which restored does not know (6.2).
            if (!reply(Plist::dict().set("Request", name).set("Error", "unrecognized request"))) return;
        }
    }
}

void Restored::serve_proxy(base::Fd fd) {
    auto channel = std::make_shared<Channel>(std::move(fd));
    const Registered registered(channels_, mutex_, changed_, serving_, channel, over_);
    const auto soon = [] { return base::Deadline::after(std::chrono::seconds(20)); };
    std::string command;
    while (command.size() < 32) {
        std::uint8_t byte = 0;
        if (!channel->receive(&byte, 1, soon())) return;
        if (byte == 0) break;
        command.push_back(static_cast<char>(byte));
    }
    if (command != "BeginCtrl") {
        if (command != "HelloConn") phone_.violation("reverse proxy: unknown command '" + command + "'");
        return;
    }
    const auto begin = channel->receive_proxy_plist(soon());
    if (!begin) return;
    if (!channel->send_proxy_plist(Plist::dict().set("ConnPort", Plist::integer(kProxyPort)), soon())) return;
    phone_.happened("the reverse proxy is there");
    // Nothing more is asked of it in this world; it stays open until the phone restarts or the host leaves.
    std::uint8_t byte = 0;
    static_cast<void>(channel->receive_some(&byte, 1, base::Deadline::never()));
}

std::vector<RestoreFault> parse_restore_faults(const base::Json& list) {
    std::vector<RestoreFault> faults;
    if (!list.is_array()) return faults;
    for (const auto& entry : list) {
        RestoreFault fault;
        fault.at = base::json_string(entry, "at").value_or("");
        fault.what = base::json_string(entry, "what").value_or("");
        fault.status = base::json_int(entry, "status").value_or(14);
        fault.amr_error = base::json_int(entry, "amr-error").value_or(0);
        fault.log = base::json_string(entry, "log").value_or("");
        fault.times = static_cast<int>(base::json_int(entry, "times").value_or(1));
        faults.push_back(std::move(fault));
    }
    return faults;
}

}  // namespace unbrick::simulator
