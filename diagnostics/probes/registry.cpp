#include <algorithm>
#include <array>

#include "diagnostics/probes/support.h"
#include "src/base/log.h"

namespace unbrick::diagnostics {

namespace probes {

void Finding::add(std::string_view key, base::Json value, std::string_view text) {
    Evidence one;
    one.key = key;
    one.from = {Origin::Probe, probe_, 0, text.empty() ? base::dump_json(value).substr(0, 200) : std::string(text)};
    one.value = std::move(value);
    one.when = std::chrono::system_clock::now();
    evidence_.push_back(std::move(one));
}

base::Result<device::NormalLink> open_normal(const ProbeContext& context) {
    if (!context.phone || context.phone->mux_udid.empty()) return base::fail(base::ErrorCode::WrongMode, "the phone is not in normal mode");
    device::LinkOptions options;
    options.phone = context.phone->key.to_string();
    return device::NormalLink::open(context.phone->mux_udid, context.deadline, context.stop, options);
}

}  // namespace probes

namespace {

using device::Mode;

const std::vector<Mode>& any_mode() {
    static const std::vector<Mode> modes{Mode::Unknown, Mode::Normal, Mode::Recovery, Mode::Dfu, Mode::Kis, Mode::Wtf, Mode::PortDfu, Mode::Restore};
    return modes;
}

const std::vector<Mode>& normal_only() {
    static const std::vector<Mode> modes{Mode::Normal};
    return modes;
}

const std::vector<Probe>& table() {
    static const std::vector<Probe> probes{
        {"host.usbmuxd", {}, false, ProbeCost::Instant, {"host.usbmuxd"}, probes::usbmuxd},
        {"host.udev", {}, false, ProbeCost::Instant, {"host.udev.recovery", "host.udev.kis", "host.udev.port_dfu"}, probes::udev_rules},
        {"host.machine", {}, false, ProbeCost::Instant, {"host.virtual_machine"}, probes::virtual_machine},
        {"host.disk", {}, false, ProbeCost::Instant, {"host.disk_free_bytes"}, probes::disk_room},
        {"host.clock", {}, false, ProbeCost::Instant, {"host.clock_plausible", "host.clock_synchronised"}, probes::clock},
        {"host.power", {}, false, ProbeCost::Instant, {"host.battery_percent", "host.on_battery"}, probes::host_battery},
        {"phone.identity", any_mode(), false, ProbeCost::Instant,
         {"phone.mode", "phone.hidden", "phone.model", "phone.board", "phone.cpid", "phone.bdid", "phone.ios_version", "phone.ios_build",
          "phone.arrivals", "phone.in_secure_rom"},
         probes::identity},
        {"usb.topology", any_mode(), false, ProbeCost::Instant,
         {"usb.speed", "usb.port", "usb.hubs", "usb.controller", "usb.siblings", "usb.node_openable", "usb.holders"}, probes::topology},
        {"phone.boot-variables", {Mode::Recovery}, false, ProbeCost::Seconds,
         {"nvram.auto-boot", "nvram.boot-args", "nvram.build-version", "nvram.build-style", "nvram.boot-stage", "nvram.radio-error",
          "nvram.radio-error-string", "nvram.restore-outcome", "nvram.ota-step-battery-level", "nvram.ota-step-external-power"},
         probes::boot_variables},
        {"phone.pairing", {Mode::Normal}, false, ProbeCost::Seconds, {"pairing.state", "phone.password_protected"}, probes::pairing},
        {"phone.battery", {Mode::Normal}, true, ProbeCost::Seconds,
         {"battery.level", "battery.charging", "battery.external_power", "battery.present", "battery.voltage_mv", "battery.temperature_c",
          "battery.current_ma", "battery.cycles", "battery.health_percent", "battery.failure_status", "battery.critical"},
         probes::battery},
        {"phone.storage", {Mode::Normal}, true, ProbeCost::Seconds, {"storage.free_bytes", "storage.total_bytes", "storage.free_percent"}, probes::storage},
        {"phone.activation", {Mode::Normal}, false, ProbeCost::Seconds, {"activation.state", "activation.find_my"}, probes::activation},
        {"phone.baseband", {Mode::Normal}, false, ProbeCost::Seconds, {"baseband.version", "baseband.imei_present", "baseband.sim", "baseband.telephony"},
         probes::baseband},
        {"phone.crash-reports", {Mode::Normal}, true, ProbeCost::Seconds,
         {"crash.panics", "crash.resets", "crash.low_battery", "crash.reports", "crash.panic_log"}, probes::crash_reports},
        {"link.measure", any_mode(), false, ProbeCost::Seconds,
         {"link.errors", "link.transfers", "link.reconnects", "link.latency_ms", "link.jitter_ms", "link.score"}, probes::link},
    };
    return probes;
}

}  // namespace

std::span<const Probe> all_probes() { return table(); }

const Probe* find_probe(std::string_view id) {
    const auto& probes = table();
    const auto found = std::find_if(probes.begin(), probes.end(), [&](const Probe& probe) { return probe.id == id; });
    return found != probes.end() ? &*found : nullptr;
}

std::vector<const Probe*> probes_for(const std::optional<device::Phone>& phone) {
    std::vector<const Probe*> able;
    for (const Probe& probe : table()) {
        if (!probe.modes.empty()) {
            if (!phone || !phone->present()) continue;
            if (std::find(probe.modes.begin(), probe.modes.end(), phone->mode) == probe.modes.end()) continue;
            // Normal mode without usbmuxd: what asks lockdownd has nobody to ask.
            if (probe.modes == normal_only() && phone->mux_udid.empty()) continue;
            if (probe.needs_trust && phone->hidden != device::Hidden::No) continue;
        }
        able.push_back(&probe);
    }
    std::stable_sort(able.begin(), able.end(), [](const Probe* one, const Probe* other) { return one->cost < other->cost; });
    return able;
}

std::vector<Evidence> run_probe(const Probe& probe, const ProbeContext& context) {
    auto found = probe.run(context);
    if (found) return std::move(*found);
    const auto& error = found.error();
    base::log::info("probes", "{}: {}", probe.id, error.to_string());
    if (error.code() == base::ErrorCode::Cancelled) return {};
    probes::Finding finding(probe.id);
    finding.add("probe.failed", {{"probe", probe.id}, {"code", base::to_string(error.code())}, {"domain", error.native().domain}, {"number", error.native().value}},
                error.to_string());
    return finding.take();
}

}  // namespace unbrick::diagnostics
