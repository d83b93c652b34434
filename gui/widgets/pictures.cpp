#include "gui/widgets/pictures.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "src/base/text.h"

namespace unbrick::gui {

PhoneShape PhoneShape::of(std::string_view button_class, std::string_view side_button, std::string_view family) {
    PhoneShape shape;
    shape.tablet = base::contains(base::to_lower(family), "ipad");
    shape.home_button = base::contains(button_class, "home");
    shape.top_button = side_button == "top";
    if (button_class == "volume-down") shape.home_button = true;   // a home button that does not move
    return shape;
}

float phone_width(float height, const PhoneShape& shape) { return height * (shape.tablet ? 0.72f : 0.49f); }

void paint_screen(Ui& ui, ImVec2 min, ImVec2 max, std::string_view name) {
    auto* list = ImGui::GetWindowDrawList();
    const float wide = max.x - min.x;
    const float high = max.y - min.y;
    const ImVec2 middle{(min.x + max.x) / 2, (min.y + max.y) / 2};
    const float rounding = wide * 0.08f;
    constexpr Colour kBlack = rgb(0x0B0D10);
    constexpr Colour kWhite = rgb(0xF2F4F7);
    constexpr Colour kDim = rgb(0x6C7684);
    const float pen = std::max(1.0f, wide * 0.035f);
    const bool light = name == "hello" || name == "home" || name == "lock";
    list->AddRectFilled(min, max, name == "home" ? rgb(0x3D5A80) : name == "lock" ? rgb(0x2B3A4F) : name == "hello" ? kWhite : kBlack, rounding);
    auto emblem = [&](float y) {   // our own stand-in for a maker's sign: a disc with a bite of light
        list->AddCircleFilled({middle.x, y}, wide * 0.15f, kWhite, 32);
        list->AddCircleFilled({middle.x + wide * 0.06f, y - wide * 0.05f}, wide * 0.05f, kBlack, 24);
    };
    if (name == "emblem") {
        emblem(middle.y);
    } else if (name == "emblem-progress") {
        emblem(middle.y - high * 0.06f);
        const ImVec2 bar{middle.x - wide * 0.25f, middle.y + high * 0.14f};
        list->AddRectFilled(bar, {bar.x + wide * 0.5f, bar.y + pen}, kDim, pen);
        list->AddRectFilled(bar, {bar.x + wide * 0.22f, bar.y + pen}, kWhite, pen);
    } else if (name == "cable") {
        list->AddRect({middle.x - wide * 0.26f, middle.y - high * 0.22f}, {middle.x + wide * 0.26f, middle.y - high * 0.04f}, kWhite, pen, 0, pen);
        list->AddLine({middle.x - wide * 0.34f, middle.y - high * 0.02f}, {middle.x + wide * 0.34f, middle.y - high * 0.02f}, kWhite, pen);
        list->AddLine({middle.x, middle.y + high * 0.34f}, {middle.x, middle.y + high * 0.16f}, kWhite, pen);
        list->AddRectFilled({middle.x - wide * 0.07f, middle.y + high * 0.10f}, {middle.x + wide * 0.07f, middle.y + high * 0.18f}, kWhite, pen / 2);
        const ImVec2 arrow[] = {{middle.x - wide * 0.08f, middle.y + high * 0.085f}, {middle.x, middle.y + high * 0.04f}, {middle.x + wide * 0.08f, middle.y + high * 0.085f}};
        list->AddPolyline(arrow, 3, kWhite, 0, pen);
    } else if (name == "charging") {
        list->AddRect({middle.x - wide * 0.28f, middle.y - high * 0.06f}, {middle.x + wide * 0.24f, middle.y + high * 0.06f}, kWhite, pen * 1.5f, 0, pen);
        list->AddRectFilled({middle.x + wide * 0.26f, middle.y - high * 0.025f}, {middle.x + wide * 0.31f, middle.y + high * 0.025f}, kWhite, pen / 2);
        list->AddRectFilled({middle.x - wide * 0.23f, middle.y - high * 0.035f}, {middle.x - wide * 0.15f, middle.y + high * 0.035f}, rgb(0xE5484D), 0);
    } else if (name == "lock") {
        list->AddRect({middle.x - wide * 0.09f, min.y + high * 0.12f}, {middle.x + wide * 0.09f, min.y + high * 0.24f}, kWhite, wide * 0.09f, ImDrawFlags_RoundCornersTop, pen);
        list->AddRectFilled({middle.x - wide * 0.14f, min.y + high * 0.19f}, {middle.x + wide * 0.14f, min.y + high * 0.30f}, kWhite, pen);
        for (int row = 0; row < 3; ++row)
            for (int column = 0; column < 3; ++column)
                list->AddCircle({middle.x + wide * 0.22f * static_cast<float>(column - 1), middle.y + high * (0.04f + 0.12f * static_cast<float>(row))}, wide * 0.075f, kWhite, 20, pen * 0.6f);
    } else if (name == "unavailable") {
        list->AddCircle({middle.x, middle.y - high * 0.12f}, wide * 0.16f, kWhite, 32, pen);
        list->AddLine({middle.x - wide * 0.11f, middle.y - high * 0.12f + wide * 0.11f}, {middle.x + wide * 0.11f, middle.y - high * 0.12f - wide * 0.11f}, kWhite, pen);
        for (int row = 0; row < 2; ++row)
            list->AddRectFilled({middle.x - wide * 0.28f, middle.y + high * (0.06f + 0.07f * static_cast<float>(row))}, {middle.x + wide * (0.28f - 0.1f * static_cast<float>(row)), middle.y + high * (0.06f + 0.07f * static_cast<float>(row)) + pen}, kDim, pen);
    } else if (name == "hello") {
        ImVec2 wave[13];
        for (int i = 0; i < 13; ++i) {
            const float part = static_cast<float>(i) / 12;
            wave[i] = {min.x + wide * (0.2f + 0.6f * part), middle.y - high * 0.05f * std::sin(part * 12.5f) * (1 - 0.4f * part)};
        }
        list->AddPolyline(wave, 13, rgb(0x3D5A80), 0, pen * 1.2f);
        list->AddRectFilled({middle.x - wide * 0.2f, max.y - high * 0.12f}, {middle.x + wide * 0.2f, max.y - high * 0.12f + pen}, kDim, pen);
    } else if (name == "lines") {
        constexpr std::array<Colour, 5> kInks{rgb(0x5AD1A0), rgb(0xE5484D), rgb(0xF2F4F7), rgb(0x8AB4F8), rgb(0xE0A83A)};
        for (int i = 0; i < 9; ++i) {
            const float x = min.x + wide * (0.12f + 0.095f * static_cast<float>(i));
            list->AddLine({x, min.y + high * 0.05f}, {x, max.y - high * (i % 3 == 0 ? 0.3f : 0.05f)}, kInks[static_cast<std::size_t>(i) % kInks.size()], pen * 0.8f);
        }
    } else if (name == "text") {
        for (int i = 0; i < 7; ++i)
            list->AddRectFilled({min.x + wide * 0.14f, min.y + high * (0.14f + 0.1f * static_cast<float>(i))}, {min.x + wide * (0.5f + 0.36f * static_cast<float>((i * 37) % 10) / 10), min.y + high * (0.14f + 0.1f * static_cast<float>(i)) + pen * 0.8f}, kWhite, 0);
    } else if (name == "home") {
        for (int row = 0; row < 5; ++row)
            for (int column = 0; column < 3; ++column) {
                const float down = row == 4 ? 0.86f : 0.11f + 0.16f * static_cast<float>(row);   // the last row is the dock
                const ImVec2 a{min.x + wide * (0.13f + 0.27f * static_cast<float>(column)), min.y + high * down};
                list->AddRectFilled(a, {a.x + wide * 0.2f, a.y + wide * 0.2f}, faded(kWhite, 0.85f), wide * 0.045f);
            }
    } else if (name == "spinner") {
        for (int i = 0; i < 8; ++i) {
            const float angle = static_cast<float>(i) * 0.785398f;
            const ImVec2 way{std::cos(angle), std::sin(angle)};
            list->AddLine({middle.x + way.x * wide * 0.07f, middle.y + way.y * wide * 0.07f}, {middle.x + way.x * wide * 0.15f, middle.y + way.y * wide * 0.15f}, faded(kWhite, 0.25f + 0.1f * static_cast<float>(i)), pen);
        }
    } else if (name != "black" && !name.empty()) {
        const auto& face = ui.theme.face(Type::Title);
        const float size = std::min(wide * 0.5f, face.size * 1.4f);
        const ImVec2 extent = face.font->CalcTextSizeA(size, 1e9f, 0, "?");
        list->AddText(face.font, size, {middle.x - extent.x / 2, middle.y - extent.y / 2}, kWhite, "?");
    }
    if (light) list->AddRect(min, max, faded(kDim, 0.5f), rounding);
}

void paint_phone(Ui& ui, ImVec2 at, float height, const PhoneShape& shape, std::string_view screen, const std::vector<std::string>& lit, float glow) {
    auto* list = ImGui::GetWindowDrawList();
    const auto& colours = ui.colours();
    const float width = phone_width(height, shape);
    const float rounding = height * (shape.tablet ? 0.05f : 0.085f);
    const Colour shell = colours.dark ? rgb(0x4A5461) : rgb(0x39424E);
    const Colour metal = colours.dark ? rgb(0x6B7685) : rgb(0x7C8794);
    const ImVec2 end{at.x + width, at.y + height};
    const float thick = std::max(2.0f, height * 0.016f);
    auto is_lit = [&](const char* name) { return std::find(lit.begin(), lit.end(), name) != lit.end(); };
    auto key = [&](const char* name, ImVec2 a, ImVec2 b) {
        const bool on = is_lit(name);
        if (on) {
            const float halo = height * 0.030f;
            list->AddRectFilled({a.x - halo, a.y - halo}, {b.x + halo, b.y + halo}, faded(colours.accent, 0.30f * glow), halo);
        }
        list->AddRectFilled(a, b, on ? colours.accent : metal, thick);
    };
    // left: volume; right or top: the power button
    key("volume-up", {at.x - thick, at.y + height * 0.225f}, {at.x + thick, at.y + height * 0.305f});
    key("volume-down", {at.x - thick, at.y + height * 0.330f}, {at.x + thick, at.y + height * 0.410f});
    if (shape.top_button) key("side", {end.x - width * 0.36f, at.y - thick}, {end.x - width * 0.14f, at.y + thick});
    else key("side", {end.x - thick, at.y + height * 0.24f}, {end.x + thick, at.y + height * 0.37f});
    list->AddRectFilled(at, end, shell, rounding);
    const float side = width * 0.055f;
    const float over = shape.home_button ? height * 0.12f : side;
    const float under = shape.home_button ? height * 0.14f : side;
    const ImVec2 min{at.x + side, at.y + over};
    const ImVec2 max{end.x - side, end.y - under};
    paint_screen(ui, min, max, screen);
    if (shape.home_button) {
        const ImVec2 home{at.x + width / 2, end.y - under / 2};
        const float radius = std::min(under * 0.36f, height * 0.055f);
        if (is_lit("home")) {
            list->AddCircleFilled(home, radius * 1.5f, faded(colours.accent, 0.35f * glow), 32);
            list->AddCircleFilled(home, radius, colours.accent, 32);
        } else {
            list->AddCircle(home, radius, metal, 32, thick * 0.8f);
        }
        list->AddRectFilled({at.x + width * 0.4f, at.y + over * 0.45f}, {at.x + width * 0.6f, at.y + over * 0.55f}, metal, thick);
    } else if (!shape.tablet) {
        list->AddRectFilled({at.x + width * 0.36f, min.y + height * 0.014f}, {at.x + width * 0.64f, min.y + height * 0.038f}, rgb(0x000000), height * 0.012f);
    }
}

std::string_view screen_for_choice(std::string_view choice) {
    const auto id = base::to_lower(choice);
    auto has = [&](const char* part) { return base::contains(id, part); };
    if (has("progress") || has("bar")) return "emblem-progress";
    if (has("logo") || has("emblem") || has("apple")) return "emblem";
    if (has("cable") || has("recovery") || has("computer")) return "cable";
    if (has("charg") || has("battery")) return "charging";
    if (has("unavailable") || has("disabled") || has("security")) return "unavailable";
    if (has("lock") || has("passcode")) return "lock";
    if (has("hello") || has("setup") || has("set-up") || has("activat")) return "hello";
    if (has("line") || has("colour") || has("color") || has("stripe") || has("white")) return "lines";
    if (has("spin") || has("wheel") || has("circle")) return "spinner";
    if (has("text") || has("message") || has("support")) return "text";
    if (has("home") || has("normal") || has("works")) return "home";
    if (has("black") || has("nothing") || has("dark") || has("off")) return "black";
    return "unknown";
}

void paint_link(Ui& ui, ImVec2 at, ImVec2 size, std::span<const float> latency_ms, Colour colour) {
    auto* list = ImGui::GetWindowDrawList();
    const auto& colours = ui.colours();
    list->AddRectFilled(at, {at.x + size.x, at.y + size.y}, colours.surface_low, ui.px(8));
    for (int i = 1; i < 4; ++i) {
        const float y = at.y + size.y * static_cast<float>(i) / 4;
        list->AddLine({at.x, y}, {at.x + size.x, y}, faded(colours.border, 0.8f));
    }
    if (latency_ms.empty()) return;
    const float top = std::max(4.0f, *std::max_element(latency_ms.begin(), latency_ms.end()) * 1.15f);
    constexpr float kSamples = 240;
    const float step = size.x / kSamples;
    const float first = at.x + size.x - step * static_cast<float>(latency_ms.size());
    for (std::size_t i = 0; i < latency_ms.size(); ++i) {
        const float x = std::max(at.x, first + step * static_cast<float>(i));
        if (latency_ms[i] < 0) {   // an error: a full bar, with a cross on its top
            list->AddRectFilled({x, at.y}, {x + std::max(step, ui.px(2)), at.y + size.y}, colours.danger_fill);
            continue;
        }
        const float high = std::max(ui.px(1.5f), size.y * latency_ms[i] / top);
        list->AddRectFilled({x, at.y + size.y - high}, {x + std::max(1.0f, step * 0.7f), at.y + size.y}, colour);
    }
}

}  // namespace unbrick::gui
