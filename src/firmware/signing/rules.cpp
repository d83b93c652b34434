#include "src/firmware/signing/rules.h"

namespace unbrick::firmware::signing {

using base::Plist;

namespace {

// The parameter that a condition names; none when it is not known or not present, so that its rule does not apply.
Plist parameter(std::string_view condition, const RuleParameters& parameters) {
    if (condition == "ApRawProductionMode" || condition == "ApCurrentProductionMode") return Plist::boolean(parameters.production_mode);
    if (condition == "ApRawSecurityMode") return Plist::boolean(parameters.security_mode);
    if (condition == "ApRequiresImage4") return Plist::boolean(parameters.supports_image4);
    if (condition == "ApInRomDFU" && parameters.in_rom_dfu) return Plist::boolean(*parameters.in_rom_dfu);
    if (condition == "ApDemotionPolicyOverride" && parameters.demotion_policy) return Plist::string(*parameters.demotion_policy);
    return {};
}

bool equal(const Plist& a, const Plist& b) {
    if (!a || !b || a.type() != b.type()) return false;
    return a.as_boolean() == b.as_boolean() && a.as_string() == b.as_string() && a.as_integer() == b.as_integer();
}

}  // namespace

void apply_rules(Plist& entry, const Plist& rules, const RuleParameters& parameters) {
    for (std::size_t i = 0; i < rules.size(); ++i) {
        const auto rule = rules.item(i);
        const auto conditions = rule.at("Conditions");
        bool applies = true;
        for (const auto& name : conditions.keys()) applies = applies && equal(conditions.at(name), parameter(name, parameters));
        if (!applies) continue;
        const auto actions = rule.at("Actions");
        for (const auto& name : actions.keys())
            if (const auto value = actions.boolean_at(name)) entry.set(name, Plist::boolean(*value));   // 255 means: leave alone
    }
}

Plist request_entry(const Component& component, const RuleParameters& parameters) {
    Plist entry = component.entry;
    entry.remove("Info");
    if (component.has_rules) {
        apply_rules(entry, component.entry.at_path({"Info", "RestoreRequestRules"}), parameters);
    } else {
        entry.set("EPRO", Plist::boolean(parameters.production_mode));
        entry.set("ESEC", Plist::boolean(parameters.security_mode));
    }
    if (component.trusted && !component.digest) entry.set("Digest", Plist::data({}));
    return entry;
}

}  // namespace unbrick::firmware::signing
