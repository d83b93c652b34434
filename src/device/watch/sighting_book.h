// Turns sightings into phones: one per ECID, through all its modes. Pure logic, no devices, no clock of its own.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "src/device/watch/mux_listener.h"
#include "src/device/watcher.h"

namespace unbrick::device {

// What asking a phone gave.
struct UsbAnswer {
    UsbAddress address;
    std::optional<IbootInfo> iboot;
    Hidden hidden = Hidden::No;
};
struct MuxAnswer {
    std::uint32_t id = 0;
    Mode mode = Mode::Normal;
    std::optional<Identity> identity;
    Hidden hidden = Hidden::No;
};

class SightingBook {
public:
    using Time = base::SteadyClock::time_point;
    struct Patience {
        base::SteadyClock::duration announce, absent;
        base::SteadyClock::duration daemon = announce;   // for a daemon to come at all
    };
    explicit SightingBook(Patience patience) : patience_(patience) {}

    // Each returns the events that it caused, numbered.
    std::vector<WatchEvent> usb_arrived(const UsbSighting& sighting, Time now);
    std::vector<WatchEvent> usb_left(const UsbAddress& address, Time now);
    std::vector<WatchEvent> usb_answered(const UsbAnswer& answer, Time now);
    std::vector<WatchEvent> mux_attached(const MuxEvent& event, Time now);
    std::vector<WatchEvent> mux_detached(std::uint32_t id, Time now);
    void mux_came(Time now);                                    // it has a while to announce what USB shows
    std::vector<WatchEvent> mux_gone(Time now);                 // the daemon ended: it shows nothing any more
    std::vector<WatchEvent> mux_answered(const MuxAnswer& answer, Time now);
    std::vector<WatchEvent> report_hidden(const PhoneKey& key, Hidden hidden, Time now);
    // What time alone brings: silence that lasts too long, cards to end.
    std::vector<WatchEvent> tick(Time now, bool mux_connected);
    std::optional<Time> next_tick(bool mux_connected) const;

    std::vector<Phone> phones() const;
    // Follows keys that were replaced.
    const Phone* find(PhoneKey key) const;
    PhoneKey current_key(PhoneKey key) const;
    std::optional<std::uint32_t> mux_id_of(const PhoneKey& key) const;
    bool waiting_for_announcement() const;

private:
    struct Entry {
        Phone phone;
        std::optional<std::uint32_t> mux_id;
        std::optional<Time> unannounced_since;   // Normal on USB, not announced yet
        std::optional<Time> absent_until;
    };
    Entry& entry_for(const PhoneKey& key, bool& fresh);
    PhoneKey key_of(const UsbSighting& sighting, const IbootInfo& iboot) const;
    void learn_iboot(Phone& phone, const IbootInfo& iboot) const;
    void rekey(PhoneKey from, const Ecid& ecid, std::vector<WatchEvent>& events, Time now);
    void commit(Entry& entry, const Phone& before, bool fresh, std::vector<WatchEvent>& events, Time now);
    void set_mode(Entry& entry, Mode mode);
    void become_absent(Entry& entry, Time now);

    Patience patience_;
    std::uint64_t sequence_ = 0;
    std::map<PhoneKey, Entry> entries_;
    std::map<PhoneKey, PhoneKey> replaced_;
};

}  // namespace unbrick::device
