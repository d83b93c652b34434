#include <algorithm>
#include <cmath>

#include "gui/widgets/ui.h"

namespace unbrick::gui {

namespace {

// Where the line that starts at `begin` ends in `width`; never before one character.
const char* line_end(const Face& face, const char* begin, const char* end, float width) {
    const char* newline = std::find(begin, end, '\n');
#if IMGUI_VERSION_NUM >= 19200
    const char* wrap = face.font->CalcWordWrapPosition(face.size, begin, newline, width);
#else
    const char* wrap = face.font->CalcWordWrapPositionA(1.0f, begin, newline, width);
#endif
    if (wrap == begin && begin < newline) {
        ++wrap;
        while (wrap < newline && (static_cast<unsigned char>(*wrap) & 0xc0) == 0x80) ++wrap;
    }
    return wrap;
}

template <class Visit>
float each_line(const Face& face, std::string_view text, float width, Visit visit) {
    const char* at = text.data();
    const char* const end = at + text.size();
    float y = 0;
    while (at < end) {
        const char* stop = line_end(face, at, end, width);
        visit(at, stop, y);
        y += face.line;
        at = stop;
        if (at < end && *at == '\n') {
            ++at;
        } else {
            while (at < end && *at == ' ') ++at;
        }
    }
    return y == 0 ? face.line : y;
}

float measure(const Face& face, const char* begin, const char* end) {
    return face.font->CalcTextSizeA(face.size, 1e9f, 0, begin, end).x;
}

}  // namespace

float line_width(const Ui& ui, Type type, std::string_view text) {
    return measure(ui.theme.face(type), text.data(), text.data() + text.size());
}

float text_height(Ui& ui, Type type, std::string_view text, float width) {
    return each_line(ui.theme.face(type), text, width, [](const char*, const char*, float) {});
}

float paint_text(Ui& ui, ImVec2 at, Type type, Colour colour, std::string_view text, float width) {
    const auto& face = ui.theme.face(type);
    auto* list = ImGui::GetWindowDrawList();
    ui.registry.add_text(text);
    const float lead = std::floor((face.line - face.size) / 2);
    return each_line(face, text, width, [&](const char* begin, const char* end, float y) {
        const ImVec2 place{std::floor(at.x), std::floor(at.y + y + lead)};
        const float wide = measure(face, begin, end);
        ui.registry.add_overflow({begin, static_cast<std::size_t>(end - begin)}, wide, width);
        if (ImGui::IsRectVisible(place, {place.x + wide, place.y + face.line})) list->AddText(face.font, face.size, place, colour, begin, end);
    });
}

float text(Ui& ui, Type type, Colour colour, std::string_view words) {
    const float width = ui.width();
    const float height = paint_text(ui, ui.cursor(), type, colour, words, width);
    ImGui::Dummy({width, height});
    return height;
}

float paint_line(Ui& ui, ImVec2 at, Type type, Colour colour, std::string_view words, float room) {
    const auto& face = ui.theme.face(type);
    const char* begin = words.data();
    const char* end = begin + words.size();
    float wide = measure(face, begin, end);
    const ImVec2 place{std::floor(at.x), std::floor(at.y + (face.line - face.size) / 2)};
    auto* list = ImGui::GetWindowDrawList();
    ui.registry.add_text(words);
    if (room > 0 && wide > room + 0.5f) {
        ui.registry.add_overflow(words, wide, room);
        const float dots = line_width(ui, type, "…");
        const char* cut = begin;
        face.font->CalcTextSizeA(face.size, std::max(room - dots, 1.0f), 0, begin, end, &cut);
        const std::string shortened = std::string(begin, cut) + "…";
        list->AddText(face.font, face.size, place, colour, shortened.data(), shortened.data() + shortened.size());
        return room;
    }
    list->AddText(face.font, face.size, place, colour, begin, end);
    return wide;
}

void line(Ui& ui, Type type, Colour colour, std::string_view words, float room) {
    if (room <= 0) room = ui.width();
    const float wide = paint_line(ui, ui.cursor(), type, colour, words, room);
    ImGui::Dummy({wide, ui.theme.face(type).line});
}

void bullet(Ui& ui, Type type, Colour colour, const char* icon, std::string_view words, Colour icon_colour) {
    const float indent = ui.px(24);
    const ImVec2 at = ui.cursor();
    if (icon != nullptr && ui.theme.icons_ok()) paint_line(ui, at, type, icon_colour == 0 ? colour : icon_colour, icon);
    const float height = paint_text(ui, {at.x + indent, at.y}, type, colour, words, ui.width() - indent);
    ImGui::Dummy({ui.width(), height});
}

}  // namespace unbrick::gui
