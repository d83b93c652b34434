// What a person chose for the window; kept in the configuration folder.
#pragma once

#include <filesystem>
#include <string>

namespace unbrick::gui {

struct Settings {
    std::string theme = "light";        // "light", "dark"
    std::string scale = "auto";         // "auto", or percent: "100" to "250"
    std::string language;               // empty: the computer's
    std::string engine = "own";         // which restore engine: "own", "idevicerestore"
    bool reduced_motion = false;
    bool sound = true;                  // of the button coach

    // A damaged file counts as none, and is kept as it is until something is chosen.
    static Settings load(const std::filesystem::path& file);
    void save(const std::filesystem::path& file) const;   // failure is logged: a choice is not worth a dialog
};

}  // namespace unbrick::gui
