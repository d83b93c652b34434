#include "src/device/watch/sighting_book.h"

#include <algorithm>

#include <fmt/core.h>

namespace unbrick::device {

namespace {

void take(std::string& into, const std::string& from) {
    if (!from.empty()) into = from;
}

void merge(Identity& into, const Identity& from) {
    if (from.ecid) into.ecid = from.ecid;
    take(into.udid, from.udid);
    take(into.serial_number, from.serial_number);
    take(into.product_type, from.product_type);
    take(into.board, from.board);
    take(into.ios_version, from.ios_version);
    take(into.ios_build, from.ios_build);
    take(into.name, from.name);
    if (from.cpid) into.cpid = from.cpid;
    if (from.bdid) into.bdid = from.bdid;
    into.image4 = into.image4 || from.image4;
}

bool same_identity(const Identity& one, const Identity& other) {
    return one.ecid == other.ecid && one.udid == other.udid && one.serial_number == other.serial_number &&
           one.product_type == other.product_type && one.board == other.board && one.ios_version == other.ios_version &&
           one.ios_build == other.ios_build && one.name == other.name && one.cpid == other.cpid && one.bdid == other.bdid;
}

std::uint32_t location_of(const UsbAddress& address) {
    return (static_cast<std::uint32_t>(address.bus) << 16) | static_cast<std::uint32_t>(address.address);
}

}  // namespace

std::string_view to_string(WatchEventKind kind) {
    switch (kind) {
        case WatchEventKind::Appeared: return "appeared";
        case WatchEventKind::Identified: return "identified";
        case WatchEventKind::ModeChanged: return "mode-changed";
        case WatchEventKind::HiddenChanged: return "hidden-changed";
        case WatchEventKind::Updated: return "updated";
        case WatchEventKind::Left: return "left";
    }
    return "updated";
}

SightingBook::Entry& SightingBook::entry_for(const PhoneKey& key, bool& fresh) {
    const auto [found, added] = entries_.try_emplace(key);
    fresh = added;
    if (added) {
        found->second.phone.key = key;
        found->second.phone.identity.ecid = key.ecid;
        replaced_.erase(key);   // a port that somebody else had before
    }
    return found->second;
}

PhoneKey SightingBook::key_of(const UsbSighting& sighting, const IbootInfo& iboot) const {
    const auto mode = mode_of_product(sighting.product);
    // The port controller has an ECID of its own: not the phone's (restore-protocol.md 1.6).
    if (mode != Mode::PortDfu) {
        if (iboot.ecid) return {iboot.ecid, {}};
        if (const auto ecid = ecid_of_udid(udid_of_usb_serial(sighting.serial))) return {ecid, {}};
    }
    return {std::nullopt, sighting.port};
}

void SightingBook::learn_iboot(Phone& phone, const IbootInfo& iboot) const {
    phone.iboot = iboot;
    Identity identity;
    identity.serial_number = iboot.srnm;
    identity.cpid = iboot.cpid;
    identity.bdid = iboot.bdid();
    identity.image4 = iboot.image4();
    merge(phone.identity, identity);
}

void SightingBook::set_mode(Entry& entry, Mode mode) { entry.phone.mode = mode; }

void SightingBook::become_absent(Entry& entry, Time now) {
    entry.phone.usb.reset();
    entry.phone.mux_udid.clear();
    entry.mux_id.reset();
    entry.unannounced_since.reset();
    entry.phone.hidden = Hidden::No;
    entry.absent_until = now + patience_.absent;
    set_mode(entry, Mode::Absent);
}

void SightingBook::commit(Entry& entry, const Phone& before, bool fresh, std::vector<WatchEvent>& events, Time now) {
    Phone& phone = entry.phone;
    std::optional<WatchEventKind> kind;
    if (fresh) kind = WatchEventKind::Appeared;
    else if (before.mode != phone.mode) kind = WatchEventKind::ModeChanged;
    else if (before.hidden != phone.hidden) kind = WatchEventKind::HiddenChanged;
    else if (!same_identity(before.identity, phone.identity) || before.usb != phone.usb || before.mux_udid != phone.mux_udid ||
             !(before.iboot == phone.iboot))
        kind = WatchEventKind::Updated;
    if (!kind) return;
    if (fresh || before.mode != phone.mode) {
        phone.mode_since = std::chrono::system_clock::now();
        phone.mode_since_steady = now;
    }
    phone.sequence = ++sequence_;
    events.push_back({phone.sequence, *kind, phone, phone.key});
}

void SightingBook::rekey(PhoneKey from, const Ecid& ecid, std::vector<WatchEvent>& events, Time now) {
    const PhoneKey to{ecid, {}};
    const auto old = entries_.find(from);
    if (old == entries_.end() || from == to) return;
    Entry moved = std::move(old->second);
    entries_.erase(old);
    if (!from.ecid) replaced_[from] = to;
    const auto known = entries_.find(to);
    if (known != entries_.end()) {
        // The card that waits for it goes on; what was seen last wins.
        Identity identity = known->second.phone.identity;
        merge(identity, moved.phone.identity);
        moved.phone.identity = std::move(identity);
        moved.phone.arrivals += known->second.phone.arrivals;
        entries_.erase(known);
    }
    moved.phone.key = to;
    moved.phone.identity.ecid = ecid;
    moved.phone.mode_since = std::chrono::system_clock::now();
    moved.phone.mode_since_steady = now;
    moved.phone.sequence = ++sequence_;
    events.push_back({sequence_, WatchEventKind::Identified, moved.phone, from});
    entries_[to] = std::move(moved);
}

std::vector<WatchEvent> SightingBook::usb_arrived(const UsbSighting& sighting, Time now) {
    std::vector<WatchEvent> events;
    const auto mode = mode_of_product(sighting.product);
    if (!mode) return events;
    const bool by_mux = *mode == Mode::Normal || *mode == Mode::Restore;
    const IbootInfo iboot = by_mux ? IbootInfo{} : parse_iboot_string(sighting.serial);
    PhoneKey key = key_of(sighting, iboot);
    if (!key.ecid && by_mux) {
        // usbmuxd may have been faster, and may know more.
        for (const auto& [known, entry] : entries_)
            if (entry.mux_id && !entry.phone.usb &&
                (entry.phone.mux_udid == udid_of_usb_serial(sighting.serial) || known.port.path == fmt::format("mux-{}", location_of(sighting.address))))
                key = known;
    }
    bool fresh = false;
    Entry& entry = entry_for(key, fresh);
    const Phone before = entry.phone;
    entry.phone.usb = sighting;
    entry.absent_until.reset();
    ++entry.phone.arrivals;
    if (by_mux) {
        take(entry.phone.identity.udid, udid_of_usb_serial(sighting.serial));
        if (!entry.mux_id) {
            set_mode(entry, Mode::Unknown);
            entry.phone.hidden = Hidden::No;
            entry.unannounced_since = now;
        }
    } else {
        entry.mux_id.reset();
        entry.phone.mux_udid.clear();
        entry.unannounced_since.reset();
        set_mode(entry, *mode);
        entry.phone.hidden = Hidden::No;
        learn_iboot(entry.phone, iboot);
    }
    commit(entry, before, fresh, events, now);
    return events;
}

std::vector<WatchEvent> SightingBook::usb_left(const UsbAddress& address, Time now) {
    std::vector<WatchEvent> events;
    for (auto& [key, entry] : entries_) {
        if (!entry.phone.usb || entry.phone.usb->address != address) continue;
        const Phone before = entry.phone;
        become_absent(entry, now);
        commit(entry, before, false, events, now);
        break;
    }
    return events;
}

std::vector<WatchEvent> SightingBook::usb_answered(const UsbAnswer& answer, Time now) {
    std::vector<WatchEvent> events;
    for (auto& [key, entry] : entries_) {
        if (!entry.phone.usb || entry.phone.usb->address != answer.address) continue;
        const Phone before = entry.phone;
        if (answer.iboot) learn_iboot(entry.phone, *answer.iboot);
        entry.phone.hidden = answer.hidden;
        commit(entry, before, false, events, now);
        const bool own = entry.phone.mode != Mode::PortDfu;
        if (own && answer.iboot && answer.iboot->ecid && !key.ecid) {
            const PhoneKey from = key;
            rekey(from, *answer.iboot->ecid, events, now);
        }
        break;
    }
    return events;
}

std::vector<WatchEvent> SightingBook::mux_attached(const MuxEvent& event, Time now) {
    std::vector<WatchEvent> events;
    PhoneKey key{ecid_of_udid(event.udid), {}};
    if (!key.ecid) {
        key.port = {0, fmt::format("mux-{}", event.location != 0 ? event.location : event.id)};
        for (const auto& [known, entry] : entries_) {
            const bool same_place = entry.phone.usb && event.location != 0 && location_of(entry.phone.usb->address) == event.location;
            const bool same_udid = entry.phone.usb && udid_of_usb_serial(entry.phone.usb->serial) == event.udid;
            // A UDID of 40 digits holds no ECID, but a phone seen before is known by it.
            const bool known_udid = entry.phone.key.ecid && entry.phone.identity.udid == event.udid;
            if (same_place || same_udid || known_udid) key = known;
        }
    }
    bool fresh = false;
    Entry& entry = entry_for(key, fresh);
    const Phone before = entry.phone;
    if (!entry.phone.usb && !entry.mux_id) ++entry.phone.arrivals;
    entry.mux_id = event.id;
    entry.phone.mux_udid = event.udid;
    entry.unannounced_since.reset();
    entry.absent_until.reset();
    const auto mode = entry.phone.mode;
    if (mode != Mode::Normal && mode != Mode::Restore) set_mode(entry, Mode::Unknown);
    entry.phone.hidden = Hidden::No;
    commit(entry, before, fresh, events, now);
    return events;
}

std::vector<WatchEvent> SightingBook::mux_detached(std::uint32_t id, Time now) {
    std::vector<WatchEvent> events;
    for (auto& [key, entry] : entries_) {
        if (entry.mux_id != id) continue;
        const Phone before = entry.phone;
        entry.mux_id.reset();
        entry.phone.mux_udid.clear();
        if (!entry.phone.usb) become_absent(entry, now);
        else entry.unannounced_since = now;
        commit(entry, before, false, events, now);
        break;
    }
    return events;
}

void SightingBook::mux_came(Time now) {
    for (auto& [key, entry] : entries_) {
        const auto product = entry.phone.usb ? mode_of_product(entry.phone.usb->product) : std::nullopt;
        if (!entry.mux_id && (product == Mode::Normal || product == Mode::Restore)) entry.unannounced_since = now;
    }
}

std::vector<WatchEvent> SightingBook::mux_gone(Time now) {
    std::vector<std::uint32_t> ids;
    for (const auto& [key, entry] : entries_)
        if (entry.mux_id) ids.push_back(*entry.mux_id);
    std::vector<WatchEvent> events;
    for (const auto id : ids) {
        auto more = mux_detached(id, now);
        events.insert(events.end(), more.begin(), more.end());
    }
    return events;
}

std::vector<WatchEvent> SightingBook::mux_answered(const MuxAnswer& answer, Time now) {
    std::vector<WatchEvent> events;
    for (auto& [key, entry] : entries_) {
        if (entry.mux_id != answer.id) continue;
        const Phone before = entry.phone;
        set_mode(entry, answer.mode);
        entry.phone.hidden = answer.hidden;
        std::optional<Ecid> ecid;
        if (answer.identity) {
            ecid = answer.identity->ecid;
            Identity identity = *answer.identity;
            // The UDID of Restore mode may be a stand-in: the real one is kept.
            if (answer.mode == Mode::Restore && !entry.phone.identity.udid.empty()) identity.udid.clear();
            merge(entry.phone.identity, identity);
        }
        // Rekey first, so that who waits for the mode under the ECID sees the event with it.
        if (ecid && key.ecid != ecid) {
            const PhoneKey from = key;
            rekey(from, *ecid, events, now);
        } else {
            commit(entry, before, false, events, now);
        }
        break;
    }
    return events;
}

std::vector<WatchEvent> SightingBook::report_hidden(const PhoneKey& key, Hidden hidden, Time now) {
    std::vector<WatchEvent> events;
    const auto found = entries_.find(current_key(key));
    if (found == entries_.end() || !found->second.phone.present()) return events;
    const Phone before = found->second.phone;
    found->second.phone.hidden = hidden;
    commit(found->second, before, false, events, now);
    return events;
}

std::vector<WatchEvent> SightingBook::tick(Time now, bool mux_connected) {
    std::vector<WatchEvent> events;
    std::vector<PhoneKey> ended;
    for (auto& [key, entry] : entries_) {
        if (entry.unannounced_since && *entry.unannounced_since + (mux_connected ? patience_.announce : patience_.daemon) <= now) {
            const Phone before = entry.phone;
            entry.unannounced_since.reset();
            if (entry.phone.mode == Mode::Unknown) set_mode(entry, Mode::Normal);
            entry.phone.hidden = mux_connected ? Hidden::LockdownSilent : Hidden::NoMuxDaemon;
            commit(entry, before, false, events, now);
        } else if (!entry.unannounced_since && !entry.mux_id && entry.phone.usb &&
                   (entry.phone.hidden == Hidden::LockdownSilent || entry.phone.hidden == Hidden::NoMuxDaemon)) {
            // The daemon came or went since the verdict: the phone is the same, the reason is not.
            const Phone before = entry.phone;
            entry.phone.hidden = mux_connected ? Hidden::LockdownSilent : Hidden::NoMuxDaemon;
            commit(entry, before, false, events, now);
        }
        if (entry.absent_until && *entry.absent_until <= now) ended.push_back(key);
    }
    for (const auto& key : ended) {
        const auto found = entries_.find(key);
        found->second.phone.sequence = ++sequence_;
        events.push_back({sequence_, WatchEventKind::Left, found->second.phone, key});
        entries_.erase(found);
    }
    return events;
}

std::optional<SightingBook::Time> SightingBook::next_tick(bool mux_connected) const {
    std::optional<Time> next;
    for (const auto& [key, entry] : entries_) {
        std::optional<Time> announce = entry.unannounced_since;
        if (announce) *announce += mux_connected ? patience_.announce : patience_.daemon;
        for (const auto& when : {announce, entry.absent_until})
            if (when && (!next || *when < *next)) next = when;
    }
    return next;
}

std::vector<Phone> SightingBook::phones() const {
    std::vector<Phone> phones;
    for (const auto& [key, entry] : entries_) phones.push_back(entry.phone);
    return phones;
}

PhoneKey SightingBook::current_key(PhoneKey key) const {
    if (entries_.contains(key)) return key;
    const auto found = replaced_.find(key);
    return found != replaced_.end() ? found->second : key;
}

const Phone* SightingBook::find(PhoneKey key) const {
    const auto found = entries_.find(current_key(std::move(key)));
    return found != entries_.end() ? &found->second.phone : nullptr;
}

std::optional<std::uint32_t> SightingBook::mux_id_of(const PhoneKey& key) const {
    const auto found = entries_.find(current_key(key));
    return found != entries_.end() ? found->second.mux_id : std::nullopt;
}

bool SightingBook::waiting_for_announcement() const {
    return std::any_of(entries_.begin(), entries_.end(), [](const auto& item) { return item.second.unannounced_since.has_value(); });
}

}  // namespace unbrick::device
