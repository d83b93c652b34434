// Above the views of a phone: its name and facts, and the four stations of the way.
#include "gui/views/views.h"

namespace unbrick::gui {

namespace {

void station(App& app, std::string_view id, int number, const std::string& label, Tab tab, bool enabled, float width) {
    auto& ui = app.ui;
    const auto& colours = ui.colours();
    const float height = ui.px(44);
    const ImVec2 at = ui.cursor();
    const bool chosen = app.tab == tab;
    const auto press = press_area(ui, id, {width, height}, enabled);
    auto* list = ImGui::GetWindowDrawList();
    if (press.hovered && !chosen) list->AddRectFilled(at, {at.x + width, at.y + height}, faded(colours.border, 0.5f), ui.px(8));
    const Colour ink = chosen ? colours.accent_tone.strong : enabled ? colours.text : colours.text_soft;
    const float radius = ui.px(12);
    const ImVec2 dot{at.x + ui.px(6) + radius, at.y + height / 2};
    if (chosen) list->AddCircleFilled(dot, radius, colours.accent, 32);
    else list->AddCircle(dot, radius, enabled ? colours.border_strong : colours.border, 32, ui.px(1.5f));
    const std::string digit = std::to_string(number);
    paint_line(ui, {dot.x - line_width(ui, Type::Caption, digit) / 2, dot.y - ui.theme.face(Type::Caption).line / 2}, Type::Caption,
               chosen ? colours.on_accent : ink, digit);
    paint_line(ui, {at.x + ui.px(38), at.y + (height - ui.theme.face(Type::Strong).line) / 2}, chosen ? Type::Strong : Type::Body, ink, label,
               width - ui.px(42));
    if (chosen) list->AddRectFilled({at.x, at.y + height}, {at.x + width, at.y + height + ui.px(3)}, colours.accent, ui.px(1.5f));
    if (press.clicked) app.go(tab);
}

}  // namespace

void draw_phone_header(App& app, const core::PhoneSnapshot& phone) {
    auto& ui = app.ui;
    const auto& colours = ui.colours();
    line(ui, Type::Title, colours.text, phone.title);
    ui.gap(Space::Small);
    const auto mode = mode_sign(ui, phone);
    const auto link = link_sign(ui, phone.link);
    Flow flow(ui);
    auto put = [&](Tone tone, const char* glyph, const std::string& word) {
        flow.next(pill_width(ui, word, glyph));
        pill(ui, tone, glyph, word);
        flow.placed(pill_height(ui));
    };
    put(mode.tone, mode.icon, mode.word);
    put(Tone::Neutral, icon::kBolt, battery_words(ui, phone.battery));
    put(link.tone, link.icon, link.word);
    if (!phone.identity.ios_version.empty()) put(Tone::Neutral, icon::kInfo, "iOS " + phone.identity.ios_version);
    if (phone.key.ecid) put(Tone::Neutral, icon::kPhone, ui.tr("gui.phone.ecid", {{"ecid", phone.key.ecid->to_string()}}));
    else put(Tone::Neutral, icon::kUsb, ui.tr("gui.phone.port", {{"port", phone.key.port.path}}));
    flow.end();
    ui.gap(Space::Large);
    const ImVec2 at = ui.cursor();
    const float width = ui.width() / 4;
    const bool has_job = phone.job != nullptr;
    const bool ended = has_job && (phone.job->state == core::JobState::Done || phone.job->state == core::JobState::Failed ||
                                   phone.job->state == core::JobState::Cancelled);
    ImGui::GetWindowDrawList()->AddLine({at.x, at.y + ui.px(46)}, {at.x + ui.width(), at.y + ui.px(46)}, colours.border, ui.px(1));
    station(app, "tab/wrong", 1, ui.tr("gui.tab.wrong"), Tab::Wrong, true, width);
    ImGui::SetCursorScreenPos({at.x + width, at.y});
    station(app, "tab/plans", 2, ui.tr("gui.tab.plans"), Tab::Plans, true, width);
    ImGui::SetCursorScreenPos({at.x + 2 * width, at.y});
    station(app, "tab/doing", 3, ui.tr("gui.tab.doing"), Tab::Doing, has_job, width);
    ImGui::SetCursorScreenPos({at.x + 3 * width, at.y});
    station(app, "tab/after", 4, ui.tr("gui.tab.after"), Tab::After, ended, width);
    ImGui::SetCursorScreenPos({at.x, at.y + ui.px(50)});
    ui.gap(Space::Wide);
}

}  // namespace unbrick::gui
