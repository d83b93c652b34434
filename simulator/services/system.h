// iOS as it runs on a virtual phone: what lockdownd and its services know, allow and do.
//
// A System lives as long as its phone; it knows nothing of USB and modes. The world tells it when the
// phone boots, what a person does to the screen, and takes over restart, shutdown and recovery.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "simulator/mux/server.h"
#include "src/base/json.h"
#include "src/base/plist.h"

namespace unbrick::simulator::services {

enum class Pairing { None, Trusted };
enum class TrustDialog { Closed, Open, Accepted, Denied };

struct File {
    std::string path;  // under the crash report folder, for example "panic-full-2026-01-02-030405.ips"
    std::string content;
};

// The nature of the system at the start; every member has a sensible default for a healthy phone.
struct SystemNature {
    std::string udid;
    std::uint64_t ecid = 0;
    std::string serial_number = "F2LXK0VIRTUA";
    std::string device_name = "iPhone";
    std::string product_type = "iPhone10,6";
    std::string hardware_model = "D221AP";
    std::string device_class = "iPhone";
    std::string product_version = "16.7.10";
    std::string build_version = "20H350";
    std::uint64_t chip_id = 0x8015;
    std::uint64_t board_id = 0x0E;
    std::string imei = "356000000000004";
    std::string wifi_address = "f0:00:00:00:00:01";

    bool cellular = true;
    bool baseband_alive = true;
    std::string baseband_version = "7.80.04";
    bool sim_present = true;

    bool passcode_set = true;
    bool locked = false;      // the screen is locked with the passcode now
    Pairing pairing = Pairing::Trusted;
    bool person_denies_trust = false;
    bool silent = false;      // lockdownd accepts connections and says nothing

    std::string activation_state = "Activated";
    bool activation_locked = false;  // somebody's Apple account
    bool find_my = false;

    int battery_percent = 80;
    bool battery_charging = true;
    int battery_cycles = 250;
    int battery_design_mah = 2716;
    int battery_full_mah = 2440;
    int battery_millivolts = 4100;
    int battery_centigrade = 27;

    std::uint64_t disk_total = 64'000'000'000;
    std::uint64_t data_total = 52'000'000'000;
    std::uint64_t data_free = 20'000'000'000;

    std::vector<File> crash_reports;
    std::vector<std::string> syslog;
    // Lockdown values that the scenario adds or overrides: domain ("" for none) -> key -> value.
    base::Json values = base::Json::object();
    // MobileGestalt keys and IORegistry entries that the scenario adds: name -> value.
    base::Json gestalt = base::Json::object();
    base::Json registry = base::Json::object();
};

// What the phone around the system does when the system asks. Called without locks held, from any thread.
struct SystemActs {
    std::function<void()> restart;
    std::function<void()> shut_down;
    std::function<void()> enter_recovery;
    // The nonces of the next boot; empty functions give fixed ones.
    std::function<base::Bytes()> ap_nonce;
    std::function<base::Bytes()> sep_nonce;
    // Current battery level, from the phone's own state; empty: the nature's.
    std::function<int()> battery_percent;
    std::function<bool()> charging;
    // Phone time since this boot.
    std::function<double()> uptime_seconds;
};

// All members may be called from any thread.
class System {
public:
    System(SystemNature nature, SystemActs acts);

    const SystemNature& nature() const { return nature_; }
    const SystemActs& acts() const { return acts_; }

    // --- the screen
    bool locked() const;
    void set_locked(bool locked);
    TrustDialog trust_dialog() const;
    void show_trust_dialog();          // a host was plugged in or asked to pair
    bool answer_trust(bool trust);     // false: no dialog is open, or the phone is locked
    bool silent() const;
    void set_silent(bool silent);

    // --- pairing
    // Forgets sessions and service ports, as a restart does.
    void reboot();
    void add_pairing(const std::string& host_id, const base::Plist& pair_record);
    std::optional<base::Plist> pairing(const std::string& host_id) const;
    bool remove_pairing(const std::string& host_id);
    std::vector<std::string> paired_hosts() const;
    // Erases pairings and user settings, as an erase restore does.
    void forget_everything();

    // --- values, as lockdownd tells them
    // The value, or the name of lockdownd's error.
    struct Answer {
        base::Plist value;
        std::string error;
    };
    Answer value(const std::string& domain, const std::string& key, bool in_session) const;
    std::string set_value(const std::string& domain, const std::string& key, base::Plist value, bool in_session);
    base::Plist domain_values(const std::string& domain, bool in_session) const;

    // --- activation
    std::string activation_state() const;
    void set_activation_state(std::string state);

    // --- files of the crash report folder
    std::vector<File> crash_reports() const;
    void add_crash_report(File file);
    bool remove_crash_report(const std::string& path);

    // --- ports of started services
    std::uint16_t offer(mux::Service service);
    mux::Service take(std::uint16_t port) const;

private:
    base::Plist all_values(const std::string& domain) const;

    const SystemNature nature_;
    const SystemActs acts_;
    mutable std::mutex mutex_;
    bool locked_;
    bool silent_;
    TrustDialog trust_dialog_ = TrustDialog::Closed;
    std::string activation_state_;
    std::map<std::string, base::Plist> pairings_;
    std::map<std::string, std::map<std::string, base::Plist>> set_values_;
    std::vector<File> crash_reports_;
    std::map<std::uint16_t, mux::Service> ports_;
    std::uint16_t next_port_ = 49152;
};

// JSON to property list; null is none. A string "base64:..." becomes data.
base::Plist plist_from_json(const base::Json& value);

}  // namespace unbrick::simulator::services
