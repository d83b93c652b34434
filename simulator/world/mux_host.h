// The usbmuxd of the host: when it runs, and which phones it announces.
//
// Debian's daemon is started by udev when a phone in Normal or Restore mode arrives and exits when the
// last one leaves; it talks to lockdownd before it announces a phone (design.md, "The virtual phone").
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "simulator/mux/server.h"
#include "simulator/phone/phone.h"
#include "simulator/world/phone_unit.h"
#include "simulator/world/scenario.h"

namespace unbrick::simulator {

class MuxHost {
public:
    MuxHost(DaemonPolicy policy, std::filesystem::path socket, std::shared_ptr<mux::PairRecords> records);
    ~MuxHost();

    // Follows the phone from now on. `unit` outlives this.
    void add(PhoneUnit& unit);
    // A person (or the package manager) starts or repairs the daemon.
    void repair();
    bool daemon_running() const { return server_.running(); }

private:
    struct Seen {
        PhoneUnit* unit = nullptr;
        std::uint32_t device = 0;       // 0: not announced
        std::uint64_t epoch = 0;        // bus epoch at the announcement
        bool restore = false;
        Subscription subscription;
    };
    void update(Seen& seen);
    bool on_bus(const PhoneState& state) const;

    std::recursive_mutex mutex_;
    DaemonPolicy policy_;
    mux::Server server_;
    std::vector<std::unique_ptr<Seen>> phones_;
};

}  // namespace unbrick::simulator
