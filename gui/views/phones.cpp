// The left side: a card for each phone, and the ways to everything else.
#include <algorithm>

#include "gui/views/views.h"
#include "gui/widgets/pictures.h"

namespace unbrick::gui {

namespace {

constexpr float kRow = 34;

PhoneShape shape_of(App& app, const core::PhoneSnapshot& phone) {
    const auto& entry = device_entry(app.knowledge, phone.identity.product_type);
    return PhoneShape::of(base::json_string(entry, "button_class").value_or("side"), base::json_string(entry, "side_button").value_or("side"),
                          base::json_string(entry, "family").value_or("iPhone"));
}

std::string_view screen_of(device::Mode mode) {
    switch (mode) {
        case device::Mode::Normal: return "home";
        case device::Mode::Recovery: return "cable";
        case device::Mode::Restore: return "emblem-progress";
        case device::Mode::Dfu:
        case device::Mode::Kis:
        case device::Mode::Wtf:
        case device::Mode::PortDfu:
        case device::Mode::Absent: return "black";
        case device::Mode::Unknown: return "unknown";
    }
    return "unknown";
}

void phone_card(App& app, const core::PhoneSnapshot& phone) {
    auto& ui = app.ui;
    const auto& colours = ui.colours();
    const ImVec2 at = ui.cursor();
    const float width = ui.width();
    const bool chosen = app.section == Section::Phone && app.selected == phone.key;
    const auto mode = mode_sign(ui, phone);
    const auto link = link_sign(ui, phone.link);
    const bool busy = phone.job && (phone.job->state == core::JobState::Running || phone.job->state == core::JobState::Cancelling);
    const bool asked = phone.job && phone.job->state == core::JobState::NeedsPerson;
    const float picture = ui.px(68);
    const float height = ui.px(busy || asked ? 114.0f : 94.0f);
    auto* list = ImGui::GetWindowDrawList();
    const auto press = press_area(ui, "phone/" + phone.key.to_string(), {width, height}, true, 12);
    const ImVec2 end{at.x + width, at.y + height};
    list->AddRectFilled({at.x, at.y + ui.px(1)}, {end.x, end.y + ui.px(2)}, colours.shadow, ui.px(12));
    list->AddRectFilled(at, end, press.hovered && !chosen ? mixed(colours.surface, colours.surface_low, 0.7f) : colours.surface, ui.px(12));
    list->AddRect(at, end, chosen ? colours.accent : colours.border, ui.px(12), 0, ui.px(chosen ? 2.0f : 1.0f));
    const auto shape = shape_of(app, phone);
    const float shape_width = phone_width(picture, shape);
    paint_phone(ui, {at.x + ui.px(18), at.y + ui.px(13)}, picture, shape, screen_of(phone.mode));
    const float x = at.x + ui.px(18) + std::max(shape_width, ui.px(34)) + ui.px(16);
    const float room = end.x - ui.px(12) - x;
    float y = at.y + ui.px(9);
    paint_line(ui, {x, y}, Type::Strong, colours.text, phone.title, room);
    y += ui.px(24);
    paint_pill(ui, {x, y}, mode.tone, mode.icon, mode.word);
    y += ui.px(30);
    const std::string facts = phone.battery.percent ? std::to_string(*phone.battery.percent) + " %  ·  " + link.word : link.word;
    paint_line(ui, {x, y}, Type::Caption, colours.text_soft, facts, room);
    if (busy || asked) {
        y += ui.px(22);
        const Colour ink = asked ? colours.care.strong : colours.accent_tone.strong;
        if (busy) paint_spinner(ui, {x + ui.px(7), y + ui.px(9)}, ui.px(6), ink);
        else if (ui.theme.icons_ok()) paint_line(ui, {x, y}, Type::Caption, ink, icon::kComment);
        paint_line(ui, {x + ui.px(22), y}, Type::Caption, ink, ui.tr(asked ? "gui.phones.asks" : "gui.phones.busy"), room - ui.px(22));
    }
    if (press.clicked) app.select(phone);
}

bool nav_row(App& app, std::string_view id, const char* glyph, const std::string& label, bool chosen) {
    auto& ui = app.ui;
    const auto& colours = ui.colours();
    const float height = ui.px(kRow);
    const ImVec2 at = ui.cursor();
    const auto press = press_area(ui, id, {ui.width(), height});
    auto* list = ImGui::GetWindowDrawList();
    const ImVec2 end{at.x + ui.width(), at.y + height};
    if (chosen) list->AddRectFilled(at, end, colours.accent_tone.soft, ui.px(8));
    else if (press.hovered) list->AddRectFilled(at, end, faded(colours.border, 0.7f), ui.px(8));
    const float y = at.y + (height - ui.theme.face(Type::Body).line) / 2;
    const Colour ink = chosen ? colours.accent_tone.strong : colours.text;
    if (ui.theme.icons_ok()) paint_line(ui, {at.x + ui.px(12), y}, Type::Body, chosen ? ink : colours.text_soft, glyph);
    paint_line(ui, {at.x + ui.px(40), y}, chosen ? Type::Strong : Type::Body, ink, label, ui.width() - ui.px(48));
    return press.clicked;
}

void go_row(App& app, std::string_view id, const char* glyph, const std::string& label, Section section) {
    if (nav_row(app, id, glyph, label, app.section == section)) app.go(section);
}

}  // namespace

void draw_sidebar(App& app) {
    auto& ui = app.ui;
    const auto& colours = ui.colours();
    const float pad = ui.px(Space::Large);
    const float height = ImGui::GetWindowHeight();
    const float width = ImGui::GetWindowWidth() - 2 * pad;
    const float row = ui.px(kRow);
    const float foot = 7 * row + ui.px(8) + ui.px(33);
    ImGui::SetCursorPos({pad, ui.px(18)});
    ui.push_width(width);
    ImGui::BeginGroup();
    line(ui, Type::Heading, colours.text, ui.tr("gui.app.name"));
    ImGui::EndGroup();
    ImGui::SetCursorPos({0, ui.px(52)});
    const float list_height = std::max(ui.px(130), height - foot - ui.px(52));
    ImGui::BeginChild("phones", {ImGui::GetWindowWidth(), list_height}, false, ImGuiWindowFlags_NoBackground);
    ImGui::SetCursorPos({pad, ui.px(6)});
    ImGui::BeginGroup();
    line(ui, Type::Caption, colours.text_soft, ui.tr("gui.phones.title"));
    ui.gap(Space::Small);
    for (const auto& phone : app.snapshot->phones) {
        phone_card(app, *phone);
        ui.gap(Space::Small);
    }
    if (app.snapshot->phones.empty()) {
        const ImVec2 at = ui.cursor();
        const std::string words = ui.tr("gui.phones.none");
        const float inner = width - ui.px(40);
        const float high = text_height(ui, Type::Body, words, inner) + ui.px(36);
        ImGui::GetWindowDrawList()->AddRect(at, {at.x + width, at.y + high}, colours.border_strong, ui.px(12), 0, ui.px(1));
        paint_text(ui, {at.x + ui.px(20), at.y + ui.px(18)}, Type::Body, colours.text_soft, words, inner);
        ImGui::Dummy({width, high});
        ui.gap(Space::Small);
        const auto press = nav_row(app, "nav/home", icon::kHome, ui.tr("gui.nav.start"), app.section == Section::Phone);
        if (press) app.go(Section::Phone);
    }
    for (const auto& [id, words] : app.snapshot->host_findings) {
        notice(ui, Tone::Care, icon::kWarning, {}, words);
        ui.gap(Space::Small);
    }
    ImGui::EndGroup();
    ImGui::EndChild();
    ImGui::SetCursorPos({pad, height - foot + ui.px(4)});
    ImGui::BeginGroup();
    go_row(app, "nav/no-phone", icon::kPlug, ui.tr("gui.nav.no_phone"), Section::NoPhone);
    go_row(app, "nav/log-file", icon::kFile, ui.tr("gui.nav.log_file"), Section::LogFile);
    ui.gap(Space::Small);
    rule(ui);
    ui.gap(Space::Small);
    go_row(app, "nav/knowledge", icon::kBook, ui.tr("gui.nav.knowledge"), Section::Knowledge);
    go_row(app, "nav/cases", icon::kFolder, ui.tr("gui.nav.cases"), Section::Cases);
    go_row(app, "nav/support", icon::kHeadset, ui.tr("gui.nav.support"), Section::Support);
    go_row(app, "nav/rehearsals", icon::kFlask, ui.tr("gui.nav.rehearsals"), Section::Rehearsals);
    go_row(app, "nav/settings", icon::kCog, ui.tr("gui.nav.settings"), Section::Settings);
    ImGui::EndGroup();
    ui.pop_width();
}

}  // namespace unbrick::gui
