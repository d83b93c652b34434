// A virtual phone with everything that runs inside it: the state machine, iOS, and its ports.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "simulator/mux/server.h"
#include "simulator/phone/phone.h"
#include "simulator/services/system.h"
#include "simulator/world/scenario.h"

namespace unbrick::simulator {

// Ports that a program of the phone opened in restore mode. All members from any thread.
class PortTable {
public:
    // A later connection to `port` is handed to `serve` on a thread of its own, as a socket that the
    // callee owns. Before open and after close: refused.
    void open(std::uint16_t port, std::function<void(base::Fd)> serve);
    void close(std::uint16_t port);
    void close_all();
    mux::Service find(std::uint16_t port) const;

private:
    mutable std::mutex mutex_;
    std::map<std::uint16_t, std::function<void(base::Fd)>> ports_;
};

class PhoneUnit {
public:
    // `index` counts the phones of the world; it gives them USB locations.
    PhoneUnit(ScenarioPhone scenario, Timeline& timeline, unsigned index);
    ~PhoneUnit();
    PhoneUnit(const PhoneUnit&) = delete;

    VirtualPhone& phone() { return *phone_; }
    const VirtualPhone& phone() const { return *phone_; }
    const std::shared_ptr<services::System>& system() { return system_; }
    PortTable& restore_ports() { return restore_ports_; }
    const ScenarioPhone& scenario() const { return scenario_; }
    unsigned index() const { return index_; }
    std::uint32_t location() const { return 0x01000000u + ((index_ + 1) << 20); }
    // Restore mode may show another UDID (restore-protocol.md 1.6).
    std::string restore_udid() const { return phone_->nature().udid; }
    std::string ecid_text() const;  // "0x001A2B3C4D5E6F70"

    // What is behind `port` now; empty: refused. Faults of the scenario are woven in.
    mux::Service service(std::uint16_t port, bool restore);
    // The host's daemon found the phone: an untrusted host makes the phone ask.
    void host_appeared();
    // An act that only this unit understands ("trust", "other-cable" ...); true: done.
    base::Status act(const base::Json& act);

private:
    void follow(const Change& change);
    void show_resting_screen();  // "Hello" as long as the phone is not activated
    void arm_cable_fault(std::size_t index, double after);

    ScenarioPhone scenario_;
    Timeline& timeline_;
    unsigned index_;
    std::shared_ptr<services::System> system_;
    PortTable restore_ports_;
    std::mutex mutex_;
    std::vector<ConnectionFault> connection_faults_;
    std::vector<bool> cable_fault_cured_;
    std::string crash_report_;      // written into the system at each panic, when the scenario has one
    unsigned panics_ = 0;
    std::unique_ptr<VirtualPhone> phone_;
    Subscription subscription_;
};

}  // namespace unbrick::simulator
