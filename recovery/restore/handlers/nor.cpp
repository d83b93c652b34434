// NORData: the images of the phone's boot flash.
#include <fmt/core.h>

#include "recovery/restore/handlers.h"

namespace unbrick::recovery::restore {

using base::Plist;

namespace {

// Older firmware lists its flash images as file names (restore-protocol.md 6.5, NORData (a)).
constexpr std::pair<std::string_view, std::string_view> kNamesOfFiles[] = {
    {"LLB", "LLB"}, {"iBoot", "iBoot"}, {"DeviceTree", "DeviceTree"}, {"applelogo", "AppleLogo"}, {"liquiddetect", "Liquid"},
    {"lowpowermode", "LowPowerWallet0"}, {"recoverymode", "RecoveryMode"}, {"batterylow0", "BatteryLow0"}, {"batterylow1", "BatteryLow1"},
    {"glyphcharging", "BatteryCharging"}, {"glyphplugin", "BatteryPlugin"}, {"batterycharging0", "BatteryCharging0"},
    {"batterycharging1", "BatteryCharging1"}, {"batteryfull", "BatteryFull"}, {"needservice", "NeedService"}, {"SCAB", "SCAB"},
    {"sep-firmware", "RestoreSEP"}};

std::string component_of_file(std::string_view file) {
    std::string_view best;
    std::string_view name;
    for (const auto& [prefix, component] : kNamesOfFiles)
        if (base::starts_with(file, prefix) && prefix.size() > best.size()) {
            best = prefix;
            name = component;
        }
    return std::string(name);
}

std::vector<std::string> listed_components(Session& session, const firmware::BuildIdentity& identity) {
    std::vector<std::string> names;
    const auto* llb = identity.find("LLB");
    const auto folder = llb != nullptr ? llb->path.substr(0, llb->path.rfind('/') == std::string::npos ? 0 : llb->path.rfind('/') + 1) : std::string();
    if (llb != nullptr && session.parts().archive->find(folder + "manifest")) {
        if (const auto list = session.parts().archive->read(folder + "manifest", 1u << 20))
            for (const auto line : base::split_lines(base::as_text(*list)))
                if (const auto name = component_of_file(base::trim(line)); !name.empty() && identity.find(name) != nullptr) names.push_back(name);
        return names;
    }
    for (const auto& component : identity.components)
        if (component.firmware_payload || (component.secondary_firmware_payload && component.loaded_by_iboot)) names.push_back(component.name);
    return names;
}

base::Status nor_data(Session& session, const DataRequest& request, const std::stop_token& stop) {
    const auto& personalizer = *session.parts().personalizer;
    const auto& identity = personalizer.identity();
    session.reporter().said("sending the images of the boot flash");
    auto answer = Plist::dict();
    const auto put = [&](const char* component, const char* key) -> base::Status {
        if (identity.find(component) == nullptr) return {};
        UB_TRY(const auto image, personalizer.read(component));
        answer.set(key, Plist::data(image));
        return {};
    };
    UB_TRY_VOID(put("LLB", "LlbImageData"));
    // A dict by name for newer phones, an array with iBoot first for older ones.
    const auto flash_version = request.arguments.at("FlashVersion1");
    const bool by_name = flash_version && flash_version.as_boolean().value_or(true);
    auto dict = Plist::dict();
    std::vector<Plist> list;
    for (const auto& name : listed_components(session, identity)) {
        if (name == "LLB" || name == "RestoreSEP") continue;
        UB_TRY_VOID(base::check_cancelled(stop, "restore"));
        UB_TRY(const auto image, personalizer.read(name));
        if (by_name) dict.set(name, Plist::data(image));
        else if (base::starts_with(name, "iBoot")) list.insert(list.begin(), Plist::data(image));
        else list.push_back(Plist::data(image));
    }
    if (by_name) {
        answer.set("NorImageData", std::move(dict));
    } else {
        auto array = Plist::array();
        for (auto& image : list) array.append(std::move(image));
        answer.set("NorImageData", std::move(array));
    }
    UB_TRY_VOID(put("RestoreSEP", "RestoreSEPImageData"));
    UB_TRY_VOID(put("SEP", "SEPImageData"));
    UB_TRY_VOID(put("SepStage1", "SEPPatchImageData"));
    return session.answer(request, answer, stop);
}

}  // namespace

void add_nor_handlers(HandlerMap& to) { to["NORData"] = nor_data; }

}  // namespace unbrick::recovery::restore
