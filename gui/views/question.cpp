// One question at a time, with drawn pictures where the answer is what a screen shows.
#include "gui/views/views.h"
#include "gui/widgets/pictures.h"
#include "src/base/text.h"

namespace unbrick::gui {

namespace {

struct Choice {
    std::string id, text, picture;
};

const base::Json& find_question(const knowledge::Knowledge& knowledge, std::string_view id) {
    static const base::Json none;
    const auto& document = knowledge.document("questions");
    const auto& list = document.is_array() ? document : base::json_at(document, "questions");
    for (const auto& entry : list)
        if (base::json_string(entry, "id") == std::string(id)) return entry;
    return none;
}

std::string words_of(const Ui& ui, const base::Json& entry, const std::string& fallback_key) {
    for (const char* name : {"text_key", "text", "title"})
        if (const auto key = base::json_string(entry, name)) return ui.has(*key) ? ui.tr(*key) : *key;
    return ui.tr(fallback_key);
}

std::vector<Choice> choices_of(const Ui& ui, const base::Json& question, const std::string& id) {
    std::vector<Choice> choices;
    for (const char* name : {"choices", "answers"})
        for (const auto& entry : base::json_at(question, name)) {
            Choice choice;
            if (entry.is_string()) choice.id = entry.get<std::string>();
            else choice.id = base::json_string(entry, "id").value_or(base::json_string(entry, "value").value_or(""));
            if (choice.id.empty()) continue;
            std::string key = "question." + id + "." + choice.id;
            if (!ui.has(key)) key = "question.choice." + choice.id;
            choice.text = words_of(ui, entry, key);
            choice.picture = base::json_string(entry, "picture").value_or("");
            choices.push_back(std::move(choice));
        }
    return choices;
}

void tiles(App& app, const device::PhoneKey& phone, const std::string& question, const std::vector<Choice>& choices) {
    auto& ui = app.ui;
    const auto& colours = ui.colours();
    const int per_row = ui.width() > ui.px(620) ? 5 : 3;
    const float gap = ui.px(12);
    const float width = (ui.width() - gap * static_cast<float>(per_row - 1)) / static_cast<float>(per_row);
    const float picture = ui.px(104);
    float words = 0;
    for (const auto& choice : choices) words = std::max(words, text_height(ui, Type::Caption, choice.text, width - ui.px(20)));
    const float height = ui.px(16) + picture + ui.px(12) + words + ui.px(14);
    const ImVec2 start = ui.cursor();
    auto* list = ImGui::GetWindowDrawList();
    for (std::size_t i = 0; i < choices.size(); ++i) {
        const auto& choice = choices[i];
        const ImVec2 at{start.x + (width + gap) * static_cast<float>(i % static_cast<std::size_t>(per_row)),
                        start.y + (height + gap) * static_cast<float>(i / static_cast<std::size_t>(per_row))};
        ImGui::SetCursorScreenPos(at);
        const auto press = press_area(ui, "question/" + choice.id, {width, height}, true, 10);
        list->AddRectFilled(at, {at.x + width, at.y + height}, press.hovered ? colours.accent_tone.soft : colours.surface_low, ui.px(10));
        list->AddRect(at, {at.x + width, at.y + height}, press.hovered ? colours.accent : colours.border, ui.px(10), 0, ui.px(1.5f));
        const float screen = picture * 0.52f;
        const ImVec2 box{at.x + (width - screen) / 2, at.y + ui.px(16)};
        list->AddRectFilled({box.x - ui.px(4), box.y - ui.px(4)}, {box.x + screen + ui.px(4), box.y + picture + ui.px(4)}, colours.dark ? rgb(0x4A5461) : rgb(0x39424E), ui.px(8));
        paint_screen(ui, box, {box.x + screen, box.y + picture}, choice.picture.empty() ? screen_for_choice(choice.id) : std::string_view(choice.picture));
        const float text_width = width - ui.px(20);
        const float shift = std::max(0.0f, (text_width - line_width(ui, Type::Caption, choice.text)) / 2);
        paint_text(ui, {at.x + ui.px(10) + shift, at.y + ui.px(16) + picture + ui.px(12)}, Type::Caption, colours.text, choice.text, text_width + 1);
        if (press.clicked) app.submit(core::AnswerQuestion{phone, question, choice.id});
    }
    const auto rows = (choices.size() + static_cast<std::size_t>(per_row) - 1) / static_cast<std::size_t>(per_row);
    ImGui::SetCursorScreenPos(start);
    ImGui::Dummy({ui.width(), static_cast<float>(rows) * (height + gap) - gap});
}

}  // namespace

void draw_question(App& app, const device::PhoneKey& phone, const diagnostics::Question& question) {
    auto& ui = app.ui;
    const auto& colours = ui.colours();
    const auto& entry = find_question(app.knowledge, question.id);
    const auto choices = choices_of(ui, entry, question.id);
    const std::string plain = "question." + question.id;
    const std::string key = ui.has(plain) ? plain : plain + ".text";
    const std::string words = words_of(ui, entry, key);
    const bool about_screen = base::contains(question.id, "screen");
    card(ui, {.tone = Tone::Accent, .edge = true}, [&] {
        line(ui, Type::Caption, colours.accent_tone.strong, ui.tr("gui.question.one"));
        ui.gap(Space::Tight);
        text(ui, Type::Heading, colours.text, words);
        const std::string why = "question." + question.id + ".why";
        if (ui.has(why)) {
            ui.gap(Space::Tight);
            text(ui, Type::Body, colours.text_soft, ui.tr(why));
        }
        ui.gap(Space::Large);
        if (about_screen) {
            tiles(app, phone, question.id, choices);
            return;
        }
        Flow flow(ui);
        for (const auto& choice : choices) {
            const ButtonStyle style{};
            const float wide = std::min(button_width(ui, choice.text, style), ui.width());
            flow.next(wide);
            if (button(ui, "question/" + choice.id, choice.text, {.width = wide})) app.submit(core::AnswerQuestion{phone, question.id, choice.id});
            flow.placed(ui.px(40));
        }
        flow.end();
    });
}

}  // namespace unbrick::gui
