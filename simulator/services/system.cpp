#include "simulator/services/system.h"

namespace unbrick::simulator::services {

System::System(SystemNature nature, SystemActs acts)
    : nature_(std::move(nature)), acts_(std::move(acts)), locked_(nature_.locked), silent_(nature_.silent),
      activation_state_(nature_.activation_state), crash_reports_(nature_.crash_reports) {}

bool System::locked() const {
    const std::lock_guard lock(mutex_);
    return locked_;
}

void System::set_locked(bool locked) {
    const std::lock_guard lock(mutex_);
    locked_ = locked && nature_.passcode_set;
}

TrustDialog System::trust_dialog() const {
    const std::lock_guard lock(mutex_);
    return trust_dialog_;
}

void System::show_trust_dialog() {
    const std::lock_guard lock(mutex_);
    if (locked_ || trust_dialog_ == TrustDialog::Accepted) return;
    trust_dialog_ = TrustDialog::Open;
}

bool System::answer_trust(bool trust) {
    const std::lock_guard lock(mutex_);
    if (locked_ || trust_dialog_ != TrustDialog::Open) return false;
    trust_dialog_ = trust ? TrustDialog::Accepted : TrustDialog::Denied;
    return true;
}

bool System::silent() const {
    const std::lock_guard lock(mutex_);
    return silent_;
}

void System::set_silent(bool silent) {
    const std::lock_guard lock(mutex_);
    silent_ = silent;
}

void System::reboot() {
    const std::lock_guard lock(mutex_);
    ports_.clear();
    trust_dialog_ = TrustDialog::Closed;
    // Before the first unlock a phone with a passcode is locked.
    locked_ = nature_.locked && nature_.passcode_set;
}

void System::add_pairing(const std::string& host_id, const base::Plist& pair_record) {
    const std::lock_guard lock(mutex_);
    pairings_[host_id] = pair_record;
    trust_dialog_ = TrustDialog::Closed;
}

std::optional<base::Plist> System::pairing(const std::string& host_id) const {
    const std::lock_guard lock(mutex_);
    const auto found = pairings_.find(host_id);
    if (found == pairings_.end()) return std::nullopt;
    return found->second;
}

bool System::remove_pairing(const std::string& host_id) {
    const std::lock_guard lock(mutex_);
    return pairings_.erase(host_id) > 0;
}

std::vector<std::string> System::paired_hosts() const {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> hosts;
    for (const auto& [host, record] : pairings_) hosts.push_back(host);
    return hosts;
}

void System::forget_everything() {
    const std::lock_guard lock(mutex_);
    pairings_.clear();
    set_values_.clear();
    crash_reports_.clear();
    ports_.clear();
    locked_ = false;
    activation_state_ = "Unactivated";
}

std::string System::activation_state() const {
    const std::lock_guard lock(mutex_);
    return activation_state_;
}

void System::set_activation_state(std::string state) {
    const std::lock_guard lock(mutex_);
    activation_state_ = std::move(state);
}

std::vector<File> System::crash_reports() const {
    const std::lock_guard lock(mutex_);
    return crash_reports_;
}

void System::add_crash_report(File file) {
    const std::lock_guard lock(mutex_);
    crash_reports_.push_back(std::move(file));
}

bool System::remove_crash_report(const std::string& path) {
    const std::lock_guard lock(mutex_);
    return std::erase_if(crash_reports_, [&](const File& file) { return file.path == path; }) > 0;
}

std::uint16_t System::offer(mux::Service service) {
    const std::lock_guard lock(mutex_);
    const std::uint16_t port = next_port_++;
    if (next_port_ < 49152) next_port_ = 49152;
    ports_[port] = std::move(service);
    return port;
}

mux::Service System::take(std::uint16_t port) const {
    const std::lock_guard lock(mutex_);
    const auto found = ports_.find(port);
    return found == ports_.end() ? mux::Service{} : found->second;
}

}  // namespace unbrick::simulator::services
