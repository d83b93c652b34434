// The link's health: how it is, and the moving picture of the last transfers.
#include "gui/views/views.h"
#include "gui/widgets/pictures.h"

namespace unbrick::gui {

void draw_link(App& app, const core::PhoneSnapshot& phone) {
    auto& ui = app.ui;
    const auto& colours = ui.colours();
    const auto& link = phone.link;
    const auto sign = link_sign(ui, link);
    card(ui, {}, [&] {
        const ImVec2 at = ui.cursor();
        line(ui, Type::Strong, colours.text, ui.tr("gui.link.title"), ui.width() * 0.6f);
        paint_pill(ui, {at.x + ui.width() - pill_width(ui, sign.word, sign.icon), at.y - ui.px(3)}, sign.tone, sign.icon, sign.word);
        ui.gap(Space::Small);
        text(ui, Type::Caption, colours.text_soft,
             ui.tr("gui.link.numbers", {{"transfers", std::to_string(link.transfers)},
                                        {"errors", std::to_string(link.errors)},
                                        {"reconnects", std::to_string(link.reconnects)},
                                        {"speed", link.speed.empty() ? ui.tr("gui.link.speed_unknown") : link.speed}}));
        if (!link.latency_ms.empty()) {
            ui.gap(Space::Small);
            const ImVec2 box = ui.cursor();
            const float height = ui.px(56);
            paint_link(ui, box, {ui.width(), height}, link.latency_ms, colours.tone(sign.tone == Tone::Neutral ? Tone::Accent : sign.tone).strong);
            ImGui::Dummy({ui.width(), height});
            ui.gap(Space::Tight);
            text(ui, Type::Caption, colours.text_soft, ui.tr("gui.link.picture"));
        }
        ui.gap(Space::Medium);
        const bool busy = phone.job && phone.job->state == core::JobState::Running;
        if (button(ui, "link/measure", ui.tr("gui.link.measure"), {.icon = icon::kUsb, .enabled = !busy && phone.mode != device::Mode::Absent}))
            app.submit(core::MeasureLink{phone.key});
    });
}

}  // namespace unbrick::gui
