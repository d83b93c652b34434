// Drawings of ours: phones with their buttons, what a screen may show, the link's health. No vendor artwork.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gui/widgets/ui.h"

namespace unbrick::gui {

struct PhoneShape {
    bool tablet = false;
    bool home_button = false;
    bool top_button = false;      // the power button is on the top edge
    static PhoneShape of(std::string_view button_class, std::string_view side_button, std::string_view family);
};

// `lit`: ids of buttons ("home", "side", "volume-up", "volume-down"). `screen`: a picture's name or empty.
void paint_phone(Ui& ui, ImVec2 at, float height, const PhoneShape& shape, std::string_view screen,
                 const std::vector<std::string>& lit = {}, float glow = 1);
float phone_width(float height, const PhoneShape& shape);
// What a screen shows, drawn into that box: "black", "emblem", "emblem-progress", "cable", "charging", "lock",
// "hello", "lines", "unavailable", "text", "home" or anything else for a question mark.
void paint_screen(Ui& ui, ImVec2 min, ImVec2 max, std::string_view name);
// The picture for an answer, from the words of its id.
std::string_view screen_for_choice(std::string_view choice);
void paint_link(Ui& ui, ImVec2 at, ImVec2 size, std::span<const float> latency_ms, Colour colour);

}  // namespace unbrick::gui
