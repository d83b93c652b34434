// The rehearsals: each opens a window of its own in a world with a virtual phone.
#include "gui/views/views.h"
#include "src/base/text.h"

namespace unbrick::gui {

void draw_rehearsals(App& app) {
    auto& ui = app.ui;
    const auto& colours = ui.colours();
    draw_view_title(app, ui.tr("gui.rehearsals.title"), ui.tr("gui.rehearsals.about"));
    if (app.snapshot->rehearsal) {
        notice(ui, Tone::Rehearsal, icon::kFlask, ui.tr("gui.rehearsals.inside"), ui.tr("gui.rehearsals.inside_about"));
        return;
    }
    auto& problem = app.draft("rehearsals/problem");
    if (!problem.empty()) {
        notice(ui, Tone::Danger, icon::kWarning, ui.tr("gui.rehearsals.failed"), problem);
        ui.gap(Space::Large);
    }
    auto& filter = app.draft("rehearsals/filter");
    field(ui, "rehearsals/filter", filter, ui.tr("gui.rehearsals.filter"));
    ui.gap(Space::Large);
    const std::string wanted = base::to_lower(filter);
    bool any = false;
    for (const auto& rehearsal : app.rehearsals()) {
        if (!wanted.empty() && !base::contains(base::to_lower(rehearsal.id + " " + rehearsal.title + " " + rehearsal.summary), wanted)) continue;
        any = true;
        card(ui, {.padding = Space::Large}, [&] {
            const ImVec2 at = ui.cursor();
            const std::string label = ui.tr("gui.rehearsals.start");
            const ButtonStyle style{.icon = icon::kPlay};
            const float wide = button_width(ui, label, style);
            ui.push_width(ui.width() - wide - ui.px(24));
            ImGui::BeginGroup();
            text(ui, Type::Strong, colours.text, rehearsal.title);
            if (!rehearsal.summary.empty()) {
                ui.gap(Space::Tight);
                text(ui, Type::Body, colours.text_soft, rehearsal.summary);
            }
            ImGui::EndGroup();
            const float bottom = ImGui::GetItemRectMax().y;
            ui.pop_width();
            ImGui::SetCursorScreenPos({at.x + ui.width() - wide, at.y + std::max(0.0f, (bottom - at.y - ui.px(40)) / 2)});
            if (button(ui, "rehearse/" + rehearsal.id, label, style)) {
                problem = app.start_program({"rehearse", rehearsal.id});
                if (problem.empty()) app.toast(ui.tr("gui.toast.rehearsal", {{"name", rehearsal.title}}));
            }
            ImGui::SetCursorScreenPos({at.x, std::max(bottom, at.y + ui.px(40))});
            ImGui::Dummy({ui.width(), 0});
        });
        ui.gap(Space::Medium);
    }
    if (!any) notice(ui, Tone::Neutral, icon::kInfo, {}, ui.tr("gui.rehearsals.none"));
}

}  // namespace unbrick::gui
