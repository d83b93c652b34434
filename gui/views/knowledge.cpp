// Knowledge: search an error number, a panic string, a symptom, a model, an article.
#include "gui/views/views.h"
#include "gui/knowledge_index.h"
#include "src/base/text.h"

namespace unbrick::gui {

void draw_knowledge(App& app) {
    auto& ui = app.ui;
    const auto& colours = ui.colours();
    draw_view_title(app, ui.tr("gui.knowledge.title"), ui.tr("gui.knowledge.about"));
    auto& words = app.draft("knowledge/search");
    auto& chosen = app.draft("knowledge/chosen");
    auto& index = app.knowledge_index();
    if (field(ui, "knowledge/search", words, ui.tr("gui.knowledge.hint"))) chosen.clear();
    ui.gap(Space::Large);
    if (!chosen.empty()) {
        if (const auto* entry = index.find(chosen)) {
            if (button(ui, "knowledge/back", ui.tr("gui.knowledge.back"), {.look = ButtonLook::Quiet, .icon = icon::kLeft})) {
                chosen.clear();
                app.scroll_to_top();
                return;
            }
            ui.gap(Space::Small);
            card(ui, {}, [&] {
                const std::string kind = "gui.knowledge.kind." + entry->kind;
                pill(ui, Tone::Accent, nullptr, ui.tr(kind));
                ui.gap(Space::Small);
                text(ui, Type::Heading, colours.text, entry->title);
                ui.gap(Space::Medium);
                for (const auto& [name, value] : index.details(*entry, ui)) {
                    if (!name.empty()) line(ui, Type::Caption, colours.text_soft, name);
                    text(ui, Type::Body, colours.text, value);
                    ui.gap(Space::Medium);
                }
            });
            return;
        }
        chosen.clear();
    }
    const auto& found = index.search(words, 40);
    if (found.empty()) {
        notice(ui, Tone::Neutral, icon::kSearch, ui.tr("gui.knowledge.nothing"), ui.tr("gui.knowledge.nothing_about"));
        return;
    }
    line(ui, Type::Caption, colours.text_soft, words.empty() ? ui.tr("gui.knowledge.articles") : ui.tr("gui.knowledge.found", {{"n", std::to_string(found.size())}}));
    ui.gap(Space::Small);
    for (const auto* entry : found) {
        const std::string kind = "gui.knowledge.kind." + entry->kind;
        const std::string tag = ui.tr(kind);
        const float height = ui.px(entry->summary.empty() ? 48.0f : 68.0f);
        const ImVec2 at = ui.cursor();
        const auto press = press_area(ui, "knowledge/" + entry->id, {ui.width(), height}, true, 10);
        auto* list = ImGui::GetWindowDrawList();
        list->AddRectFilled(at, {at.x + ui.width(), at.y + height}, press.hovered ? colours.accent_tone.soft : colours.surface, ui.px(10));
        list->AddRect(at, {at.x + ui.width(), at.y + height}, press.hovered ? colours.accent : colours.border, ui.px(10));
        const float tag_width = pill_width(ui, tag, nullptr);
        paint_pill(ui, {at.x + ui.width() - tag_width - ui.px(14), at.y + ui.px(11)}, Tone::Neutral, nullptr, tag);
        // A glimpse of the entry, cut on purpose; the whole is one click away.
        ui.registry.pause_overflow(true);
        paint_line(ui, {at.x + ui.px(16), at.y + ui.px(12)}, Type::Strong, colours.text, entry->title, ui.width() - tag_width - ui.px(44));
        if (!entry->summary.empty())
            paint_line(ui, {at.x + ui.px(16), at.y + ui.px(38)}, Type::Body, colours.text_soft, entry->summary, ui.width() - ui.px(32));
        ui.registry.pause_overflow(false);
        if (press.clicked) {
            chosen = entry->id;
            app.scroll_to_top();
        }
        ui.gap(Space::Small);
    }
}

}  // namespace unbrick::gui
