#include <imgui_internal.h>
#include <imgui_stdlib.h>

#include <algorithm>
#include <cmath>

#include "gui/widgets/ui.h"

namespace unbrick::gui {

namespace {

constexpr float kButtonHeight = 40;

bool focus_shown() {
    auto& context = *ImGui::GetCurrentContext();
#if IMGUI_VERSION_NUM >= 19140
    return context.NavCursorVisible;
#else
    return !context.NavDisableHighlight;
#endif
}

// The ring around what has the keyboard: two lines, so that it shows on every ground.
void focus_ring(Ui& ui, ImVec2 min, ImVec2 max, float rounding) {
    if (!ImGui::IsItemFocused() || !focus_shown()) return;
    auto* list = ImGui::GetWindowDrawList();
    const float out = ui.px(3);
    list->PushClipRectFullScreen();
    list->AddRect({min.x - out, min.y - out}, {max.x + out, max.y + out}, ui.colours().focus, rounding + out, 0, ui.px(2));
    list->PopClipRect();
}

}  // namespace

Press press_area(Ui& ui, std::string_view id, ImVec2 size, bool enabled, float rounding) {
    Press press;
    const std::string name(id);
    const ImVec2 min = ui.cursor();
    ImGuiButtonFlags flags = ImGuiButtonFlags_None;
#if IMGUI_VERSION_NUM >= 19130
    flags |= ImGuiButtonFlags_EnableNav;
#endif
    if (!enabled) ImGui::BeginDisabled();
    press.clicked = ImGui::InvisibleButton(name.c_str(), {std::max(size.x, 1.0f), std::max(size.y, 1.0f)}, flags) && enabled;
    press.hovered = enabled && ImGui::IsItemHovered();
    press.held = enabled && ImGui::IsItemActive();
    if (!enabled) ImGui::EndDisabled();
    ui.registry.add(id, enabled);
    if (press.hovered) ImGui::SetMouseCursor(ImGuiMouseCursor_Hand);
    focus_ring(ui, min, {min.x + size.x, min.y + size.y}, ui.px(rounding));
    return press;
}

float button_width(const Ui& ui, std::string_view label, const ButtonStyle& style) {
    const bool quiet = style.look == ButtonLook::Quiet;
    float width = line_width(ui, Type::Strong, label) + 2 * ui.px(quiet ? 10.0f : 18.0f);
    if (style.icon != nullptr && ui.theme.icons_ok()) width += ui.px(26);
    return std::ceil(width);
}

bool button(Ui& ui, std::string_view id, std::string_view label, const ButtonStyle& style) {
    const auto& colours = ui.colours();
    const float width = style.width > 0 ? style.width : button_width(ui, label, style);
    const float height = ui.px(kButtonHeight);
    const ImVec2 min = ui.cursor();
    auto* list = ImGui::GetWindowDrawList();
    const auto press = press_area(ui, id, {width, height}, style.enabled);
    const ImVec2 max{min.x + width, min.y + height};
    const float rounding = ui.px(8);
    Colour ground = 0, words = colours.text, edge = 0;
    switch (style.look) {
        case ButtonLook::Primary: ground = press.hovered ? colours.accent_hover : colours.accent; words = colours.on_accent; break;
        case ButtonLook::Danger: ground = press.hovered ? mixed(colours.danger_fill, colours.text, 0.15f) : colours.danger_fill; words = colours.on_danger; break;
        case ButtonLook::Plain: ground = press.hovered ? colours.surface_low : colours.surface; edge = colours.border_strong; break;
        case ButtonLook::Quiet: ground = press.hovered ? faded(colours.border, 0.7f) : 0; words = colours.accent; break;
    }
    if (!style.enabled) {
        ground = style.look == ButtonLook::Quiet ? 0 : colours.surface_low;
        edge = style.look == ButtonLook::Quiet ? 0 : colours.border;
        words = colours.text_soft;
    }
    if (press.held) ground = mixed(ground == 0 ? colours.border : ground, colours.text, 0.1f);
    if (ground != 0) list->AddRectFilled(min, max, ground, rounding);
    if (edge != 0) list->AddRect(min, max, edge, rounding, 0, std::max(1.0f, ui.px(1)));
    const bool with_icon = style.icon != nullptr && ui.theme.icons_ok();
    const float icon_room = with_icon ? ui.px(26) : 0;
    const float padding = ui.px(style.look == ButtonLook::Quiet ? 10.0f : 14.0f);
    const float text_width = line_width(ui, Type::Strong, label);
    float x = min.x + (width - std::min(text_width + icon_room, width - 2 * padding)) / 2;
    const float y = min.y + (height - ui.theme.face(Type::Strong).line) / 2;
    if (with_icon) {
        paint_line(ui, {x, y}, Type::Body, words, style.icon);
        x += icon_room;
    }
    paint_line(ui, {x, y}, Type::Strong, words, label, max.x - padding / 2 - x);
    return press.clicked;
}

bool checkbox(Ui& ui, std::string_view id, std::string_view label, bool& value) {
    const auto& colours = ui.colours();
    const float box = ui.px(20);
    const float indent = box + ui.px(12);
    const ImVec2 at = ui.cursor();
    const float words = text_height(ui, Type::Body, label, ui.width() - indent);
    const float height = std::max(words, box) + ui.px(8);
    const float wide = std::min(ui.width(), indent + line_width(ui, Type::Body, label) + ui.px(4));
    auto* list = ImGui::GetWindowDrawList();
    const auto press = press_area(ui, id, {wide, height}, true, 6);
    if (press.clicked) value = !value;
    const ImVec2 min{at.x, at.y + ui.px(4)};
    const ImVec2 max{min.x + box, min.y + box};
    list->AddRectFilled(min, max, value ? colours.accent : colours.surface, ui.px(5));
    if (!value) list->AddRect(min, max, press.hovered ? colours.accent : colours.border_strong, ui.px(5), 0, ui.px(1.5f));
    if (value) {
        const ImVec2 points[] = {{min.x + box * 0.24f, min.y + box * 0.52f}, {min.x + box * 0.43f, min.y + box * 0.71f}, {min.x + box * 0.77f, min.y + box * 0.31f}};
        list->AddPolyline(points, 3, colours.on_accent, 0, ui.px(2.2f));
    }
    paint_text(ui, {at.x + indent, at.y + ui.px(4)}, Type::Body, colours.text, label, ui.width() - indent);
    return press.clicked;
}

bool segments(Ui& ui, std::string_view id, const std::vector<std::pair<std::string, std::string>>& choices, std::string& chosen) {
    const auto& colours = ui.colours();
    bool changed = false;
    const float height = ui.px(36);
    auto* list = ImGui::GetWindowDrawList();
    Flow flow(ui, Space::Small);
    for (const auto& [value, label] : choices) {
        const float width = line_width(ui, Type::Body, label) + ui.px(32);
        flow.next(width);
        const ImVec2 min = ui.cursor();
        const auto press = press_area(ui, std::string(id) + "/" + value, {width, height}, true, 18);
        const ImVec2 max{min.x + width, min.y + height};
        const bool on = value == chosen;
        list->AddRectFilled(min, max, on ? colours.accent_tone.soft : press.hovered ? colours.surface_low : colours.surface, height / 2);
        list->AddRect(min, max, on ? colours.accent : colours.border_strong, height / 2, 0, ui.px(on ? 2.0f : 1.0f));
        paint_line(ui, {min.x + ui.px(16), min.y + (height - ui.theme.face(Type::Body).line) / 2}, Type::Body,
                   on ? colours.accent_tone.strong : colours.text, label);
        flow.placed(height);
        if (press.clicked && !on) {
            chosen = value;
            changed = true;
        }
    }
    flow.end();
    return changed;
}

bool fold(Ui& ui, std::string_view id, std::string_view label, bool& open, const std::function<void(ImVec2, float)>& right) {
    const auto& colours = ui.colours();
    const float height = ui.px(40);
    const ImVec2 at = ui.cursor();
    const auto press = press_area(ui, id, {ui.width(), height});
    if (press.clicked) open = !open;
    auto* list = ImGui::GetWindowDrawList();
    if (press.hovered) list->AddRectFilled(at, {at.x + ui.width(), at.y + height}, faded(colours.border, 0.45f), ui.px(8));
    const float middle = at.y + height / 2;
    const float a = ui.px(4.5f);
    const ImVec2 centre{at.x + ui.px(12), middle};
    const ImVec2 down[] = {{centre.x - a, centre.y - a / 2}, {centre.x, centre.y + a / 2}, {centre.x + a, centre.y - a / 2}};
    const ImVec2 side[] = {{centre.x - a / 2, centre.y - a}, {centre.x + a / 2, centre.y}, {centre.x - a / 2, centre.y + a}};
    list->AddPolyline(open ? down : side, 3, colours.text_soft, 0, ui.px(2));
    paint_line(ui, {at.x + ui.px(28), middle - ui.theme.face(Type::Strong).line / 2}, Type::Strong, colours.text, label,
               ui.width() - ui.px(36));
    if (right) right({at.x + ui.width(), middle}, height);
    return open;
}

bool field(Ui& ui, std::string_view id, std::string& value, std::string_view hint, float width) {
    push_face(ui.theme.face(Type::Body));
    ImGui::SetNextItemWidth(width > 0 ? width : ui.width());
    const ImVec2 at = ui.cursor();
    const bool changed = ImGui::InputText(("##" + std::string(id)).c_str(), &value);
    const ImVec2 max = ImGui::GetItemRectMax();
    ui.registry.add(id);
    const bool active = ImGui::IsItemActive();
    if (active || ImGui::IsItemFocused())
        ImGui::GetWindowDrawList()->AddRect(at, max, ui.colours().accent, ui.px(8), 0, ui.px(2));
    if (active) ui.wake_in(0.5);
    if (value.empty())
        paint_line(ui, {at.x + ui.px(12), at.y + (max.y - at.y - ui.theme.face(Type::Body).line) / 2}, Type::Body, ui.colours().text_soft, hint,
                   max.x - at.x - ui.px(24));
    else
        ui.registry.add_text(value);
    pop_face();
    return changed;
}

bool area(Ui& ui, std::string_view id, std::string& value, float height, bool read_only) {
    push_face(ui.theme.face(Type::Mono));
    const ImVec2 at = ui.cursor();
    const bool changed = ImGui::InputTextMultiline(("##" + std::string(id)).c_str(), &value, {ui.width(), height},
                                                   read_only ? ImGuiInputTextFlags_ReadOnly : ImGuiInputTextFlags_None);
    const ImVec2 max{at.x + ui.width(), at.y + height};
    ui.registry.add(id);
    if (ImGui::IsItemActive() || ImGui::IsItemFocused())
        ImGui::GetWindowDrawList()->AddRect(at, max, ui.colours().accent, ui.px(8), 0, ui.px(2));
    if (ImGui::IsItemActive()) ui.wake_in(0.5);
    pop_face();
    return changed;
}

}  // namespace unbrick::gui
