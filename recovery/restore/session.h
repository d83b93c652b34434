// The conversation with restored: StartRestore, then the phone asks and tells until it says how it ended
// (restore-protocol.md 6). The phone sets the order; several requests may be served at once.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "recovery/restore/channel.h"
#include "recovery/restore/image_source.h"
#include "recovery/restore/phone_messages.h"
#include "recovery/restore/reporter.h"
#include "src/base/phone_clock.h"
#include "src/firmware/personalizer.h"
#include "src/firmware/signing/client.h"
#include "src/firmware/signing/request.h"

namespace unbrick::recovery::restore {

// What the restored session works with; everything outlives it.
struct SessionParts {
    std::string udid;
    std::shared_ptr<const firmware::Archive> archive;
    const firmware::BuildManifest* manifest = nullptr;
    const firmware::BuildIdentity* identity = nullptr;
    const firmware::BuildIdentity* recovery_identity = nullptr;   // null: no recovery OS
    std::shared_ptr<const firmware::Personalizer> personalizer;
    firmware::signing::PhoneParameters phone;
    const firmware::signing::Client* signing = nullptr;
    base::Plist baseband_answer;           // of the AP request, when it signed the baseband too
    Reporter* reporter = nullptr;
    PhoneMessages* messages = nullptr;
    const base::PhoneClock* clock = nullptr;
    bool erase = false;
    std::filesystem::path folder;          // where unknown requests and updater output are kept; may be empty
    // How a port of the phone is reached; the tests put sockets of their own here.
    std::shared_ptr<ImageSource> image;    // the system image; may be null in tests that send none
    std::function<base::Result<std::unique_ptr<Channel>>(std::uint16_t port, std::string name, const base::Deadline&, const std::stop_token&)> connect;
};

// One DataRequestMsg or AsyncDataRequestMsg.
struct DataRequest {
    std::string type;
    base::Plist arguments;
    std::optional<std::uint16_t> port;
    bool async = false;
};

class Session {
public:
    Session(SessionParts parts, std::unique_ptr<Channel> main);
    ~Session();

    // Sends StartRestore and serves the phone until the end. Errors: PhoneRefused with {"AMR", n} or
    // {"restored", status}; TimedOut (stalled), Disconnected, Cancelled, what a request's work says.
    base::Status run(const base::Plist& options, std::uint64_t protocol_version, const std::stop_token& stop);

    // --- for the handlers ---
    const SessionParts& parts() const { return parts_; }
    Reporter& reporter() { return *parts_.reporter; }
    // The port that the request names, connected; null when it names none and the main connection is meant.
    base::Result<std::unique_ptr<Channel>> open_port(const DataRequest& request, const std::stop_token& stop);
    // Answers on the request's port, or on the main connection.
    base::Status answer(const DataRequest& request, const base::Plist& message, const std::stop_token& stop, bool binary = false);
    base::Status answer_main(const base::Plist& message, const std::stop_token& stop);
    Channel& main() { return *main_; }
    // The personalizer of the recovery OS, its ticket asked for at the first call.
    base::Result<std::shared_ptr<const firmware::Personalizer>> recovery_personalizer(const std::stop_token& stop);
    // A POST to the signing server; `what` names it for people.
    base::Result<base::Plist> sign(const base::Plist& request, std::string_view what, const std::stop_token& stop);

    struct BasebandState {
        std::mutex mutex;
        base::Plist response;              // BBTicket and blobs
        base::Bytes nonce;                 // that it was made for
    };
    BasebandState& baseband() { return baseband_; }

    // The image thread and the message loop look at each other through these.
    std::atomic<bool> image_flows{false};
    std::atomic<std::uint64_t> image_bytes{0};
    std::atomic<bool> image_verified{false};

    base::Deadline send_deadline() const { return parts_.clock->patience(std::chrono::minutes(5)); }

private:
    struct Worker { std::jthread thread; std::shared_ptr<std::atomic<bool>> done; };
    base::Status dispatch(const base::Plist& message, const std::stop_token& stop);
    base::Status serve(const DataRequest& request, const std::stop_token& stop);
    void serve_beside(DataRequest request);
    base::Status unknown_request(const DataRequest& request, const std::stop_token& stop);
    base::Status on_status(const base::Plist& message, const std::stop_token& stop);
    base::Status check_stall(std::chrono::steady_clock::time_point last_message, std::uint64_t& seen_bytes, std::chrono::steady_clock::time_point& last_bytes);
    void join_finished();

    SessionParts parts_;
    std::unique_ptr<Channel> main_;
    std::stop_source work_stop_;
    std::mutex workers_mutex_;
    std::vector<Worker> workers_;
    std::optional<base::Error> worker_error_;
    std::optional<base::Error> lost_;            // a connection that broke: the phone may still say why
    std::chrono::steady_clock::time_point lost_at_{};
    BasebandState baseband_;
    std::mutex recovery_mutex_;
    std::shared_ptr<const firmware::Personalizer> recovery_personalizer_;
    std::map<std::string, int> unknown_;
    bool finished_ = false;
};

// The value is how often "the same thing again" is answered before it is called a loop (restore-protocol.md 8: endless).
inline constexpr int kSameUpdaterLimit = 20;

}  // namespace unbrick::recovery::restore
