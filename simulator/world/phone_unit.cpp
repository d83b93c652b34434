#include "simulator/world/phone_unit.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "simulator/services/lockdownd.h"

namespace unbrick::simulator {

namespace {

// How long a person needs to pull a plug and put it in again.
constexpr double kReplugPause = 3.0;

// What a person can do besides buttons, cable, charger and lock: recorded for the verdict.
constexpr std::array kPersonActs = {"trust",  "dont-trust",         "other-cable",  "other-port",  "replug",
                                    "remove-hub", "back-up",        "fix-network",  "recovery-assistant",
                                    "clean-port", "cool-down",      "stop-program", "insert-sim"};

services::SystemNature with_identity(services::SystemNature system, const Nature& nature) {
    system.udid = nature.udid;
    system.ecid = nature.ecid;
    system.serial_number = nature.serial;
    system.product_type = nature.product_type;
    system.hardware_model = base::to_upper(nature.board);
    system.device_class = nature.product_type.substr(0, nature.product_type.find_first_of("0123456789"));
    if (!nature.name.empty()) system.device_name = nature.name;
    if (!nature.ios_version.empty()) system.product_version = nature.ios_version;
    if (!nature.ios_build.empty()) system.build_version = nature.ios_build;
    system.chip_id = nature.cpid;
    system.board_id = nature.bdid;
    system.cellular = !nature.imei.empty();
    system.imei = nature.imei;
    system.passcode_set = nature.passcode_set;
    system.locked = nature.locked && nature.passcode_set;
    return system;
}

}  // namespace

void PortTable::open(std::uint16_t port, std::function<void(base::Fd)> serve) {
    const std::lock_guard lock(mutex_);
    ports_[port] = std::move(serve);
}

void PortTable::close(std::uint16_t port) {
    const std::lock_guard lock(mutex_);
    ports_.erase(port);
}

void PortTable::close_all() {
    const std::lock_guard lock(mutex_);
    ports_.clear();
}

mux::Service PortTable::find(std::uint16_t port) const {
    const std::lock_guard lock(mutex_);
    const auto found = ports_.find(port);
    if (found == ports_.end()) return {};
    return [serve = found->second](mux::Stream& stream) {
        // A descriptor of its own, blocking as the restore side expects; an interrupt of the stream
        // shuts both down.
        base::Fd own(::fcntl(stream.fd(), F_DUPFD_CLOEXEC, 0));
        const int flags = ::fcntl(own.get(), F_GETFL);
        ::fcntl(own.get(), F_SETFL, flags & ~O_NONBLOCK);
        serve(std::move(own));
    };
}

PhoneUnit::PhoneUnit(ScenarioPhone scenario, Timeline& timeline, unsigned index)
    : scenario_(std::move(scenario)), timeline_(timeline), index_(index),
      connection_faults_(scenario_.connection_faults), cable_fault_cured_(scenario_.cable_faults.size(), false),
      phone_(std::make_unique<VirtualPhone>(scenario_.nature, timeline)) {
    services::SystemActs acts;
    VirtualPhone* phone = phone_.get();
    acts.restart = [phone] { phone->reboot("diagnostics_relay"); };
    acts.shut_down = [phone] { phone->power_off("diagnostics_relay"); };
    acts.enter_recovery = [phone] { phone->enter_recovery(); };
    acts.ap_nonce = [phone] { return phone->ap_nonce(); };
    acts.sep_nonce = [phone] { return phone->sep_nonce(); };
    acts.battery_percent = [phone] { return static_cast<int>(phone->state().battery + 0.5); };
    acts.charging = [phone] {
        const PhoneState state = phone->state();
        return state.battery < 99.5 && (state.charger || state.cable != Cable::None);
    };
    acts.uptime_seconds = [phone] { return phone->now() - phone->state().mode_since; };
    system_ = std::make_shared<services::System>(with_identity(scenario_.system, phone_->nature()), std::move(acts));
    system_->set_locked(phone_->state().locked);
    for (const char* name : kPersonActs) phone_->allow_act(name);
    show_resting_screen();
    subscription_ = phone_->listen([this](const Change& change) { follow(change); });
    for (std::size_t at = 0; at < scenario_.cable_faults.size(); ++at) arm_cable_fault(at, scenario_.cable_faults[at].after);
}

PhoneUnit::~PhoneUnit() {
    subscription_.reset();
    timeline_.cancel_all(this);
}

std::string PhoneUnit::ecid_text() const { return fmt::format("0x{:016X}", phone_->nature().ecid); }

mux::Service PhoneUnit::service(std::uint16_t port, bool restore) {
    mux::Service service = restore ? restore_ports_.find(port) : services::normal_mode_service(system_, port);
    if (!service || restore) return service;
    const std::lock_guard lock(mutex_);
    for (ConnectionFault& fault : connection_faults_) {
        if (fault.times == 0 || (fault.port != 0 && fault.port != port)) continue;
        if (fault.skip > 0) { --fault.skip; continue; }
        --fault.times;
        return [service, broken = fault.fault](mux::Stream& stream) {
            stream.set_fault(broken);
            service(stream);
        };
    }
    return service;
}

void PhoneUnit::host_appeared() {
    if (!system_->paired_hosts().empty() || phone_->state().locked) return;
    system_->show_trust_dialog();
    phone_->set_display(Display::TrustDialog);
}

void PhoneUnit::show_resting_screen() {
    if (phone_->state().mode == Mode::Normal && system_->activation_state() == "Unactivated")
        phone_->set_display(Display::Hello);
}

void PhoneUnit::follow(const Change& change) {
    switch (change.kind) {
        case Change::Kind::Mode:
            if (change.state.mode == Mode::Normal) show_resting_screen();
            if (change.state.mode == Mode::Booting) {
                system_->reboot();
                restore_ports_.close_all();
            }
            break;
        case Change::Kind::Panic: {
            if (scenario_.system.crash_reports.empty()) break;
            // Each panic leaves a report like the first one, under a name of its own.
            services::File report = scenario_.system.crash_reports.front();
            const std::size_t dot = report.path.rfind('.');
            report.path.insert(dot == std::string::npos ? report.path.size() : dot, fmt::format("-{:03}", ++panics_));
            system_->add_crash_report(std::move(report));
            break;
        }
        case Change::Kind::Data:
            if (phone_->user_data() == UserData::Gone) system_->forget_everything();
            break;
        default: break;
    }
    if (system_->locked() != change.state.locked) {
        system_->set_locked(change.state.locked);
        // A host that waits since before the unlocking is asked about now.
        if (!change.state.locked && change.state.mode == Mode::Normal && change.state.on_bus) host_appeared();
    }
}

void PhoneUnit::arm_cable_fault(std::size_t index, double after) {
    timeline_.after(PhoneSeconds(after), [this, index] {
        {
            const std::lock_guard lock(mutex_);
            if (cable_fault_cured_[index]) return;
        }
        const CableFault& fault = scenario_.cable_faults[index];
        if (phone_->state().cable == Cable::Data) {
            phone_->lose_cable("the plug does not hold");
            timeline_.after(PhoneSeconds(fault.away), [this] {
                if (phone_->state().cable == Cable::None) phone_->plug(Cable::Data);
            }, this);
        }
        if (fault.every > 0) arm_cable_fault(index, fault.every);
    }, this);
}

base::Status PhoneUnit::act(const base::Json& act) {
    const std::string name = base::json_string(act, "act").value_or("");
    UB_TRY_VOID(phone_->act(act));
    if (name == "trust" || name == "dont-trust") {
        if (system_->answer_trust(name == "trust")) {
            phone_->set_display(Display::HomeScreen);
            phone_->record(name == "trust" ? "trusted" : "not-trusted");
        }
    } else if (name == "other-cable" || name == "other-port" || name == "replug" || name == "remove-hub") {
        {
            const std::lock_guard lock(mutex_);
            for (std::size_t at = 0; at < scenario_.cable_faults.size(); ++at)
                if (scenario_.cable_faults[at].cured_by == name) cable_fault_cured_[at] = true;
        }
        const Cable before = phone_->state().cable;
        const Cable after = name == "other-cable" || before == Cable::None ? Cable::Data : before;
        phone_->unplug();
        timeline_.after(PhoneSeconds(kReplugPause), [this, after] { phone_->plug(after); }, this);
    }
    return {};
}

}  // namespace unbrick::simulator
