#include "simulator/phone/phone.h"

#include <fmt/core.h>

#include "src/base/digest.h"

namespace unbrick::simulator {

// ---------------------------------------------------------------- listening

Subscription::Subscription(Subscription&& other) noexcept
    : phone_(std::exchange(other.phone_, nullptr)), id_(other.id_) {}

Subscription& Subscription::operator=(Subscription&& other) noexcept {
    reset();
    phone_ = std::exchange(other.phone_, nullptr);
    id_ = other.id_;
    return *this;
}

void Subscription::reset() {
    if (phone_ != nullptr) std::exchange(phone_, nullptr)->unsubscribe(id_);
}

Subscription VirtualPhone::listen(Listener listener) {
    std::lock_guard lock(listeners_mutex_);
    listeners_.emplace(++last_listener_, std::move(listener));
    return Subscription(this, last_listener_);
}

void VirtualPhone::unsubscribe(std::uint64_t id) {
    std::lock_guard lock(listeners_mutex_);
    listeners_.erase(id);
}

void VirtualPhone::note(Change::Kind kind, std::string detail, base::Json data) {
    changed_.notify_all();
    pending_.push_back({kind, std::move(detail), std::move(data), state(), now()});
    if (pending_.size() == 1) timeline_.post([this] { deliver(); }, this);
}

void VirtualPhone::deliver() {
    for (;;) {
        Change change;
        {
            Lock lock(mutex_);
            if (pending_.empty()) return;
            change = pending_.front();
        }
        {
            // Held while they run, so that unsubscribe() waits for a running listener.
            std::lock_guard lock(listeners_mutex_);
            std::vector<std::uint64_t> ids;
            for (const auto& [id, listener] : listeners_) ids.push_back(id);
            for (const auto id : ids) {
                const auto found = listeners_.find(id);
                if (found == listeners_.end()) continue;
                const auto listener = found->second;
                listener(change);
            }
        }
        Lock lock(mutex_);
        pending_.pop_front();
    }
}

// ---------------------------------------------------------------- life

VirtualPhone::VirtualPhone(Nature nature, Timeline& timeline)
    : nature_(std::move(nature)),
      timeline_(timeline),
      saved_(nature_.boot_variables),
      working_(nature_.boot_variables),
      iboot_version_(nature_.iboot_version),
      ios_version_(nature_.ios_version),
      ios_build_(nature_.ios_build),
      system_(nature_.system),
      system_digest_(nature_.system_digest),
      user_data_(nature_.user_data),
      user_data_digest_(nature_.user_data_digest),
      outcome_(nature_.boot_outcome),
      buttons_(nature_.buttons) {
    Lock lock(mutex_);
    state_.cable = nature_.cable;
    state_.charger = nature_.charger;
    state_.battery = nature_.battery;
    state_.locked = nature_.locked && nature_.passcode_set;
    state_.usb_restricted = nature_.usb_restricted;
    battery_at_ = now();
    renew_nonces(true);

    const auto stage = [&](Stage usual) { return nature_.start_stage == Stage::None ? usual : nature_.start_stage; };
    bool up = true;
    switch (nature_.start_mode) {
        case Mode::Off:
            set_mode(Mode::Off, Stage::None, "start");
            waits_for_charge_ = battery_now() <= nature_.battery_to_boot;
            if (waits_for_charge_ && powered_from_outside()) show(Display::LowBattery);
            up = false;
            break;
        case Mode::Booting:
            set_mode(Mode::Booting, stage(Stage::System), "start");
            show(Display::Logo);
            up = false;
            break;
        case Mode::Normal:
            set_mode(Mode::Normal, Stage::System, "start");
            state_.services_up = outcome_ != BootOutcome::Silent;
            show(resting_display());
            schedule_restart();
            break;
        case Mode::Recovery:
            set_mode(Mode::Recovery, stage(Stage::Iboot), "start");
            show(Display::ComputerAndCable);
            break;
        case Mode::Restore:
            set_mode(Mode::Restore, Stage::Ramdisk, "start");
            show(Display::LogoProgress);
            break;
        case Mode::Dfu:
        case Mode::Kis:
        case Mode::Wtf:
        case Mode::PortDfu:
            set_mode(nature_.start_mode, stage(Stage::SecureRom), "start");
            show(Display::Black);
            break;
    }
    if (up && !nature_.start_off_bus) come_to_bus();
    watch_battery();
    pending_.clear();  // nobody listens yet: how it starts is what state() says
}

VirtualPhone::~VirtualPhone() { timeline_.cancel_all(this); }

// ---------------------------------------------------------------- looking

PhoneState VirtualPhone::state() const {
    Lock lock(mutex_);
    auto copy = state_;
    copy.battery = battery_now();
    return copy;
}
SystemImage VirtualPhone::system_image() const { Lock lock(mutex_); return system_; }
std::string VirtualPhone::system_digest() const { Lock lock(mutex_); return system_digest_; }
UserData VirtualPhone::user_data() const { Lock lock(mutex_); return user_data_; }
std::string VirtualPhone::user_data_digest() const { Lock lock(mutex_); return user_data_digest_; }
BootOutcome VirtualPhone::boot_outcome() const { Lock lock(mutex_); return outcome_; }
std::string VirtualPhone::ios_version() const { Lock lock(mutex_); return ios_version_; }
std::string VirtualPhone::ios_build() const { Lock lock(mutex_); return ios_build_; }
base::Bytes VirtualPhone::ap_nonce() const { Lock lock(mutex_); return ap_nonce_; }
base::Bytes VirtualPhone::sep_nonce() const { Lock lock(mutex_); return sep_nonce_; }

bool VirtualPhone::wait_until(const std::function<bool(const PhoneState&)>& reached, base::Deadline deadline) const {
    Lock lock(mutex_);
    while (!reached(state())) {
        if (deadline.expired()) return false;
        // Bounded: a condition on the battery or on time has no event of its own.
        changed_.wait_for(lock, std::min(deadline.remaining(), base::milliseconds(200)));
    }
    return true;
}

// ---------------------------------------------------------------- boot variables

std::optional<std::string> VirtualPhone::variable(const std::string& name) const {
    Lock lock(mutex_);
    const auto found = working_.find(name);
    if (found != working_.end()) return found->second;
    if (name == "build-version") {
        const bool loaded = state_.stage == Stage::Ibss || state_.stage == Stage::Ibec;
        const auto& version = loaded && !loader_version_.empty() ? loader_version_ : iboot_version_;
        if (!version.empty()) return version;
    }
    if (name == "build-style") return "RELEASE";
    return std::nullopt;
}

void VirtualPhone::set_variable(const std::string& name, const std::string& value, bool persistent) {
    Lock lock(mutex_);
    working_[name] = value;
    if (persistent) not_persistent_.erase(name);
    else not_persistent_.insert(name);
    note_history("setenv", {{"name", name}, {"value", value}, {"persistent", persistent}});
    note(Change::Kind::Variables, name);
}

void VirtualPhone::clear_variable(const std::string& name) {
    Lock lock(mutex_);
    working_.erase(name);
    not_persistent_.erase(name);
    note_history("clearenv", {{"name", name}});
    note(Change::Kind::Variables, name);
}

void VirtualPhone::save_variables() {
    Lock lock(mutex_);
    auto saved = working_;
    for (const auto& name : not_persistent_) {
        const auto old = saved_.find(name);
        if (old == saved_.end()) saved.erase(name);
        else saved[name] = old->second;
    }
    saved_ = std::move(saved);
    note_history("saveenv", {});
    note(Change::Kind::Variables, "");
}

std::map<std::string, std::string> VirtualPhone::saved_variables() const {
    Lock lock(mutex_);
    return saved_;
}

// ---------------------------------------------------------------- what a restore does

void VirtualPhone::set_system(SystemImage image, std::string digest) {
    Lock lock(mutex_);
    if (image != system_ || digest != system_digest_)
        note_history("system", {{"state", to_string(image)}, {"digest", digest}});
    system_ = image;
    system_digest_ = std::move(digest);
    note(Change::Kind::Data, "system");
}

void VirtualPhone::set_version(std::string ios_version, std::string ios_build, std::string iboot_version) {
    Lock lock(mutex_);
    note_history("version", {{"ios", ios_version}, {"build", ios_build}});
    ios_version_ = std::move(ios_version);
    ios_build_ = std::move(ios_build);
    iboot_version_ = std::move(iboot_version);
    note(Change::Kind::Data, "version");
}

void VirtualPhone::erase_user_data(std::string why) {
    Lock lock(mutex_);
    note_history("user-data-erased", {{"why", why}});
    user_data_ = UserData::Gone;
    user_data_digest_.clear();
    note(Change::Kind::Data, "user-data");
}

void VirtualPhone::set_user_data(UserData data, std::string digest) {
    Lock lock(mutex_);
    if (data != user_data_) note_history("user-data", {{"state", to_string(data)}});
    user_data_ = data;
    user_data_digest_ = std::move(digest);
    note(Change::Kind::Data, "user-data");
}

void VirtualPhone::set_boot_outcome(BootOutcome outcome) {
    Lock lock(mutex_);
    outcome_ = outcome;
}

void VirtualPhone::cure(const std::string& by) {
    Lock lock(mutex_);
    if (nature_.cured_by.count(by) == 0 || outcome_ == BootOutcome::Normal) return;
    outcome_ = BootOutcome::Normal;
    note_history("cured", {{"by", by}});
}

// ---------------------------------------------------------------- uploads, attributes

void VirtualPhone::set_image_sink(std::shared_ptr<ImageSink> sink) {
    Lock lock(mutex_);
    sink_ = std::move(sink);
}

std::shared_ptr<ImageSink> VirtualPhone::image_sink() const {
    static const auto refusing = std::make_shared<ImageSink>();
    Lock lock(mutex_);
    return sink_ ? sink_ : refusing;
}

base::Json VirtualPhone::attribute(const std::string& key) const {
    Lock lock(mutex_);
    const auto found = attributes_.find(key);
    return found == attributes_.end() ? base::Json() : found->second;
}

void VirtualPhone::set_attribute(const std::string& key, base::Json value) {
    Lock lock(mutex_);
    attributes_[key] = std::move(value);
    note(Change::Kind::Attribute, key);
}

// ---------------------------------------------------------------- state helpers

void VirtualPhone::set_mode(Mode mode, Stage stage, const std::string& why) {
    settle_battery();
    state_.mode = mode;
    state_.stage = stage;
    state_.mode_since = now();
    state_.services_up = false;
    note_history("mode", {{"mode", to_string(mode)}, {"stage", to_string(stage)}, {"why", why}});
    note(Change::Kind::Mode, why);
}

void VirtualPhone::show(Display display) {
    if (state_.display == display) return;
    state_.display = display;
    note(Change::Kind::Display, std::string(to_string(display)));
}

void VirtualPhone::set_display(Display display) {
    Lock lock(mutex_);
    show(display);
}

Display VirtualPhone::resting_display() const {
    if (outcome_ == BootOutcome::Silent) return Display::Logo;
    if (user_data_ == UserData::Gone) return Display::Hello;
    return state_.locked ? Display::LockScreen : Display::HomeScreen;
}

void VirtualPhone::set_locked(bool locked) {
    Lock lock(mutex_);
    state_.locked = locked;
    if (!locked) state_.usb_restricted = false;
    if (state_.mode == Mode::Normal) show(resting_display());
    update_bus();
    note(Change::Kind::Mode, locked ? "locked" : "unlocked");
}

void VirtualPhone::set_usb_restricted(bool restricted) {
    Lock lock(mutex_);
    state_.usb_restricted = restricted;
    update_bus();
}

void VirtualPhone::update_bus() {
    const bool closed = state_.mode == Mode::Normal && state_.usb_restricted;
    const bool on_bus = mode_up_ && state_.cable == Cable::Data && !closed;
    if (on_bus == state_.on_bus) return;
    state_.on_bus = on_bus;
    if (on_bus) ++state_.bus_epoch;
    note(Change::Kind::Bus, on_bus ? "attached" : "detached");
}

void VirtualPhone::leave_bus() {
    mode_up_ = false;
    update_bus();
}

void VirtualPhone::come_to_bus() {
    mode_up_ = true;
    update_bus();
}

void VirtualPhone::start_transition() { ++transition_; }

void VirtualPhone::later(double span, std::function<void()> task) {
    timeline_.after(PhoneSeconds(span), [this, mine = transition_, task = std::move(task)] {
        Lock lock(mutex_);
        if (mine == transition_) task();
    }, this);
}

void VirtualPhone::renew_nonces(bool cold) {
    const auto make = [&](std::string_view kind, std::size_t size) {
        auto bytes = base::digest_of(base::DigestKind::Sha256,
                                     base::as_bytes(fmt::format("{}{:016x}{}", kind, nature_.ecid, nonce_counter_)));
        bytes.resize(size);
        return bytes;
    };
    ++nonce_counter_;
    if (cold) ap_nonce_ = make("ap", std::min<std::size_t>(nature_.ap_nonce_size, 32));
    sep_nonce_ = make("sep", 20);
}

}  // namespace unbrick::simulator
