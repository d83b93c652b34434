// Probes of the way to the phone, and of what can be seen without asking it.
#include <fmt/core.h>

#include <algorithm>

#include "diagnostics/probes/support.h"
#include "src/device/link_measurement.h"
#include "src/device/links/recovery_link.h"

namespace unbrick::diagnostics::probes {

Found identity(const ProbeContext& context) {
    Finding finding("phone.identity");
    if (!context.phone) return finding.take();
    const auto& phone = *context.phone;
    finding.add("phone.mode", device::to_string(phone.mode));
    finding.add("phone.hidden", device::to_string(phone.hidden));
    const auto text = [&](std::string_view key, const std::string& value) {
        if (!value.empty()) finding.add(key, value);
    };
    text("phone.model", phone.identity.product_type);
    text("phone.board", phone.identity.board);
    text("phone.ios_version", phone.identity.ios_version);
    text("phone.ios_build", phone.identity.ios_build);
    if (phone.identity.cpid) finding.add("phone.cpid", *phone.identity.cpid);
    if (phone.identity.bdid) finding.add("phone.bdid", *phone.identity.bdid);
    finding.add("phone.arrivals", phone.arrivals);
    if (phone.mode == device::Mode::Dfu || phone.mode == device::Mode::Kis) finding.add("phone.in_secure_rom", phone.iboot.in_secure_rom());
    return finding.take();
}

Found topology(const ProbeContext& context) {
    Finding finding("usb.topology");
    if (!context.phone || !context.phone->usb) return finding.take();
    const auto& usb = *context.phone->usb;
    finding.add("usb.port", fmt::format("{}-{}", usb.port.bus, usb.port.path));
    UB_TRY(const auto topology, device::read_topology(usb.address));
    const std::string speed = topology.speed_mbit.empty() ? usb.speed : topology.speed_mbit;
    if (const auto number = base::parse_double(speed)) finding.add("usb.speed", *number);
    finding.add("usb.hubs", topology.hubs);
    if (!topology.controller.empty()) finding.add("usb.controller", topology.controller);
    finding.add("usb.siblings", topology.siblings);
    finding.add("usb.node_openable", topology.node_openable);
    base::Json holders = base::Json::array();
    for (const auto& holder : topology.holders) holders.push_back(holder.program.empty() ? holder.driver : holder.program);
    if (!holders.empty()) finding.add("usb.holders", holders);
    return finding.take();
}

Found boot_variables(const ProbeContext& context) {
    Finding finding("phone.boot-variables");
    if (!context.phone || !context.phone->usb) return finding.take();
    device::LinkOptions options;
    options.phone = context.phone->key.to_string();
    UB_TRY(device::RecoveryLink link, device::RecoveryLink::open(context.phone->usb->address, context.deadline, context.stop, options));
    // What tells why it stays in recovery; restore-protocol.md 2.7, knowledge/battery.json (ota-*).
    for (const std::string_view name : {"auto-boot", "boot-args", "build-version", "build-style", "boot-stage", "radio-error", "radio-error-string",
                                        "restore-outcome", "ota-step-battery-level", "ota-step-external-power"}) {
        UB_TRY(const auto value, link.getenv(name, context.deadline, context.stop));
        if (value) finding.add(fmt::format("nvram.{}", name), value->substr(0, 256));
        else if (name == "auto-boot") finding.add("nvram.auto-boot", "unset");
    }
    return finding.take();
}

Found link(const ProbeContext& context) {
    Finding finding("link.measure");
    if (context.watcher == nullptr || !context.phone) return finding.take();
    UB_TRY(const auto measured, device::measure_link(*context.watcher, context.phone->key, context.link_span, {}, context.stop));
    finding.add("link.transfers", measured.transfers);
    finding.add("link.errors", measured.errors);
    // Also those since the diagnosis began: a probe before this one may have met them.
    std::uint64_t reconnects = measured.reconnects;
    if (const auto now = context.watcher->find(context.phone->key); now && now->arrivals > context.phone->arrivals)
        reconnects = std::max<std::uint64_t>(reconnects, now->arrivals - context.phone->arrivals);
    finding.add("link.reconnects", reconnects);
    if (measured.latency_ms_median >= 0) finding.add("link.latency_ms", measured.latency_ms_median);
    if (measured.jitter_ms >= 0) finding.add("link.jitter_ms", measured.jitter_ms);
    if (const double score = device::link_score(measured.transfers, measured.errors, reconnects); score >= 0) finding.add("link.score", score);
    return finding.take();
}

}  // namespace unbrick::diagnostics::probes
