#include "gui/theme/palette.h"

#include <algorithm>
#include <cmath>

namespace unbrick::gui {

namespace {

std::uint32_t channel(Colour colour, int shift) { return (colour >> shift) & 0xff; }

double linear(std::uint32_t value) {
    const double c = value / 255.0;
    return c <= 0.04045 ? c / 12.92 : std::pow((c + 0.055) / 1.055, 2.4);
}

double luminance(Colour colour) {
    return 0.2126 * linear(channel(colour, 0)) + 0.7152 * linear(channel(colour, 8)) + 0.0722 * linear(channel(colour, 16));
}

constexpr Palette kLight{
    .dark = false,
    .window = rgb(0xF4F5F7),
    .sidebar = rgb(0xEBEDF1),
    .surface = rgb(0xFFFFFF),
    .surface_low = rgb(0xF3F5F8),
    .border = rgb(0xDDE1E8),
    .border_strong = rgb(0x8B95A3),
    .text = rgb(0x18202B),
    .text_soft = rgb(0x515C6B),
    .accent = rgb(0x1F5FBF),
    .on_accent = rgb(0xFFFFFF),
    .accent_hover = rgb(0x174E9F),
    .danger_fill = rgb(0xB3261E),
    .on_danger = rgb(0xFFFFFF),
    .rehearsal_fill = rgb(0x5A3E9E),
    .on_rehearsal = rgb(0xFFFFFF),
    .focus = rgb(0x1F5FBF),
    .shadow = rgb(0x1A2433, 16),
    .neutral = {rgb(0x465160), rgb(0xE9ECF1)},
    .accent_tone = {rgb(0x1B549F), rgb(0xE3EDFB)},
    .good = {rgb(0x17663E), rgb(0xDFF3E7)},
    .care = {rgb(0x85500A), rgb(0xFCEFD6)},
    .danger = {rgb(0xA3211A), rgb(0xFCE5E3)},
    .rehearsal = {rgb(0x53389A), rgb(0xECE6FA)},
};

constexpr Palette kDark{
    .dark = true,
    .window = rgb(0x14181E),
    .sidebar = rgb(0x101419),
    .surface = rgb(0x1D232C),
    .surface_low = rgb(0x252C37),
    .border = rgb(0x333C49),
    .border_strong = rgb(0x7A8696),
    .text = rgb(0xEAEEF3),
    .text_soft = rgb(0xA9B4C2),
    .accent = rgb(0x8AB4F8),
    .on_accent = rgb(0x0E1A2B),
    .accent_hover = rgb(0xA9C8FB),
    .danger_fill = rgb(0xF28B82),
    .on_danger = rgb(0x2B0D0B),
    .rehearsal_fill = rgb(0x5A3E9E),
    .on_rehearsal = rgb(0xFFFFFF),
    .focus = rgb(0x8AB4F8),
    .shadow = rgb(0x000000, 60),
    .neutral = {rgb(0xC2CBD6), rgb(0x2D3541)},
    .accent_tone = {rgb(0xA9C8FB), rgb(0x1F3250)},
    .good = {rgb(0x8AD6A9), rgb(0x17372A)},
    .care = {rgb(0xF2C879), rgb(0x3D2F14)},
    .danger = {rgb(0xF5A59E), rgb(0x472322)},
    .rehearsal = {rgb(0xC9B6F7), rgb(0x32274F)},
};

}  // namespace

Colour faded(Colour colour, float part) {
    const auto alpha = static_cast<std::uint32_t>(static_cast<float>(channel(colour, 24)) * std::clamp(part, 0.0f, 1.0f));
    return (colour & 0x00ffffff) | (alpha << 24);
}

Colour mixed(Colour from, Colour to, float part) {
    Colour out = 0;
    for (const int shift : {0, 8, 16, 24}) {
        const float a = static_cast<float>(channel(from, shift));
        const float b = static_cast<float>(channel(to, shift));
        out |= static_cast<Colour>(std::lround(a + (b - a) * part)) << shift;
    }
    return out;
}

const TonePair& Palette::tone(Tone wanted) const {
    switch (wanted) {
        case Tone::Neutral: return neutral;
        case Tone::Accent: return accent_tone;
        case Tone::Good: return good;
        case Tone::Care: return care;
        case Tone::Danger: return danger;
        case Tone::Rehearsal: return rehearsal;
    }
    return neutral;
}

const Palette& light_palette() { return kLight; }
const Palette& dark_palette() { return kDark; }

double contrast(Colour one, Colour other) {
    const double a = luminance(one);
    const double b = luminance(other);
    return (std::max(a, b) + 0.05) / (std::min(a, b) + 0.05);
}

}  // namespace unbrick::gui
