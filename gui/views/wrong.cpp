// What is wrong: one sentence, the likely causes and what led to each, and one question.
#include <algorithm>

#include "gui/views/views.h"

namespace unbrick::gui {

namespace {

// Causes below this are named together, not one by one.
constexpr double kWorthShowing = 0.04;

std::string source_words(const Ui& ui, const diagnostics::Evidence& evidence) {
    const std::string origin = "gui.origin." + std::string(diagnostics::to_string(evidence.from.origin));
    std::string words = ui.tr(origin) + ": " + evidence.from.source;
    if (evidence.from.line > 0) words += ":" + std::to_string(evidence.from.line);
    return words;
}

void contributions(App& app, const diagnostics::Diagnosis& diagnosis, const std::string& title, const char* glyph, Tone tone,
                   const std::vector<diagnostics::Contribution>& list) {
    auto& ui = app.ui;
    const auto& colours = ui.colours();
    if (list.empty()) return;
    ui.gap(Space::Medium);
    line(ui, Type::Caption, colours.text_soft, title);
    ui.gap(Space::Tight);
    for (const auto& each : list) {
        bullet(ui, Type::Body, colours.text, glyph, each.because.empty() ? each.rule : each.because, colours.tone(tone).strong);
        std::string from = each.rule;
        for (const auto index : each.evidence)
            if (index < diagnosis.evidence.size()) from = source_words(ui, diagnosis.evidence[index]) + "  ·  " + each.rule;
        const ImVec2 at = ui.cursor();
        const float height = paint_text(ui, {at.x + ui.px(24), at.y}, Type::Caption, colours.text_soft, from, ui.width() - ui.px(24));
        ImGui::Dummy({ui.width(), height + ui.px(6)});
    }
}

std::string settle_words(const Ui& ui, const std::string& id) {
    for (const auto& key : {"settles." + id, "evidence." + id + ".name", "question." + id + ".text", "question." + id, "evidence." + id + ".title", "evidence." + id})
        if (ui.has(key)) return ui.tr(key);
    return id;
}

void hypothesis(App& app, const diagnostics::Diagnosis& diagnosis, const diagnostics::Hypothesis& each, std::string_view where, bool first) {
    auto& ui = app.ui;
    const auto& colours = ui.colours();
    const std::string id = std::string(where) + "/cause/" + each.cause;
    bool& open = app.open(id, first);
    const std::string percent = percent_words(each.probability);
    const std::string title = cause_title(ui, app.knowledge, each.cause);
    const float height = ui.px(46);
    const ImVec2 at = ui.cursor();
    const auto press = press_area(ui, id, {ui.width(), height});
    if (press.clicked) open = !open;
    auto* list = ImGui::GetWindowDrawList();
    if (press.hovered) list->AddRectFilled(at, {at.x + ui.width(), at.y + height}, faded(colours.border, 0.4f), ui.px(8));
    const float a = ui.px(4.5f);
    const ImVec2 centre{at.x + ui.px(12), at.y + height / 2};
    const ImVec2 down[] = {{centre.x - a, centre.y - a / 2}, {centre.x, centre.y + a / 2}, {centre.x + a, centre.y - a / 2}};
    const ImVec2 side[] = {{centre.x - a / 2, centre.y - a}, {centre.x + a / 2, centre.y}, {centre.x - a / 2, centre.y + a}};
    list->AddPolyline(open ? down : side, 3, colours.text_soft, 0, ui.px(2));
    const float bar = ui.width() * 0.30f;
    const float number = ui.px(52);
    const float text_room = ui.width() - ui.px(28) - bar - number - ui.px(24);
    const float y = at.y + (height - ui.theme.face(Type::Strong).line) / 2;
    paint_line(ui, {at.x + ui.px(28), y}, first ? Type::Strong : Type::Body, colours.text, title, text_room);
    paint_bar(ui, {at.x + ui.width() - number - bar - ui.px(8), at.y + height / 2 - ui.px(4)}, {bar, ui.px(8)}, static_cast<float>(each.probability),
              first ? colours.accent : colours.border_strong);
    const float wide = line_width(ui, Type::Strong, percent);
    paint_line(ui, {at.x + ui.width() - wide - ui.px(8), y}, Type::Strong, colours.text, percent);
    if (!open) return;
    ImGui::SetCursorScreenPos({at.x + ui.px(28), at.y + height});
    ImGui::BeginGroup();
    ui.push_width(ui.width() - ui.px(36));
    const std::string summary = cause_summary(ui, app.knowledge, each.cause);
    if (!summary.empty()) text(ui, Type::Body, colours.text_soft, summary);
    contributions(app, diagnosis, ui.tr("gui.wrong.for"), icon::kPlus, Tone::Good, each.supporting);
    contributions(app, diagnosis, ui.tr("gui.wrong.against"), icon::kMinus, Tone::Danger, each.against);
    if (!each.missing.empty()) {
        ui.gap(Space::Small);
        line(ui, Type::Caption, colours.text_soft, ui.tr("gui.wrong.missing"));
        ui.gap(Space::Tight);
        for (const auto& missing : each.missing) bullet(ui, Type::Body, colours.text, icon::kQuestion, settle_words(ui, missing), colours.accent_tone.strong);
    }
    ui.gap(Space::Large);
    ui.pop_width();
    ImGui::EndGroup();
    ImGui::SetCursorScreenPos({at.x, ImGui::GetItemRectMax().y});
    ImGui::Dummy({ui.width(), 0});
}

}  // namespace

void draw_diagnosis(App& app, const diagnostics::Diagnosis& diagnosis, std::string_view where) {
    auto& ui = app.ui;
    const auto& colours = ui.colours();
    card(ui, {}, [&] {
        line(ui, Type::Heading, colours.text, ui.tr("gui.wrong.causes"));
        ui.gap(Space::Tight);
        text(ui, Type::Caption, colours.text_soft, ui.tr("gui.wrong.causes_about"));
        ui.gap(Space::Small);
        double rest = 0;
        std::size_t shown = 0;
        for (const auto& each : diagnosis.hypotheses) {
            if (shown >= 5 || (shown > 0 && each.probability < kWorthShowing)) {
                rest += each.probability;
                continue;
            }
            if (shown > 0) rule(ui);
            hypothesis(app, diagnosis, each, where, shown == 0);
            ++shown;
        }
        if (shown == 0) text(ui, Type::Body, colours.text, ui.tr("gui.wrong.no_causes"));
        if (rest > 0.005) {
            rule(ui);
            ui.gap(Space::Medium);
            text(ui, Type::Caption, colours.text_soft, ui.tr("gui.wrong.others", {{"percent", percent_words(rest)}}));
        }
    });
    if (diagnosis.stage != "unknown" && !diagnosis.stage.empty()) {
        ui.gap(Space::Medium);
        const std::string stage = stage_title(ui, app.knowledge, diagnosis.stage);
        notice(ui, Tone::Neutral, icon::kInfo, ui.tr("gui.wrong.stage", {{"stage", stage}}),
               ui.tr(diagnosis.storage_written ? "gui.wrong.written" : "gui.wrong.not_written"));
    }
}

void draw_wrong(App& app, const core::PhoneSnapshot& phone) {
    auto& ui = app.ui;
    const auto& colours = ui.colours();
    const auto* diagnosis = phone.diagnosis.get();
    // The one sentence.
    const bool sure = diagnosis != nullptr && !diagnosis->hypotheses.empty();
    card(ui, {}, [&] {
        const ImVec2 at = ui.cursor();
        if (phone.diagnosing) {
            paint_spinner(ui, {at.x + ui.width() - ui.px(12), at.y + ui.px(14)}, ui.px(9), colours.accent);
            ui.push_width(ui.width() - ui.px(40));
        }
        text(ui, Type::Heading, colours.text, phone.first_word.empty() ? ui.tr("gui.wrong.looking") : phone.first_word);
        if (sure) {
            const auto& best = diagnosis->hypotheses.front();
            ui.gap(Space::Small);
            const char* how = best.probability >= 0.85 ? "gui.wrong.sure" : best.probability >= 0.5 ? "gui.wrong.likely" : "gui.wrong.unsure";
            text(ui, Type::Body, colours.text_soft, ui.texts->get(how, {{"cause", cause_title(ui, app.knowledge, best.cause)}}));
        } else if (phone.diagnosing) {
            ui.gap(Space::Small);
            text(ui, Type::Body, colours.text_soft, ui.tr("gui.wrong.looking_about"));
        }
        if (phone.diagnosing) ui.pop_width();
        ui.gap(Space::Large);
        Flow flow(ui, Space::Medium);
        const std::string next = ui.tr("gui.wrong.to_plans");
        const ButtonStyle primary{.look = ButtonLook::Primary, .icon = icon::kRight, .enabled = diagnosis != nullptr};
        flow.next(button_width(ui, next, primary));
        if (button(ui, "wrong/to-plans", next, primary)) app.go(Tab::Plans);
        flow.placed(ui.px(40));
        const std::string again = ui.tr("gui.wrong.again");
        const ButtonStyle quiet{.look = ButtonLook::Plain, .enabled = !phone.diagnosing};
        flow.next(button_width(ui, again, quiet));
        if (button(ui, "wrong/again", again, quiet)) app.submit(core::DiagnosePhone{phone.key});
        flow.placed(ui.px(40));
        flow.end();
    });
    if (phone.hidden != device::Hidden::No) {
        ui.gap(Space::Large);
        const std::string what = "gui.hidden." + std::string(device::to_string(phone.hidden));
        const std::string about = what + ".about";
        notice(ui, Tone::Care, icon::kLock, ui.tr(what), ui.tr(about));
    }
    if (diagnosis != nullptr && !diagnosis->questions.empty()) {
        ui.gap(Space::Large);
        draw_question(app, phone.key, diagnosis->questions.front());
    }
    if (diagnosis != nullptr) {
        ui.gap(Space::Large);
        draw_diagnosis(app, *diagnosis, "wrong");
    }
    ui.gap(Space::Large);
    draw_link(app, phone);
    ui.gap(Space::Large);
    card(ui, {.look = CardLook::Low}, [&] {
        line(ui, Type::Strong, colours.text, ui.tr("gui.wrong.add"));
        ui.gap(Space::Tight);
        text(ui, Type::Body, colours.text_soft, ui.tr("gui.wrong.add_about"));
        ui.gap(Space::Medium);
        auto& words = app.draft("wrong/add");
        const std::string label = ui.tr("gui.wrong.add_button");
        const ButtonStyle style{.enabled = !words.empty()};
        const float wide = button_width(ui, label, style);
        const ImVec2 at = ui.cursor();
        field(ui, "wrong/add-text", words, ui.tr("gui.wrong.add_hint"), ui.width() - wide - ui.px(12));
        ImGui::SetCursorScreenPos({at.x + ui.width() - wide, at.y});
        if (button(ui, "wrong/add", label, style)) {
            app.submit(core::AddEvidence{phone.key, {}, words});
            words.clear();
            app.toast(ui.tr("gui.toast.evidence_added"));
        }
    });
}

}  // namespace unbrick::gui
