// What to do: the ladder, gentlest first; the first sensible rung is open.
#include <algorithm>

#include "gui/views/views.h"

namespace unbrick::gui {

namespace {

std::chrono::seconds usual_time(const recovery::Plan& plan) {
    std::chrono::seconds sum{0};
    for (const auto& step : plan.steps) sum += step.usual;
    return sum;
}

bool needs_firmware(const recovery::Plan& plan) {
    return std::find(plan.needs.begin(), plan.needs.end(), "firmware") != plan.needs.end();
}

void facts(App& app, const recovery::Plan& plan) {
    auto& ui = app.ui;
    const auto& colours = ui.colours();
    auto fact = [&](const char* glyph, const std::string& name, const std::string& value) {
        line(ui, Type::Caption, colours.text_soft, name);
        ui.gap(Space::Hair);
        bullet(ui, Type::Body, colours.text, glyph, value, colours.text_soft);
    };
    std::string needs;
    for (const auto& need : plan.needs) {
        const std::string key = "gui.needs." + need;
        needs += (needs.empty() ? "" : ", ") + (ui.has(key) ? ui.tr(key) : need);
    }
    if (needs.empty()) needs = ui.tr("gui.needs.nothing");
    columns(ui, {1, 1, 1}, Space::Large,
            {[&] { fact(icon::kClock, ui.tr("gui.plans.time"), duration_words(ui, usual_time(plan))); },
             [&] { fact(icon::kPlug, ui.tr("gui.plans.needs"), needs); },
             [&] {
                 const auto worst = worst_risk(plan);
                 const char* way = worst == recovery::Risk::ErasesData        ? "gui.plans.way_out_erase"
                                   : worst == recovery::Risk::MeantToKeepData ? "gui.plans.way_out_update"
                                                                              : "gui.plans.way_out_any";
                 fact(icon::kUndo, ui.tr("gui.plans.way_out"), ui.texts->get(way));
             }},
            150);
}

void steps(App& app, const recovery::Plan& plan) {
    auto& ui = app.ui;
    const auto& colours = ui.colours();
    int number = 0;
    for (const auto& step : plan.steps) {
        const std::string label = std::to_string(++number) + ".  " + (ui.has(step.text_key) ? ui.tr(step.text_key) : step.id);
        const auto sign = risk_sign(ui, step.risk);
        const ImVec2 at = ui.cursor();
        const bool tell = step.risk >= recovery::Risk::MeantToKeepData;
        const float pill_room = tell ? pill_width(ui, sign.word, sign.icon) + ui.px(12) : 0;
        const float height = paint_text(ui, at, Type::Body, colours.text, label, ui.width() - pill_room);
        if (tell) paint_pill(ui, {at.x + ui.width() - pill_room + ui.px(12), at.y - ui.px(2)}, sign.tone, sign.icon, sign.word);
        ImGui::Dummy({ui.width(), std::max(height, tell ? pill_height(ui) : 0) + ui.px(5)});
    }
}

void rung(App& app, const core::PhoneSnapshot& phone, const diagnostics::Rung& rung_data, const recovery::Plan* plan, std::size_t index, bool first) {
    auto& ui = app.ui;
    const auto& colours = ui.colours();
    const std::string id = "rung/" + rung_data.plan;
    bool& open = app.open(id, first);
    const auto sign = risk_sign(ui, plan != nullptr && !plan->steps.empty() ? worst_risk(*plan) : risk_of(rung_data));
    recovery::Plan named;
    named.id = rung_data.plan;
    const std::string title = plan_title(ui, plan != nullptr ? *plan : named);
    card(ui, {.padding = Space::Large, .edge = first}, [&] {
        const ImVec2 at = ui.cursor();
        const float height = ui.px(40);
        const auto press = press_area(ui, id, {ui.width(), height});
        if (press.clicked) open = !open;
        auto* list = ImGui::GetWindowDrawList();
        if (press.hovered) list->AddRectFilled(at, {at.x + ui.width(), at.y + height}, faded(colours.border, 0.35f), ui.px(8));
        const float radius = ui.px(14);
        const ImVec2 dot{at.x + ui.px(4) + radius, at.y + height / 2};
        const std::string number = std::to_string(index + 1);
        list->AddCircleFilled(dot, radius, first ? colours.accent : colours.surface_low, 32);
        paint_line(ui, {dot.x - line_width(ui, Type::Strong, number) / 2, dot.y - ui.theme.face(Type::Strong).line / 2}, Type::Strong,
                   first ? colours.on_accent : colours.text_soft, number);
        const bool locked = !rung_data.offered;
        const std::string tag = locked ? ui.tr("gui.plans.locked") : sign.word;
        const char* glyph = locked ? icon::kLock : sign.icon;
        const float tag_width = pill_width(ui, tag, glyph);
        paint_pill(ui, {at.x + ui.width() - tag_width - ui.px(4), at.y + (height - pill_height(ui)) / 2}, locked ? Tone::Neutral : sign.tone, glyph, tag);
        paint_line(ui, {at.x + ui.px(48), at.y + (height - ui.theme.face(Type::Strong).line) / 2}, Type::Strong, locked ? colours.text_soft : colours.text, title,
                   ui.width() - tag_width - ui.px(64));
        if (!open) return;
        ImGui::SetCursorScreenPos({at.x + ui.px(48), at.y + height + ui.px(6)});
        ImGui::BeginGroup();
        ui.push_width(ui.width() - ui.px(56));
        const std::string summary = plan_summary(ui, rung_data.plan);
        if (!summary.empty()) {
            text(ui, Type::Body, colours.text, summary);
            ui.gap(Space::Medium);
        }
        if (locked) {
            const std::string why = ui.has(rung_data.locked_because) ? ui.tr(rung_data.locked_because) : rung_data.locked_because;
            notice(ui, Tone::Care, icon::kLock, ui.tr("gui.plans.locked_title"), why);
        } else if (plan == nullptr || plan->steps.empty()) {
            notice(ui, Tone::Neutral, icon::kUser, {}, ui.tr("gui.plans.by_hand"));
        } else {
            facts(app, *plan);
            ui.gap(Space::Large);
            line(ui, Type::Caption, colours.text_soft, ui.tr("gui.plans.steps"));
            ui.gap(Space::Tight);
            steps(app, *plan);
            if (worst_risk(*plan) == recovery::Risk::ErasesData) {
                ui.gap(Space::Small);
                notice(ui, Tone::Danger, icon::kTrash, ui.tr("gui.plans.erase_title"), ui.tr("gui.plans.erase_about"));
            }
            ui.gap(Space::Medium);
            auto& firmware = app.draft("firmware/" + phone.key.to_string());
            if (needs_firmware(*plan)) {
                line(ui, Type::Caption, colours.text_soft, ui.tr("gui.plans.firmware"));
                ui.gap(Space::Tight);
                field(ui, id + "/firmware", firmware, ui.tr("gui.plans.firmware_hint"));
                ui.gap(Space::Medium);
            }
            const bool busy = phone.job && (phone.job->state == core::JobState::Running || phone.job->state == core::JobState::NeedsPerson ||
                                            phone.job->state == core::JobState::Waiting || phone.job->state == core::JobState::Cancelling);
            const ButtonStyle style{.look = first ? ButtonLook::Primary : ButtonLook::Plain, .icon = icon::kPlay, .enabled = !busy};
            if (button(ui, id + "/start", ui.tr("gui.plans.start"), style)) {
                base::Json inputs = base::Json::object();
                if (needs_firmware(*plan)) inputs["engine"] = app.settings.engine;
                app.submit(core::RunPlan{phone.key, plan->id, needs_firmware(*plan) ? firmware : std::string(), inputs, {}});
                app.toast(ui.tr("gui.toast.starting"));
            }
            if (plan->simulated_only) {
                ui.gap(Space::Medium);
                bullet(ui, Type::Caption, colours.text_soft, icon::kFlask, ui.tr("gui.plans.simulated"));
            }
        }
        ui.pop_width();
        ImGui::EndGroup();
    });
}

}  // namespace

void draw_plans(App& app, const core::PhoneSnapshot& phone) {
    auto& ui = app.ui;
    const auto& colours = ui.colours();
    if (phone.diagnosis == nullptr) {
        card(ui, {}, [&] {
            line(ui, Type::Heading, colours.text, ui.tr("gui.plans.waiting"));
            ui.gap(Space::Tight);
            text(ui, Type::Body, colours.text_soft, ui.tr("gui.plans.waiting_about"));
        });
        return;
    }
    const auto& diagnosis = *phone.diagnosis;
    text(ui, Type::Body, colours.text_soft, ui.tr("gui.plans.about"));
    ui.gap(Space::Large);
    const std::string first = diagnosis.plan.plan;
    for (std::size_t i = 0; i < diagnosis.ladder.size(); ++i) {
        const auto& each = diagnosis.ladder[i];
        const recovery::Plan* plan = nullptr;
        for (const auto& candidate : phone.plans)
            if (candidate.id == each.plan) plan = &candidate;
        rung(app, phone, each, plan, i, each.plan == first);
        ui.gap(Space::Medium);
    }
    if (diagnosis.ladder.empty()) notice(ui, Tone::Good, icon::kCheck, ui.tr("gui.plans.none"), ui.tr("gui.plans.none_about"));
}

}  // namespace unbrick::gui
