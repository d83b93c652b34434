#include "src/core/memory.h"

#include "src/base/file.h"
#include "src/base/log.h"

namespace unbrick::core {

std::filesystem::path phone_folder() { return base::state_folder() / "phones"; }

namespace {
std::filesystem::path file_of(const device::PhoneKey& phone) { return phone_folder() / (phone.ecid->to_string() + ".json"); }
}  // namespace

std::optional<Remembered> remembered(const device::PhoneKey& phone) {
    if (!phone.ecid) return std::nullopt;
    const auto json = base::load_json(file_of(phone));
    if (!json || !json->is_object()) return std::nullopt;
    Remembered known;
    if (const auto percent = base::json_int(*json, "battery"); percent && *percent >= 0 && *percent <= 100) known.battery_percent = static_cast<int>(*percent);
    known.product_type = base::json_string(*json, "product_type").value_or("");
    known.board = base::json_string(*json, "board").value_or("");
    known.ios_version = base::json_string(*json, "ios_version").value_or("");
    known.ios_build = base::json_string(*json, "ios_build").value_or("");
    known.name = base::json_string(*json, "name").value_or("");
    known.when = std::chrono::system_clock::time_point(std::chrono::seconds(base::json_int(*json, "when").value_or(0)));
    return known;
}

void remember(const device::PhoneKey& phone, const device::Identity& identity, const std::optional<int>& battery_percent) {
    if (!phone.ecid) return;
    base::OrderedJson json;
    if (battery_percent) json["battery"] = *battery_percent;
    json["product_type"] = identity.product_type;
    json["board"] = identity.board;
    json["ios_version"] = identity.ios_version;
    json["ios_build"] = identity.ios_build;
    json["name"] = identity.name;
    json["when"] = std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
    if (const auto written = base::write_file_atomically(file_of(phone), base::dump_json(json, 2) + "\n"); !written)
        base::log::warning("core", "not remembered: {}", written.error().to_string());
}

}  // namespace unbrick::core
