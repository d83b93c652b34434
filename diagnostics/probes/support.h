// What the probes share.
#pragma once

#include "diagnostics/probes/probe.h"
#include "src/device/links/normal_link.h"

namespace unbrick::diagnostics::probes {

using Found = base::Result<std::vector<Evidence>>;

// Collects evidence of one probe.
class Finding {
public:
    explicit Finding(std::string_view probe) : probe_(probe) {}
    void add(std::string_view key, base::Json value, std::string_view text = {});
    std::vector<Evidence> take() { return std::move(evidence_); }

private:
    std::string probe_;
    std::vector<Evidence> evidence_;
};

base::Result<device::NormalLink> open_normal(const ProbeContext& context);

Found usbmuxd(const ProbeContext& context);
Found udev_rules(const ProbeContext& context);
Found virtual_machine(const ProbeContext& context);
Found disk_room(const ProbeContext& context);
Found clock(const ProbeContext& context);
Found host_battery(const ProbeContext& context);
Found topology(const ProbeContext& context);
Found identity(const ProbeContext& context);
Found boot_variables(const ProbeContext& context);
Found pairing(const ProbeContext& context);
Found battery(const ProbeContext& context);
Found storage(const ProbeContext& context);
Found activation(const ProbeContext& context);
Found baseband(const ProbeContext& context);
Found crash_reports(const ProbeContext& context);
Found link(const ProbeContext& context);

}  // namespace unbrick::diagnostics::probes
