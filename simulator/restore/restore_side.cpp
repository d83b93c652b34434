#include "simulator/restore/restore_side.h"

#include <fmt/core.h>

#include <algorithm>

namespace unbrick::simulator {

base::Result<RestoreTraits> RestoreTraits::from_json(const base::Json& restore) {
    RestoreTraits traits;
    if (restore.is_null()) return traits;
    if (!restore.is_object()) return base::fail(base::ErrorCode::InvalidInput, "/restore: is not an object");
    traits.generation = base::json_string(restore, "generation").value_or("");
    const auto image = base::json_string(restore, "image").value_or("digest");
    if (image == "file") traits.sink = ImageKeeping::File;
    else if (image == "discard") traits.sink = ImageKeeping::Discard;
    else if (image != "digest") return base::fail(base::ErrorCode::InvalidInput, "/restore/image: is neither file, digest nor discard");
    traits.image_file = base::json_string(restore, "image-file").value_or("");
    if (traits.sink == ImageKeeping::File && traits.image_file.empty()) return base::fail(base::ErrorCode::InvalidInput, "/restore/image-file: is missing");
    traits.free_for_update_mib = static_cast<std::uint64_t>(base::json_int(restore, "free-for-update-mib").value_or(1 << 20));
    traits.bad_storage = base::json_bool(restore, "bad-storage").value_or(false);
    traits.dead_baseband = base::json_bool(restore, "dead-baseband").value_or(false);
    traits.negative_ecid = base::json_bool(restore, "negative-ecid").value_or(false);
    traits.order_seed = static_cast<std::uint64_t>(base::json_int(restore, "order-seed").value_or(0));
    traits.key_url = base::json_string(restore, "key-url").value_or("");
    traits.faults = parse_restore_faults(base::json_at(restore, "faults"));
    return traits;
}

base::Result<std::shared_ptr<RestoreSide>> RestoreSide::create(VirtualPhone& phone, Ports& ports, SigningKey key, RestoreTraits traits) {
    const Generation* generation = traits.generation.empty() ? generation_of_chip(phone.nature().cpid) : find_generation(traits.generation);
    if (generation == nullptr)
        return base::fail(base::ErrorCode::InvalidInput, fmt::format("/restore/generation: no generation is known for '{}' (chip {:04X})", traits.generation, phone.nature().cpid));
    auto side = std::shared_ptr<RestoreSide>(new RestoreSide(phone, ports, std::move(key), std::move(traits), *generation));
    phone.set_image_sink(side);
    return side;
}

RestoreSide::RestoreSide(VirtualPhone& phone, Ports& ports, SigningKey key, RestoreTraits traits, Generation generation)
    : phone_(phone), key_(std::move(key)), traits_(std::move(traits)), generation_(generation) {
    restore_.ports = &ports;
    // The scenario may make another model of the same generation.
    generation_.cpid = phone_.nature().cpid, generation_.bdid = phone_.nature().bdid;
    fill_restore_phone();
    chain_ = std::make_unique<BootChain>(generation_, trust_now());
    worker_ = std::thread([this] { work(); });
    subscription_ = phone_.listen([this](const Change& change) { follow(change); });
}

RestoreSide::~RestoreSide() { stop(); }

void RestoreSide::stop() {
    subscription_.reset();
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
        in_restore_ = false;
        ++pause_epoch_;
        if (restored_) restored_->cut();
    }
    changed_.notify_all();
    if (worker_.joinable()) worker_.join();
}

PhoneTrust RestoreSide::trust_now() const {
    PhoneTrust trust;
    trust.ecid = phone_.nature().ecid, trust.chip = phone_.nature().cpid, trust.board = phone_.nature().bdid;
    trust.ap_nonce = phone_.ap_nonce(), trust.sep_nonces = seen_sep_nonces();
    trust.digest = component_digest(generation_);
    trust.key = &key_;
    return trust;
}

std::vector<base::Bytes> RestoreSide::seen_sep_nonces() const {
    const auto now = phone_.sep_nonce();
    const std::lock_guard lock(nonce_mutex_);
    if (std::find(sep_nonces_.begin(), sep_nonces_.end(), now) == sep_nonces_.end()) sep_nonces_.push_back(now);
    return sep_nonces_;
}

void RestoreSide::fill_restore_phone() {
    restore_.generation = generation_;
    restore_.serial_number = phone_.nature().serial;
    restore_.hardware_model = base::to_upper(phone_.nature().board);
    restore_.negative_ecid = traits_.negative_ecid;
    restore_.sink = traits_.sink, restore_.image_file = traits_.image_file;
    restore_.free_for_update_mib = traits_.free_for_update_mib;
    restore_.bad_storage = traits_.bad_storage, restore_.dead_baseband = traits_.dead_baseband;
    restore_.has_passcode = phone_.nature().passcode_set;
    restore_.faults = traits_.faults;
    restore_.order_seed = traits_.order_seed;
    if (phone_.timeline().speed() > 1) restore_.host_slack = std::chrono::seconds(10);
    if (!traits_.key_url.empty()) restore_.key_url = traits_.key_url;
    restore_.pause = [this](PhoneSeconds span) {
        std::unique_lock lock(mutex_);
        const auto epoch = pause_epoch_;
        changed_.wait_for(lock, phone_.timeline().host_span(span), [&] { return stopping_ || pause_epoch_ != epoch; });
        return !stopping_ && pause_epoch_ == epoch;
    };
    restore_.violation = [this](std::string text) { phone_.violate("restore", std::move(text)); };
    restore_.happened = [this](std::string text) { phone_.record("restore", base::Json{{"text", std::move(text)}}); };
    restore_.pull_cable = [this] { phone_.lose_cable("a fault of the scenario"); };
    restore_.reboot = [this] { phone_.reboot("restored"); };
    restore_.erased = [this](std::string why) { phone_.erase_user_data(std::move(why)); };
    restore_.image_begun = [this] { phone_.set_system(SystemImage::HalfWritten, ""); };
    restore_.image_written = [this](base::Bytes digest, std::uint64_t) {
        const std::lock_guard lock(mutex_);
        image_digest_ = std::move(digest);
    };
    restore_.finished = [this](std::string version, std::string build) {
        std::string digest;
        std::string behaviour;
        {
            const std::lock_guard lock(mutex_);
            digest = base::to_hex(image_digest_);
            if (ramdisk_) behaviour = ramdisk_->behaviour;
        }
        phone_.set_system(SystemImage::Intact, digest);
        phone_.set_version(version, build, "iBoot-" + build);
        phone_.cure("update");
        if (behaviour == "Erase") phone_.cure("erase");
        phone_.set_variable("auto-boot", "true");
        phone_.save_variables();
    };
}

BootChain& RestoreSide::chain_now() {
    const auto state = phone_.state();
    BootStage stage = BootStage::IbootRecovery;
    if (state.stage == Stage::SecureRom) stage = BootStage::SecureRom;
    else if (state.stage == Stage::Ibss) stage = BootStage::Ibss;
    else if (state.stage == Stage::Ibec) stage = BootStage::Ibec;
    if (chain_epoch_ != state.bus_epoch || chain_->stage() != stage) {
        chain_->restart(stage);
        chain_epoch_ = state.bus_epoch;
    }
    chain_->renew_trust(trust_now());
    return *chain_;
}

void RestoreSide::tell_violations() {
    for (auto& text : chain_->take_violations()) phone_.violate("settle-time", std::move(text));
}

NextBoot RestoreSide::next_boot(const BootAnswer& answer) {
    NextBoot next;
    next.reason = answer.reason;
    switch (answer.action) {
        case BootAction::Stay:
        case BootAction::FallBack: return next;
        case BootAction::StartIbss:
            next.accepted = true, next.stage = Stage::Ibss;
            next.mode = generation_.ibss_is_dfu ? Mode::Dfu : Mode::Recovery;
            next.build_version = "iBoot-" + std::string(generation_.build);
            next.reason = "iBSS";
            return next;
        case BootAction::StartIbec:
            next.accepted = true, next.stage = Stage::Ibec, next.mode = Mode::Recovery;
            next.build_version = "iBoot-" + std::string(generation_.build);
            next.reason = "iBEC";
            return next;
        case BootAction::BootRestore: {
            next.accepted = true, next.stage = Stage::Ramdisk, next.mode = Mode::Restore;
            next.reason = "restore ramdisk";
            const std::lock_guard lock(mutex_);
            ramdisk_ = chain_->ramdisk();
            image_digest_.clear();
            restore_.trust = trust_now();
            return next;
        }
    }
    return next;
}

NextBoot RestoreSide::boot_dfu_image(VirtualPhone&, const UploadedImage& image) {
    const std::lock_guard lock(chain_mutex_);
    auto next = next_boot(chain_now().dfu_image(image.data));
    chain_epoch_ = 0;
    return next;
}

NextBoot RestoreSide::go(VirtualPhone&, const UploadedImage* image) {
    const std::lock_guard lock(chain_mutex_);
    auto& chain = chain_now();
    if (image != nullptr) chain.upload(image->data, image->received_at);
    auto next = next_boot(chain.command("go", phone_.now()));
    tell_violations();
    return next;
}

NextBoot RestoreSide::bootx(VirtualPhone&, const UploadedImage* image) {
    const std::lock_guard lock(chain_mutex_);
    auto& chain = chain_now();
    if (image != nullptr) chain.upload(image->data, image->received_at);
    auto next = next_boot(chain.command("bootx", phone_.now()));
    tell_violations();
    return next;
}

std::optional<CommandOutcome> RestoreSide::command(VirtualPhone&, const std::string& command, const UploadedImage* image) {
    static const std::set<std::string, std::less<>> kKnown{"ramdisk", "devicetree", "firmware", "rsepfirmware", "setpicture", "bgcolor", "ticket", "lpolrestore"};
    const auto name = command.substr(0, command.find(' '));
    if (!kKnown.contains(name)) return std::nullopt;
    const std::lock_guard lock(chain_mutex_);
    auto& chain = chain_now();
    if (image != nullptr) chain.upload(image->data, image->received_at);
    const auto answer = chain.command(name, phone_.now());
    tell_violations();
    CommandOutcome outcome;
    if (answer.action == BootAction::FallBack) {
        outcome.kind = CommandOutcome::Kind::Crash;
        outcome.text = answer.reason;
    }
    return outcome;
}

void RestoreSide::follow(const Change& change) {
    if (change.kind == Change::Kind::Mode) static_cast<void>(seen_sep_nonces());
    const bool restore = change.state.mode == Mode::Restore && change.state.on_bus;
    const std::lock_guard lock(mutex_);
    if (restore == in_restore_) return;
    in_restore_ = restore;
    ++pause_epoch_;
    if (!restore && restored_) restored_->cut();
    changed_.notify_all();
}

void RestoreSide::work() {
    std::unique_lock lock(mutex_);
    for (;;) {
        changed_.wait(lock, [this] { return stopping_ || in_restore_ != (restored_ != nullptr); });
        if (stopping_ || (!in_restore_ && restored_)) {
            auto ending = std::move(restored_);
            lock.unlock();
            ending.reset();   // waits for its connections
            lock.lock();
            if (stopping_) return;
            continue;
        }
        if (in_restore_ && !restored_) {
            const auto ramdisk = ramdisk_.value_or(RamdiskNote{"Erase", "0", "0"});
            lock.unlock();
            auto begun = std::make_unique<Restored>(restore_, ramdisk);
            phone_.set_attribute("restored", "listens");   // who waits for its ports looks again
            lock.lock();
            restored_ = std::move(begun);
            if (!in_restore_) restored_->cut();
        }
    }
}

}  // namespace unbrick::simulator
