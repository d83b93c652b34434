// The button coach: this model drawn with the buttons lit, a ring that counts, and what the phone does.
#include <algorithm>
#include <cmath>

#include "gui/views/views.h"
#include "gui/widgets/pictures.h"

namespace unbrick::gui {

namespace {

struct ButtonStep {
    std::vector<std::string> buttons;
    double seconds = 0;
    std::string words;
};

std::vector<ButtonStep> presses_of(const Ui& ui, const base::Json& sequence) {
    std::vector<ButtonStep> presses;
    const auto& steps = sequence.is_array() ? sequence : base::json_at(sequence, "steps");
    for (const auto& entry : steps) {
        ButtonStep press;
        for (const auto& name : base::json_at(entry, "buttons"))
            if (name.is_string()) press.buttons.push_back(name.get<std::string>());
        press.seconds = std::max(1.5, base::json_double(entry, "seconds").value_or(0));   // a tap too takes a moment to read
        const auto key = base::json_string(entry, "text_key");
        press.words = key && ui.has(*key) ? ui.tr(*key) : base::json_string(entry, "text").value_or("");
        presses.push_back(std::move(press));
    }
    return presses;
}

std::string button_names(const Ui& ui, const std::vector<std::string>& buttons) {
    std::string names;
    for (const auto& id : buttons) {
        const std::string key = "gui.button." + id;
        names += (names.empty() ? "" : " + ") + (ui.has(key) ? ui.tr(key) : id);
    }
    return names;
}

}  // namespace

void draw_coach(App& app, const core::PhoneSnapshot& phone, const core::JobSnapshot& job, const core::Request& request) {
    auto& ui = app.ui;
    const auto& colours = ui.colours();
    const auto presses = presses_of(ui, request.buttons);
    const auto& entry = device_entry(app.knowledge, phone.identity.product_type);
    const auto shape = PhoneShape::of(base::json_string(entry, "button_class").value_or("side"), base::json_string(entry, "side_button").value_or("side"),
                                      base::json_string(entry, "family").value_or("iPhone"));
    // The person starts the count; the phone's reaction ends the request, whatever the ring says.
    auto& begun = app.draft("coach/" + request.id);
    double at_second = -1;
    if (!begun.empty()) {
        const auto start = base::parse_json(begun, "coach").value_or(base::Json(0.0));
        at_second = ui.time() - (start.is_number() ? start.get<double>() : ui.time());
    }
    std::size_t current = 0;
    double inside = 0;
    bool over = false;
    if (at_second >= 0) {
        double sum = 0;
        over = true;
        for (std::size_t i = 0; i < presses.size(); ++i) {
            const double span = std::max(1.0, presses[i].seconds);
            if (at_second < sum + span) {
                current = i;
                inside = at_second - sum;
                over = false;
                break;
            }
            sum += span;
            current = i;
            inside = span;
        }
        ui.wake_in(ui.reduced_motion ? 0.5 : 0.05);
    }
    card(ui, {.tone = Tone::Accent, .edge = true}, [&] {
        columns(ui, {0.36f, 0.64f}, Space::Wide,
                {[&] {
                     const ImVec2 at = ui.cursor();
                     const float height = ui.px(300);
                     const float wide = phone_width(height, shape);
                     std::vector<std::string> lit;
                     if (!presses.empty()) lit = presses[current].buttons;
                     const float glow = at_second < 0 || ui.reduced_motion ? 1.0f : 0.7f + 0.3f * static_cast<float>(std::sin(ui.time() * 5));
                     paint_phone(ui, {at.x + (ui.width() - wide) / 2, at.y + ui.px(10)}, height, shape, "black", lit, glow);
                     ImGui::Dummy({ui.width(), height + ui.px(20)});
                 },
                 [&] {
                     line(ui, Type::Caption, colours.accent_tone.strong, ui.tr("gui.coach.title"));
                     ui.gap(Space::Tight);
                     text(ui, Type::Heading, colours.text, request.text);
                     ui.gap(Space::Large);
                     for (std::size_t i = 0; i < presses.size(); ++i) {
                         const bool now = i == current;
                         const ImVec2 at = ui.cursor();
                         const float radius = ui.px(now ? 30.0f : 14.0f);
                         const float indent = ui.px(80);
                         const ImVec2 centre{at.x + ui.px(32), at.y + radius + ui.px(4)};
                         const double span = std::max(1.0, presses[i].seconds);
                         if (now) {
                             paint_ring(ui, centre, radius, ui.px(6), at_second < 0 ? 0.0f : static_cast<float>(inside / span), colours.accent, colours.border);
                             const std::string left = std::to_string(static_cast<int>(std::ceil(span - inside)));
                             paint_line(ui, {centre.x - line_width(ui, Type::Heading, left) / 2, centre.y - ui.theme.face(Type::Heading).line / 2}, Type::Heading, colours.text, left);
                         } else {
                             const bool done = i < current;
                             ImGui::GetWindowDrawList()->AddCircle(centre, radius, done ? colours.good.strong : colours.border_strong, 32, ui.px(2));
                             const std::string number = std::to_string(i + 1);
                             paint_line(ui, {centre.x - line_width(ui, Type::Caption, number) / 2, centre.y - ui.theme.face(Type::Caption).line / 2}, Type::Caption, colours.text_soft, number);
                         }
                         float height = paint_text(ui, {at.x + indent, at.y + ui.px(6)}, Type::Strong, now ? colours.text : colours.text_soft, button_names(ui, presses[i].buttons), ui.width() - indent);
                         if (!presses[i].words.empty())
                             height += paint_text(ui, {at.x + indent, at.y + ui.px(8) + height}, Type::Body, now ? colours.text : colours.text_soft, presses[i].words, ui.width() - indent);
                         ImGui::Dummy({ui.width(), std::max(height + ui.px(8), 2 * radius + ui.px(8)) + ui.px(12)});
                     }
                     ui.gap(Space::Small);
                     if (!job.last_words.empty()) {
                         notice(ui, Tone::Neutral, icon::kComment, ui.tr("gui.coach.reaction"), job.last_words);
                         ui.gap(Space::Medium);
                     }
                     if (over) {
                         text(ui, Type::Body, colours.text_soft, ui.tr("gui.coach.over"));
                         ui.gap(Space::Small);
                     }
                     Flow flow(ui, Space::Medium);
                     const std::string start = ui.tr(at_second < 0 ? "gui.coach.start" : "gui.coach.again");
                     const ButtonStyle style{.look = ButtonLook::Primary, .icon = icon::kPlay};
                     flow.next(button_width(ui, start, style));
                     if (button(ui, "coach/start", start, style)) begun = std::to_string(ui.time());
                     flow.placed(ui.px(40));
                     for (const auto& [id, words] : request.choices) {
                         flow.next(button_width(ui, words, {}));
                         if (button(ui, "request/" + id, words)) app.submit(core::AnswerRequest{job.id, request.id, id});
                         flow.placed(ui.px(40));
                     }
                     flow.end();
                 }},
                180);
    });
}

}  // namespace unbrick::gui
