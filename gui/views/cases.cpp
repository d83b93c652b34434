// The cases on this computer: what was done before, and what was interrupted.
#include "gui/views/views.h"
#include "src/base/file.h"

namespace unbrick::gui {

void draw_cases(App& app) {
    auto& ui = app.ui;
    const auto& colours = ui.colours();
    draw_view_title(app, ui.tr("gui.cases.title"), ui.tr("gui.cases.about"));
    if (app.snapshot->cases.empty()) {
        card(ui, {.look = CardLook::Low}, [&] {
            bullet(ui, Type::Strong, colours.text, icon::kFolder, ui.tr("gui.cases.none"));
            ui.gap(Space::Tight);
            bullet(ui, Type::Body, colours.text_soft, nullptr, ui.tr("gui.cases.none_about"));
        });
        return;
    }
    for (const auto& each : app.snapshot->cases) {
        card(ui, {.tone = Tone::Care, .padding = Space::Large, .edge = each.unfinished}, [&] {
            const ImVec2 at = ui.cursor();
            const std::string state = each.unfinished ? ui.tr("gui.cases.unfinished") : each.outcome.empty() ? ui.tr("gui.cases.open") : [&] {
                const std::string key = "outcome." + each.outcome + ".title";
                const std::string plain = "outcome." + each.outcome;
                return ui.has(key) ? ui.tr(key) : ui.has(plain) && ui.tr(plain).size() < 40 ? ui.tr(plain) : each.outcome;
            }();
            const Tone tone = each.unfinished ? Tone::Care : Tone::Neutral;
            const char* glyph = each.unfinished ? icon::kHistory : icon::kCheck;
            const float pill_room = pill_width(ui, state, glyph);
            line(ui, Type::Strong, colours.text, each.title, ui.width() - pill_room - ui.px(16));
            paint_pill(ui, {at.x + ui.width() - pill_room, at.y - ui.px(2)}, tone, glyph, state);
            ui.gap(Space::Tight);
            line(ui, Type::Caption, colours.text_soft, date_words(each.begun) + "  ·  " + each.id);
            if (each.unfinished) {
                ui.gap(Space::Small);
                text(ui, Type::Body, colours.text_soft, ui.tr("gui.cases.unfinished_about"));
            }
            ui.gap(Space::Medium);
            Flow flow(ui, Space::Medium);
            if (each.unfinished) {
                const std::string go_on = ui.tr("gui.cases.continue");
                flow.next(button_width(ui, go_on, {.look = ButtonLook::Primary, .icon = icon::kPlay}));
                if (button(ui, "case/" + each.id + "/continue", go_on, {.look = ButtonLook::Primary, .icon = icon::kPlay})) {
                    app.submit(core::ContinueCase{each.id});
                    app.toast(ui.tr("gui.toast.starting"));
                }
                flow.placed(ui.px(40));
            }
            const std::string report = ui.tr("gui.report.write");
            flow.next(button_width(ui, report, {.icon = icon::kFile}));
            if (button(ui, "case/" + each.id + "/report", report, {.icon = icon::kFile})) {
                const auto path = base::state_folder() / ("report-" + each.id + ".html");
                app.submit(core::WriteReport{each.id, path, false});
                app.toast(ui.tr("gui.toast.report", {{"path", path.string()}}));
            }
            flow.placed(ui.px(40));
            flow.end();
        });
        ui.gap(Space::Medium);
    }
}

}  // namespace unbrick::gui
