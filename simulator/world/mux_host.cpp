#include "simulator/world/mux_host.h"

#include "src/base/log.h"

namespace unbrick::simulator {

MuxHost::MuxHost(DaemonPolicy policy, std::filesystem::path socket, std::shared_ptr<mux::PairRecords> records)
    : policy_(policy), server_(std::move(socket), std::move(records)) {
    if (policy_ == DaemonPolicy::Running)
        if (auto started = server_.start(); !started) base::log::error("simulator", "{}", started.error().to_string());
}

MuxHost::~MuxHost() {
    for (const auto& seen : phones_) seen->subscription.reset();
    server_.stop();
}

bool MuxHost::on_bus(const PhoneState& state) const {
    return state.on_bus && (state.mode == Mode::Normal || state.mode == Mode::Restore);
}

void MuxHost::add(PhoneUnit& unit) {
    const std::lock_guard lock(mutex_);
    auto seen = std::make_unique<Seen>();
    seen->unit = &unit;
    Seen* entry = seen.get();
    phones_.push_back(std::move(seen));
    entry->subscription = unit.phone().listen([this, entry](const Change&) {
        const std::lock_guard inner(mutex_);
        update(*entry);
    });
    update(*entry);
}

void MuxHost::repair() {
    const std::lock_guard lock(mutex_);
    if (policy_ != DaemonPolicy::Missing) return;
    policy_ = DaemonPolicy::Udev;
    for (const auto& seen : phones_) update(*seen);
}

void MuxHost::update(Seen& seen) {
    const PhoneState state = seen.unit->phone().state();
    const bool restore = state.mode == Mode::Restore;
    // As the real daemon, which talks to a phone before it announces it: restored must listen already.
    const bool answers = on_bus(state) && (restore ? static_cast<bool>(seen.unit->restore_ports().find(62078)) : (state.services_up && !seen.unit->system()->silent()));
    if (seen.device != 0 && (!answers || seen.epoch != state.bus_epoch || seen.restore != restore)) {
        server_.detach(std::exchange(seen.device, 0));
    }
    if (policy_ == DaemonPolicy::Missing) return;
    if (policy_ == DaemonPolicy::Udev) {
        bool any = false;
        for (const auto& other : phones_) any = any || on_bus(other->unit->phone().state());
        if (!any) {
            server_.stop();
            return;
        }
        if (auto started = server_.start(); !started) {
            base::log::error("simulator", "{}", started.error().to_string());
            return;
        }
    }
    if (answers && seen.device == 0) {
        seen.epoch = state.bus_epoch;
        seen.restore = restore;
        mux::Attachment attachment;
        attachment.udid = restore ? seen.unit->restore_udid() : seen.unit->phone().nature().udid;
        attachment.product_id = seen.unit->phone().nature().normal_product;
        attachment.location = seen.unit->location();
        attachment.connect = [unit = seen.unit, restore](std::uint16_t port) { return unit->service(port, restore); };
        if (!restore) seen.unit->host_appeared();
        seen.device = server_.attach(std::move(attachment));
    }
}

}  // namespace unbrick::simulator
