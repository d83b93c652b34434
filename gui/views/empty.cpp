// Nothing is attached yet: what to do first, and what can be tried without a phone.
#include "gui/views/views.h"
#include "gui/widgets/pictures.h"

namespace unbrick::gui {

void draw_empty(App& app) {
    auto& ui = app.ui;
    const auto& colours = ui.colours();
    ui.gap(Space::Wide);
    const ImVec2 at = ui.cursor();
    const float height = ui.px(210);
    PhoneShape shape;
    const float wide = phone_width(height, shape);
    const float art = ui.width() * 0.30f;
    paint_phone(ui, {at.x + (art - wide) / 2, at.y}, height, shape, "cable");
    auto* list = ImGui::GetWindowDrawList();
    const ImVec2 foot{at.x + art / 2, at.y + height};
    list->AddRectFilled({foot.x - ui.px(8), foot.y + ui.px(5)}, {foot.x + ui.px(8), foot.y + ui.px(24)}, colours.border_strong, ui.px(3));
    list->AddLine({foot.x, foot.y + ui.px(22)}, {foot.x, foot.y + ui.px(46)}, colours.border_strong, ui.px(4));
    ImGui::SetCursorScreenPos({at.x + art + ui.px(12), at.y + ui.px(16)});
    ImGui::BeginGroup();
    ui.push_width(ui.width() - art - ui.px(12));
    text(ui, Type::Title, colours.text, ui.tr("gui.empty.title"));
    ui.gap(Space::Small);
    text(ui, Type::Body, colours.text_soft, ui.tr("gui.empty.about"));
    ui.gap(Space::Large);
    bullet(ui, Type::Body, colours.text, icon::kEye, ui.tr("gui.empty.promise_look"), colours.accent_tone.strong);
    ui.gap(Space::Small);
    bullet(ui, Type::Body, colours.text, icon::kShield, ui.tr("gui.empty.promise_data"), colours.accent_tone.strong);
    ui.gap(Space::Small);
    bullet(ui, Type::Body, colours.text, icon::kHome, ui.tr("gui.empty.promise_local"), colours.accent_tone.strong);
    ui.pop_width();
    ImGui::EndGroup();
    ImGui::SetCursorScreenPos({at.x, std::max(ImGui::GetItemRectMax().y, at.y + height + ui.px(50))});
    ui.gap(Space::Huge);
    if (!app.snapshot->rehearsal) {
        card(ui, {}, [&] {
            line(ui, Type::Heading, colours.text, ui.tr("gui.empty.rehearse"));
            ui.gap(Space::Tight);
            text(ui, Type::Body, colours.text_soft, ui.tr("gui.empty.rehearse_about"));
            ui.gap(Space::Large);
            Flow flow(ui, Space::Medium);
            const std::string go = ui.tr("gui.empty.rehearse_go");
            const ButtonStyle style{.look = ButtonLook::Primary, .icon = icon::kFlask};
            flow.next(button_width(ui, go, style));
            if (button(ui, "empty/rehearsals", go, style)) app.go(Section::Rehearsals);
            flow.placed(ui.px(40));
            const std::string check = ui.tr("gui.nav.no_phone");
            flow.next(button_width(ui, check, {.icon = icon::kPlug}));
            if (button(ui, "empty/no-phone", check, {.icon = icon::kPlug})) app.go(Section::NoPhone);
            flow.placed(ui.px(40));
            const std::string file = ui.tr("gui.nav.log_file");
            flow.next(button_width(ui, file, {.icon = icon::kFile}));
            if (button(ui, "empty/log-file", file, {.icon = icon::kFile})) app.go(Section::LogFile);
            flow.placed(ui.px(40));
            flow.end();
        });
    } else {
        notice(ui, Tone::Rehearsal, icon::kFlask, ui.tr("gui.empty.in_rehearsal"), ui.tr("gui.empty.in_rehearsal_about"));
    }
}

}  // namespace unbrick::gui
