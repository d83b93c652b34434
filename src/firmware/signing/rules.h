// RestoreRequestRules: how a manifest entry becomes an entry of a signing request (restore-protocol.md 4.3).
#pragma once

#include <optional>
#include <string>

#include "src/firmware/manifest.h"

namespace unbrick::firmware::signing {

struct RuleParameters {
    bool production_mode = true, security_mode = true, supports_image4 = true;
    std::optional<bool> in_rom_dfu;
    std::optional<std::string> demotion_policy;
};

// Sets the boolean Actions of every rule whose Conditions all hold.
void apply_rules(base::Plist& entry, const base::Plist& rules, const RuleParameters& parameters);
// The entry without Info, with rules applied (or EPRO and ESEC by default), with an empty Digest when it is
// trusted and has none.
base::Plist request_entry(const Component& component, const RuleParameters& parameters);

}  // namespace unbrick::firmware::signing
