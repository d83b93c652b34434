#include "gui/settings.h"

#include "src/base/file.h"
#include "src/base/json.h"
#include "src/base/log.h"

namespace unbrick::gui {

Settings Settings::load(const std::filesystem::path& file) {
    Settings settings;
    std::error_code error;
    if (!std::filesystem::exists(file, error)) return settings;
    const auto document = base::load_json(file);
    if (!document) {
        base::log::warning("window", "settings are not used: {}", document.error().message());
        return settings;
    }
    auto take = [&](const char* name, std::string& into) { into = base::json_string(*document, name).value_or(into); };
    take("theme", settings.theme);
    take("scale", settings.scale);
    take("language", settings.language);
    take("engine", settings.engine);
    settings.reduced_motion = base::json_bool(*document, "reduced_motion").value_or(settings.reduced_motion);
    settings.sound = base::json_bool(*document, "sound").value_or(settings.sound);
    return settings;
}

void Settings::save(const std::filesystem::path& file) const {
    const base::OrderedJson document{{"theme", theme}, {"scale", scale}, {"language", language}, {"engine", engine},
                                     {"reduced_motion", reduced_motion}, {"sound", sound}};
    auto written = base::make_directories(file.parent_path());
    if (written) written = base::write_file_atomically(file, base::dump_json(document, 2) + "\n");
    if (!written) base::log::warning("window", "settings are not kept: {}", written.error().message());
}

}  // namespace unbrick::gui
