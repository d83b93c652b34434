// The colours, light and dark. Every pair of text and ground that the views use has a contrast of 4.5
// or more (tests/gui/palette_test.cpp computes it).
#pragma once

#include <cstdint>

namespace unbrick::gui {

using Colour = std::uint32_t;   // as ImU32: 0xAABBGGRR

constexpr Colour rgb(std::uint32_t hex, std::uint32_t alpha = 255) {
    return (alpha << 24) | ((hex & 0xff) << 16) | (hex & 0xff00) | ((hex >> 16) & 0xff);
}
// The same colour, `part` (0 to 1) as opaque.
Colour faded(Colour colour, float part);
Colour mixed(Colour from, Colour to, float part);

// What something means; colour is never the only sign of it (a word or an icon stands beside).
enum class Tone { Neutral, Accent, Good, Care, Danger, Rehearsal };

struct TonePair {
    Colour strong;   // text and icons
    Colour soft;     // the ground under it
};

struct Palette {
    bool dark = false;
    Colour window, sidebar, surface, surface_low, border, border_strong;
    Colour text, text_soft;
    Colour accent, on_accent, accent_hover;
    Colour danger_fill, on_danger, rehearsal_fill, on_rehearsal;
    Colour focus, shadow;
    TonePair neutral, accent_tone, good, care, danger, rehearsal;

    const TonePair& tone(Tone tone) const;
};

const Palette& light_palette();
const Palette& dark_palette();
// Relative contrast of two opaque colours as WCAG 2 defines it, 1 to 21.
double contrast(Colour one, Colour other);

}  // namespace unbrick::gui
