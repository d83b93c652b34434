// restored: what answers on the lockdown port in restore mode (restore-protocol.md 6.2), and the reverse
// proxy's control port (7.2).
#pragma once

#include <condition_variable>
#include <list>
#include <memory>
#include <mutex>
#include <thread>

#include "simulator/firmware/components.h"
#include "simulator/restore/restore_phone.h"

namespace unbrick::simulator {

class RestoreRun;

class Restored {
public:
    // The ramdisk booted: the ports open. `phone` must outlive this object.
    Restored(RestorePhone& phone, RamdiskNote ramdisk);
    // Ends every connection and waits for its threads.
    ~Restored();
    // From any thread, also from inside the callbacks of RestorePhone: the cable is gone or the phone restarts.
    void cut();

private:
    void serve_lockdown_port(base::Fd fd);
    void serve_proxy(base::Fd fd);
    void wait_for_host();

    RestorePhone& phone_;
    RamdiskNote ramdisk_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::list<std::shared_ptr<Channel>> channels_;
    std::size_t serving_ = 0;
    bool over_ = false;
    bool begun_ = false;
    RestoreRun* run_ = nullptr;
    std::thread patience_;
};

}  // namespace unbrick::simulator
