// One restore as the phone runs it: the order, overlap, checkpoints and silences of real-restore.md 3.5 for
// newer systems and of restore-protocol.md 9.1 for iOS 13 and older, and the checks that a phone makes.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "simulator/firmware/components.h"
#include "simulator/restore/asr.h"
#include "simulator/restore/restore_phone.h"

namespace unbrick::simulator {

// Why a restore ended without success; becomes the StatusMsg.
struct RestoreFailure {
    std::int64_t status = 14;
    std::int64_t amr_error = 14;
    std::string log;
};

class RestoreRun {
public:
    RestoreRun(RestorePhone& phone, Channel& host, RamdiskNote ramdisk, base::Plist options);
    ~RestoreRun();

    // Blocks until the restore is over. True: finished and acknowledged.
    bool run();
    // From another thread: the cable is gone or the phone is switched off.
    void cut();

private:
    friend class Requests;
    using StepStatus = base::Status;

    // Messages to the host; each is a boundary at which a fault may strike.
    StepStatus send(base::Plist message);
    StepStatus checkpoint(std::uint64_t id, const char* name, double seconds = 0.05);
    StepStatus checkpoint_started(std::uint64_t id, const char* name);
    StepStatus checkpoint_completed(std::uint64_t id, const char* name);
    StepStatus progress(int operation, int value);
    StepStatus pause(double seconds);

    // Requests; the answer's checks are in restore_requests.cpp.
    base::Result<base::Plist> ask(const char* type, base::Plist arguments = {}, bool own_port = false, bool async = false);
    base::Result<base::Bytes> ask_file(const char* type, base::Plist arguments, bool own_port);
    StepStatus want_root_ticket();
    StepStatus want_nor(bool sep_only);
    StepStatus want_image(const char* type, const char* answer_key, std::string_view fourcc);
    StepStatus want_image_list(const char* type, const char* list_key, const char* data_key, int operation);
    StepStatus want_baseband();
    StepStatus want_updater(const std::string& name);
    StepStatus want_cryptexes();
    StepStatus want_build_identity();
    StepStatus want_key();
    StepStatus want_nothing_known();

    StepStatus run_newer();
    StepStatus run_older();
    StepStatus early_checkpoints();
    StepStatus make_room();                       // erase: format; update: look for space
    StepStatus begin_image();                     // asks for it; it then streams beside
    StepStatus await_image();
    StepStatus background_updates();
    StepStatus fail_with(RestoreFailure failure);

    bool strikes(std::string_view point);         // a fault at this point: carries it out; true: stop here
    std::uint16_t next_port();
    // A connection that a host made to a data port; its service ends when `served` dies.
    struct Accepted {
        base::Fd fd;
        std::shared_ptr<void> served;
    };
    base::Result<Accepted> accept_on(std::uint16_t port, const std::function<StepStatus()>& announce);

    RestorePhone& phone_;
    Channel& host_;
    RamdiskNote ramdisk_;
    base::Plist options_;
    bool erase_ = false;
    bool data_ports_ = false;

    std::mutex send_mutex_;
    std::mutex ask_mutex_;                        // one outstanding synchronous request
    std::uint64_t messages_ = 0;
    std::atomic<bool> over_{false};
    std::uint16_t port_ = 49161;

    std::mutex failure_mutex_;
    std::optional<RestoreFailure> failure_;

    std::thread image_thread_;
    std::mutex image_mutex_;
    std::condition_variable image_changed_;
    std::optional<base::Result<AsrOutcome>> image_;
    Channel* image_channel_ = nullptr;
    std::thread key_thread_;
    std::uint64_t random_ = 0;
};

}  // namespace unbrick::simulator
