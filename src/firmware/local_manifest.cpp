#include "src/firmware/local_manifest.h"

#include "src/firmware/component_names.h"
#include "src/firmware/image4.h"
#include "src/firmware/signing/rules.h"

namespace unbrick::firmware {

base::Bytes local_manifest(const BuildIdentity& identity) {
    using Values = std::vector<std::pair<std::string, Image4Value>>;
    // Not a production ticket: the phone only compares what would be loaded (5.7).
    signing::RuleParameters parameters;
    parameters.production_mode = parameters.security_mode = false;
    std::vector<std::pair<std::string, Values>> components;
    for (const auto& component : identity.components) {
        const bool firmware = component.firmware_payload || component.secondary_firmware_payload || component.fud || component.loaded_by_iboot ||
                              component.early_access || component.iboot_ean || component.iboot_non_essential;
        if (!component.trusted || !firmware) continue;
        const auto fourcc = !component.payload_type.empty() ? component.payload_type : std::string(fourcc_of_component(component.name));
        if (fourcc.empty()) continue;   // its type is only known to its file; the phone ignores what is not listed
        const auto entry = signing::request_entry(component, parameters);
        Values values;
        if (component.digest && !component.digest->empty()) values.emplace_back("DGST", *component.digest);
        values.emplace_back("EKEY", component.trusted);
        values.emplace_back("EPRO", entry.boolean_at("EPRO").value_or(false));
        values.emplace_back("ESEC", entry.boolean_at("ESEC").value_or(false));
        if (const auto measured = component.entry.data_at("TBMDigests")) {
            if (fourcc == "sepi") values.emplace_back("tbms", *measured);
            if (fourcc == "rsep") values.emplace_back("tbmr", *measured);
        }
        components.emplace_back(fourcc, std::move(values));
    }
    return write_im4m_unsigned({{"BORD", std::uint64_t{identity.bdid}},
                                {"CEPO", std::uint64_t{0}},
                                {"CHIP", std::uint64_t{identity.cpid}},
                                {"CPRO", false},
                                {"CSEC", false},
                                {"SDOM", std::uint64_t{identity.security_domain}}},
                               components);
}

}  // namespace unbrick::firmware
