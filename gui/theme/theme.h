// Sizes, fonts and colours at the present scale. One scale of spaces, one of type, one of corners.
#pragma once

#include <imgui.h>

#include <array>

#include "gui/theme/palette.h"

namespace unbrick::gui {

enum class Type { Caption, Body, Strong, Heading, Title, Mono };
inline constexpr std::size_t kTypeCount = 6;

enum class Space { Hair = 2, Tight = 4, Small = 8, Medium = 12, Large = 16, Wide = 24, Huge = 32 };

struct Face {
    ImFont* font = nullptr;
    float size = 0;          // pixels, as baked
    float line = 0;          // pixels from line to line
};

class Theme {
public:
    // Bakes the fonts for this scale into the current ImGui context. Fonts that are not installed fall
    // back (Roboto -> DejaVu Sans -> ImGui's own); icons_ok() says whether the icon font was there.
    void load_fonts(float scale);
    // Also sets ImGui's own style, for the few of its widgets that show through (fields, scroll bars).
    void use(const Palette& palette);

    float px(float length) const { return length * scale_; }
    float px(Space space) const { return static_cast<float>(space) * scale_; }
    float scale() const { return scale_; }
    const Palette& colours() const { return *palette_; }
    const Face& face(Type type) const { return faces_[static_cast<std::size_t>(type)]; }
    bool icons_ok() const { return icons_ok_; }

private:
    float scale_ = 1;
    bool icons_ok_ = false;
    const Palette* palette_ = &light_palette();
    std::array<Face, kTypeCount> faces_{};
};

// ImGui 1.92 wants the size beside the font; earlier ones bake it in.
void push_face(const Face& face);
void pop_face();

}  // namespace unbrick::gui
