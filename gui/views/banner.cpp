// The mark of a rehearsal: on every screen, so that nobody takes a virtual phone for a real one.
#include "gui/views/views.h"

namespace unbrick::gui {

float rehearsal_banner_height(const App& app) { return app.ui.px(36); }

void draw_rehearsal_banner(App& app, float width) {
    auto& ui = app.ui;
    const auto& colours = ui.colours();
    const float height = rehearsal_banner_height(app);
    auto* list = ImGui::GetWindowDrawList();
    list->AddRectFilled({0, 0}, {width, height}, colours.rehearsal_fill);
    list->PushClipRect({0, 0}, {width, height}, true);
    for (float x = -height; x < width; x += ui.px(36)) {
        const ImVec2 stripe[] = {{x, height}, {x + ui.px(14), height}, {x + ui.px(14) + height, 0}, {x + height, 0}};
        list->AddConvexPolyFilled(stripe, 4, faded(rgb(0x2E1D63), 0.35f));
    }
    list->PopClipRect();
    const std::string words = app.options.drawn_phones ? ui.tr("gui.rehearsal.drawn")
                                                       : ui.tr("gui.rehearsal.banner", {{"name", app.snapshot->rehearsal_name}});
    const float wide = line_width(ui, Type::Strong, words) + ui.px(26);
    const float x = std::max(ui.px(16), (width - wide) / 2);
    const float y = (height - ui.theme.face(Type::Strong).line) / 2;
    list->AddRectFilled({x - ui.px(14), ui.px(4)}, {x + wide + ui.px(14), height - ui.px(4)}, colours.rehearsal_fill, ui.px(14));
    if (ui.theme.icons_ok()) paint_line(ui, {x, y}, Type::Body, colours.on_rehearsal, icon::kFlask);
    paint_line(ui, {x + ui.px(26), y}, Type::Strong, colours.on_rehearsal, words, width - x - ui.px(40));
}

void draw_view_title(App& app, std::string_view title, std::string_view about) {
    auto& ui = app.ui;
    text(ui, Type::Title, ui.colours().text, title);
    if (!about.empty()) {
        ui.gap(Space::Tight);
        text(ui, Type::Body, ui.colours().text_soft, about);
    }
    ui.gap(Space::Wide);
}

}  // namespace unbrick::gui
