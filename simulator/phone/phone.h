// One virtual phone: the state machine that owns its mode, its time and its nature.
//
// Front ends (USB personalities, lockdownd, restored) are thin: they translate bytes into calls of
// this class and show what it says. Every member may be called from any thread and returns at once.
// Times are phone seconds since the world began (Timeline).
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "simulator/phone/buttons.h"
#include "simulator/phone/image_sink.h"
#include "simulator/phone/nature.h"
#include "simulator/phone/state.h"
#include "simulator/phone/timeline.h"
#include "src/base/json.h"

namespace unbrick::simulator {

struct Change {
    enum class Kind {
        Mode,       // mode, stage or services_up; `detail` says why
        Bus,        // a device left or came (state.on_bus, state.bus_epoch)
        Display,
        Power,      // cable, charger, battery crossed a limit
        Variables,  // `detail`: name
        Data,       // user data or system image
        Act,        // of a person: `detail` is its name, `data` the object given
        Panic,      // the system crashed by itself and starts again
        Attribute,  // `detail`: key
        Violation,
    };
    Kind kind = Kind::Mode;
    std::string detail;
    base::Json data;
    PhoneState state;  // as it was right after this change
    double at = 0;
};

class VirtualPhone;

// Ends the listening when it dies; then the listener is not running and will not run.
class Subscription {
public:
    Subscription() = default;
    Subscription(Subscription&& other) noexcept;
    Subscription& operator=(Subscription&& other) noexcept;
    ~Subscription() { reset(); }
    void reset();

private:
    friend class VirtualPhone;
    Subscription(VirtualPhone* phone, std::uint64_t id) : phone_(phone), id_(id) {}
    VirtualPhone* phone_ = nullptr;
    std::uint64_t id_ = 0;
};

class VirtualPhone {
public:
    // In the mode that the nature says, its device already on the bus. `timeline` outlives the phone.
    VirtualPhone(Nature nature, Timeline& timeline);
    ~VirtualPhone();
    VirtualPhone(const VirtualPhone&) = delete;
    VirtualPhone& operator=(const VirtualPhone&) = delete;

    const Nature& nature() const { return nature_; }
    Timeline& timeline() const { return timeline_; }
    double now() const { return timeline_.now(); }

    // ---- looking
    PhoneState state() const;
    SystemImage system_image() const;
    std::string system_digest() const;
    UserData user_data() const;
    std::string user_data_digest() const;
    BootOutcome boot_outcome() const;
    std::string ios_version() const;
    std::string ios_build() const;
    // AP nonce: made at each cold start, kept through EnterRecovery and `go` (restore-protocol.md 1.5).
    // SEP nonce: another one in Normal and in Recovery (real-restore.md 6.3).
    base::Bytes ap_nonce() const;
    base::Bytes sep_nonce() const;
    // Waits for a state; false when `deadline` passed first.
    bool wait_until(const std::function<bool(const PhoneState&)>& reached, base::Deadline deadline) const;

    // ---- listening. Called on the timeline's thread in order of the changes, no lock held: be short,
    // do not wait. A listener may call the phone.
    using Listener = std::function<void(const Change&)>;
    [[nodiscard]] Subscription listen(Listener listener);

    // ---- boot variables. set and clear change the working copy, which is lost at the next start
    // unless save_variables() came first.
    std::optional<std::string> variable(const std::string& name) const;
    void set_variable(const std::string& name, const std::string& value, bool persistent = true);
    void clear_variable(const std::string& name);
    void save_variables();
    std::map<std::string, std::string> saved_variables() const;

    // ---- what the phone's own software may do
    // Normal, EnterRecovery accepted: auto-boot false is saved, the phone leaves and comes back in Recovery.
    void enter_recovery(std::string why = "EnterRecovery");
    void reboot(std::string why);      // any mode; what comes next is decided as at every start
    void power_off(std::string why);
    void panic(std::string why, base::Json details = {});  // Normal: crashes and starts again
    // A loader jumps into what it was given: leaves the bus after `detach`, comes back after `attach`
    // as `next` says. Not accepted: Recovery stages bounce to Recovery, SecureROM stays in DFU.
    void jump(const NextBoot& next, double detach, double attach);
    void set_display(Display display);
    void set_locked(bool locked);
    void set_usb_restricted(bool restricted);

    // ---- what a restore does to it
    void set_system(SystemImage image, std::string digest);
    void set_version(std::string ios_version, std::string ios_build, std::string iboot_version);
    void erase_user_data(std::string why);
    void set_user_data(UserData data, std::string digest);
    void set_boot_outcome(BootOutcome outcome);
    // "update", "erase", "charge" ...: the fault is gone if the scenario says that this cures it.
    void cure(const std::string& by);

    // ---- the world outside
    // One act of a person as the control socket gives it: {"act":"press","buttons":["side"]}.
    // Built in: press, release, hold (buttons, seconds), perform (combination: force-restart, recovery,
    // dfu), plug (cable: data|charge-only), unplug, connect-charger, disconnect-charger, unlock, lock,
    // power-off. Others ("trust", "dont-trust", ...) are recorded and told to listeners (Change::Act)
    // once allow_act named them. Errors: InvalidInput for an unknown act or button.
    base::Status act(const base::Json& act);
    void allow_act(std::string name);
    void press(const std::vector<Button>& buttons);
    void release(const std::vector<Button>& buttons);
    void plug(Cable cable);
    void unplug();
    void connect_charger(bool connected);
    // The cable fails by itself: the same effect as unplug, but no act of a person.
    void lose_cable(std::string why);

    // ---- uploads
    void set_image_sink(std::shared_ptr<ImageSink> sink);
    std::shared_ptr<ImageSink> image_sink() const;

    // ---- free-form state of other parts (trusted hosts, activation, tickets ...)
    base::Json attribute(const std::string& key) const;  // null when absent
    void set_attribute(const std::string& key, base::Json value);

    // ---- what happened, for the verdict
    void record(std::string what, base::Json details = {});
    // A rule that the host broke: "settle-time", "unknown-command", "erase-without-consent" ...
    void violate(std::string rule, std::string details);
    std::vector<base::Json> history() const;
    std::vector<base::Json> violations() const;
    // mode, stable, stable_for, boot_variables, user_data, system, acts, violations, history ...
    base::Json verdict() const;

private:
    friend class Subscription;
    using Lock = std::unique_lock<std::recursive_mutex>;

    // All below: with mutex_ held.
    void note(Change::Kind kind, std::string detail, base::Json data = {});
    void note_history(std::string what, base::Json details);
    void set_mode(Mode mode, Stage stage, const std::string& why);
    void show(Display display);
    void update_bus();
    void leave_bus();
    void come_to_bus();
    void later(double span, std::function<void()> task);  // dropped by the next start_transition()
    void start_transition();
    void begin_reset(const std::string& why);
    void check_rom();
    void start_iboot();
    void decide_boot();
    void start_system();
    void enter_recovery_mode(const std::string& why, double after);
    void enter_dfu(const std::string& why, double after);
    void arrive_normal();
    void schedule_restart();
    void renew_nonces(bool cold);
    double battery_now() const;
    void settle_battery();
    void watch_battery();
    void check_buttons();
    bool powered_from_outside() const { return state_.charger || state_.cable != Cable::None; }
    void perform(const std::vector<ButtonStep>& steps);
    void unsubscribe(std::uint64_t id);
    void deliver();
    Display resting_display() const;
    void set_cable(Cable cable);
    void switch_off(const std::string& why, Display display);
    double battery_rate() const;

    const Nature nature_;
    Timeline& timeline_;

    mutable std::recursive_mutex mutex_;
    mutable std::condition_variable_any changed_;
    PhoneState state_;
    bool mode_up_ = false;  // the mode's USB function runs, whatever the cable does
    std::uint64_t transition_ = 0;
    std::map<std::string, std::string> saved_;
    std::map<std::string, std::string> working_;
    std::set<std::string> not_persistent_;
    std::string iboot_version_, loader_version_, ios_version_, ios_build_;
    SystemImage system_;
    std::string system_digest_;
    UserData user_data_;
    std::string user_data_digest_;
    BootOutcome outcome_;
    bool keep_nonce_ = false;
    std::uint64_t nonce_counter_ = 0;
    base::Bytes ap_nonce_, sep_nonce_;
    double battery_at_ = 0;  // phone time at which state_.battery was right
    Timeline::EventId battery_event_ = 0;
    bool waits_for_charge_ = false;
    ButtonPanel buttons_;
    Timeline::EventId button_event_ = 0;
    bool rom_phase_ = false;
    double rom_since_ = 0;
    std::set<std::string> allowed_acts_;
    std::shared_ptr<ImageSink> sink_;
    std::map<std::string, base::Json> attributes_;
    std::vector<base::Json> history_, violations_, acts_;

    std::recursive_mutex listeners_mutex_;
    std::map<std::uint64_t, Listener> listeners_;
    std::uint64_t last_listener_ = 0;
    std::deque<Change> pending_;  // with mutex_ held
};

}  // namespace unbrick::simulator
