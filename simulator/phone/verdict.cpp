// What the phone says of itself at the end.
#include <fmt/core.h>

#include "simulator/phone/phone.h"

namespace unbrick::simulator {

namespace {
// A phone that restarts for days must not fill the memory.
constexpr std::size_t kMostHistory = 5000;
}  // namespace

void VirtualPhone::note_history(std::string what, base::Json details) {
    if (history_.size() >= kMostHistory) return;
    base::Json entry = details.is_object() ? std::move(details) : base::Json::object();
    entry["at"] = now();
    entry["what"] = std::move(what);
    history_.push_back(std::move(entry));
}

void VirtualPhone::record(std::string what, base::Json details) {
    Lock lock(mutex_);
    note_history(std::move(what), std::move(details));
}

void VirtualPhone::violate(std::string rule, std::string details) {
    Lock lock(mutex_);
    note_history("violation", {{"rule", rule}, {"details", details}});
    if (violations_.size() < kMostHistory)
        violations_.push_back({{"at", now()}, {"rule", rule}, {"details", details}});
    note(Change::Kind::Violation, std::move(rule), std::move(details));
}

std::vector<base::Json> VirtualPhone::history() const {
    Lock lock(mutex_);
    return history_;
}

std::vector<base::Json> VirtualPhone::violations() const {
    Lock lock(mutex_);
    return violations_;
}

base::Json VirtualPhone::verdict() const {
    Lock lock(mutex_);
    const auto variable = saved_.find("auto-boot");
    // Stable is what the phone itself knows of its future; stable_for is how long it has been so.
    const bool stable = state_.mode == Mode::Normal && outcome_ == BootOutcome::Normal &&
                        system_ == SystemImage::Intact && variable != saved_.end() && variable->second == "true";
    return {
        {"ecid", fmt::format("0x{:016X}", nature_.ecid)},
        {"product_type", nature_.product_type},
        {"mode", to_string(state_.mode)},
        {"stage", to_string(state_.stage)},
        {"display", to_string(state_.display)},
        {"on_bus", state_.on_bus},
        {"services_up", state_.services_up},
        {"stable", stable},
        {"stable_for", state_.mode == Mode::Normal ? now() - state_.mode_since : 0.0},
        {"in_mode_for", now() - state_.mode_since},
        {"starts", state_.starts},
        {"panics", state_.panics},
        {"boot_outcome", to_string(outcome_)},
        {"boot_variables", saved_},
        {"user_data", to_string(user_data_)},
        {"user_data_digest", user_data_digest_},
        {"system", {{"state", to_string(system_)}, {"digest", system_digest_}}},
        {"ios_version", ios_version_},
        {"ios_build", ios_build_},
        {"battery", battery_now()},
        {"charger", state_.charger},
        {"cable", to_string(state_.cable)},
        {"locked", state_.locked},
        {"usb_restricted", state_.usb_restricted},
        {"attributes", attributes_},
        {"acts", acts_},
        {"violations", violations_},
        {"history", history_},
        {"ended_at", now()},
    };
}

}  // namespace unbrick::simulator
