#include <algorithm>
#include <cmath>

#include "gui/widgets/ui.h"

namespace unbrick::gui {

namespace {
constexpr float kPi = 3.14159265f;
}

float pill_height(const Ui& ui) { return ui.px(26); }

float pill_width(const Ui& ui, std::string_view label, const char* icon) {
    return line_width(ui, Type::Caption, label) + ui.px(20) + (icon != nullptr && ui.theme.icons_ok() ? ui.px(20) : 0);
}

void paint_pill(Ui& ui, ImVec2 at, Tone tone, const char* icon, std::string_view label) {
    const auto& pair = ui.colours().tone(tone);
    const float height = pill_height(ui);
    ImGui::GetWindowDrawList()->AddRectFilled(at, {at.x + pill_width(ui, label, icon), at.y + height}, pair.soft, height / 2);
    float x = at.x + ui.px(10);
    const float y = at.y + (height - ui.theme.face(Type::Caption).line) / 2;
    if (icon != nullptr && ui.theme.icons_ok()) {
        paint_line(ui, {x, y}, Type::Caption, pair.strong, icon);
        x += ui.px(20);
    }
    paint_line(ui, {x, y}, Type::Caption, pair.strong, label);
}

void pill(Ui& ui, Tone tone, const char* icon, std::string_view label) {
    paint_pill(ui, ui.cursor(), tone, icon, label);
    ImGui::Dummy({pill_width(ui, label, icon), pill_height(ui)});
}

void notice(Ui& ui, Tone tone, const char* icon, std::string_view title, std::string_view body) {
    card(ui, {.look = CardLook::Tinted, .tone = tone, .padding = Space::Large}, [&] {
        const auto& colours = ui.colours();
        if (!title.empty()) bullet(ui, Type::Strong, colours.tone(tone).strong, icon, title);
        if (!body.empty()) {
            if (!title.empty()) ui.gap(Space::Tight);
            bullet(ui, Type::Body, colours.text, title.empty() ? icon : nullptr, body, colours.tone(tone).strong);
        }
    });
}

void paint_bar(Ui& ui, ImVec2 at, ImVec2 size, float part, Colour fill) {
    auto* list = ImGui::GetWindowDrawList();
    const float rounding = size.y / 2;
    list->AddRectFilled(at, {at.x + size.x, at.y + size.y}, ui.colours().border, rounding);
    const float wide = std::clamp(part, 0.0f, 1.0f) * size.x;
    if (wide > 0.5f) list->AddRectFilled(at, {at.x + std::max(wide, size.y), at.y + size.y}, fill, rounding);
}

void paint_ring(Ui&, ImVec2 centre, float radius, float thickness, float part, Colour colour, Colour ground) {
    auto* list = ImGui::GetWindowDrawList();
    list->AddCircle(centre, radius, ground, 96, thickness);
    if (part <= 0) return;
    const float from = -kPi / 2;
    list->PathArcTo(centre, radius, from, from + 2 * kPi * std::min(part, 1.0f), 96);
    list->PathStroke(colour, 0, thickness);
}

void paint_spinner(Ui& ui, ImVec2 centre, float radius, Colour colour) {
    auto* list = ImGui::GetWindowDrawList();
    const float turn = ui.reduced_motion ? 0 : static_cast<float>(std::fmod(ui.time(), 1.6) / 1.6) * 2 * kPi;
    list->AddCircle(centre, radius, faded(colour, 0.25f), 32, ui.px(2.5f));
    list->PathArcTo(centre, radius, turn, turn + kPi * 0.6f, 24);
    list->PathStroke(colour, 0, ui.px(2.5f));
    if (!ui.reduced_motion) ui.animate();
}

}  // namespace unbrick::gui
