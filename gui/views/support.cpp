// Support mode: a plan for a phone that is somewhere else. The operator reads aloud, ticks, and writes down
// what is heard; the notes can be handed to a colleague and printed.
#include <fmt/core.h>

#include "gui/views/views.h"
#include "src/base/file.h"
#include "src/base/text.h"

namespace unbrick::gui {

namespace {

struct Script {
    std::string id, title;
    std::vector<std::pair<std::string, std::string>> steps;   // id and words
};

Script script_of(App& app, const std::string& id) {
    auto& ui = app.ui;
    const auto& document = app.knowledge.document("plans/" + id);
    Script script;
    script.id = id;
    recovery::Plan plan;
    plan.id = id;
    script.title = plan_title(ui, plan);
    for (const auto& step : base::json_at(document, "steps")) {
        const std::string step_id = base::json_string(step, "id").value_or("");
        const std::string key = base::json_string(step, "text").value_or("");
        script.steps.emplace_back(step_id, ui.has(key) ? ui.tr(key) : step_id);
    }
    return script;
}

// The notes as JSON, so that a colleague's window (and `unbrick follow`) opens them, and as text for the printer.
base::OrderedJson notes_json(App& app, const Script& script) {
    base::OrderedJson notes{{"kind", "unbrick-support-notes"}, {"plan", script.id}, {"operator", app.draft("support/operator")},
                            {"ticket", app.draft("support/ticket")}, {"consent", app.draft("support/consent")}};
    notes["steps"] = base::OrderedJson::array();
    for (const auto& [id, words] : script.steps)
        notes["steps"].push_back({{"id", id}, {"text", words}, {"done", app.open("support/" + script.id + "/" + id)}, {"heard", app.draft("support/heard/" + script.id + "/" + id)}});
    return notes;
}

std::string notes_text(App& app, const Script& script) {
    auto& ui = app.ui;
    std::string out = script.title + "\n\n" + ui.tr("gui.support.operator") + ": " + app.draft("support/operator") + "\n" + ui.tr("gui.support.ticket") + ": " +
                      app.draft("support/ticket") + "\n" + ui.tr("gui.support.consent") + ": " + app.draft("support/consent") + "\n\n";
    int number = 0;
    for (const auto& [id, words] : script.steps) {
        out += fmt::format("[{}] {}. {}\n", app.open("support/" + script.id + "/" + id) ? "x" : " ", ++number, words);
        if (const auto& heard = app.draft("support/heard/" + script.id + "/" + id); !heard.empty()) out += "       " + heard + "\n";
    }
    return out;
}

bool take_notes(App& app, const std::string& path, std::string& problem) {
    const auto notes = base::load_json(path);
    if (!notes || base::json_string(*notes, "kind") != "unbrick-support-notes") {
        problem = notes ? path : notes.error().message();
        return false;
    }
    app.draft("support/plan") = base::json_string(*notes, "plan").value_or("");
    for (const char* name : {"operator", "ticket", "consent"}) app.draft(std::string("support/") + name) = base::json_string(*notes, name).value_or("");
    for (const auto& step : base::json_at(*notes, "steps")) {
        const std::string id = app.draft("support/plan") + "/" + base::json_string(step, "id").value_or("");
        app.open("support/" + id) = base::json_bool(step, "done").value_or(false);
        app.draft("support/heard/" + id) = base::json_string(step, "heard").value_or("");
    }
    return true;
}

void choose(App& app) {
    auto& ui = app.ui;
    const auto& colours = ui.colours();
    card(ui, {}, [&] {
        line(ui, Type::Strong, colours.text, ui.tr("gui.support.choose"));
        ui.gap(Space::Small);
        for (const auto& name : app.knowledge.documents_in("plans")) {
            const std::string id = name.substr(name.rfind('/') == std::string::npos ? 0 : name.rfind('/') + 1);
            recovery::Plan plan;
            plan.id = id;
            const float height = ui.px(40);
            const ImVec2 at = ui.cursor();
            const auto press = press_area(ui, "support/plan/" + id, {ui.width(), height});
            if (press.hovered) ImGui::GetWindowDrawList()->AddRectFilled(at, {at.x + ui.width(), at.y + height}, faded(colours.border, 0.45f), ui.px(8));
            paint_line(ui, {at.x + ui.px(12), at.y + ui.px(10)}, Type::Body, colours.text, plan_title(ui, plan), ui.width() - ui.px(24));
            if (press.clicked) {
                app.draft("support/plan") = id;
                app.scroll_to_top();
            }
        }
    });
    ui.gap(Space::Large);
    card(ui, {.look = CardLook::Low}, [&] {
        line(ui, Type::Strong, colours.text, ui.tr("gui.support.take"));
        ui.gap(Space::Small);
        auto& path = app.draft("support/take-path");
        auto& problem = app.draft("support/problem");
        field(ui, "support/take-path", path, ui.tr("gui.support.take_hint"));
        ui.gap(Space::Small);
        if (button(ui, "support/take", ui.tr("gui.support.take_go"), {.icon = icon::kFolder, .enabled = !path.empty()}) && take_notes(app, path, problem)) problem.clear();
        if (!problem.empty()) {
            ui.gap(Space::Small);
            notice(ui, Tone::Danger, icon::kWarning, ui.tr("gui.support.not_notes"), problem);
        }
    });
}

}  // namespace

void draw_support(App& app) {
    auto& ui = app.ui;
    const auto& colours = ui.colours();
    draw_view_title(app, ui.tr("gui.support.title"), ui.tr("gui.support.about"));
    auto& chosen = app.draft("support/plan");
    if (chosen.empty()) {
        choose(app);
        return;
    }
    const auto script = script_of(app, chosen);
    card(ui, {}, [&] {
        columns(ui, {1, 1}, Space::Large,
                {[&] {
                     line(ui, Type::Caption, colours.text_soft, ui.tr("gui.support.operator"));
                     field(ui, "support/operator", app.draft("support/operator"), ui.tr("gui.support.operator_hint"));
                 },
                 [&] {
                     line(ui, Type::Caption, colours.text_soft, ui.tr("gui.support.ticket"));
                     field(ui, "support/ticket", app.draft("support/ticket"), ui.tr("gui.support.ticket_hint"));
                 }},
                220);
        ui.gap(Space::Medium);
        line(ui, Type::Caption, colours.text_soft, ui.tr("gui.support.consent"));
        field(ui, "support/consent", app.draft("support/consent"), ui.tr("gui.support.consent_hint"));
    });
    ui.gap(Space::Large);
    card(ui, {}, [&] {
        text(ui, Type::Heading, colours.text, script.title);
        ui.gap(Space::Tight);
        text(ui, Type::Body, colours.text_soft, plan_summary(ui, script.id));
        ui.gap(Space::Large);
        line(ui, Type::Caption, colours.text_soft, ui.tr("gui.support.read"));
        ui.gap(Space::Small);
        for (const auto& [id, words] : script.steps) {
            const std::string key = "support/" + script.id + "/" + id;
            checkbox(ui, key, words, app.open(key));
            const ImVec2 at = ui.cursor();
            ImGui::SetCursorScreenPos({at.x + ui.px(32), at.y + ui.px(4)});
            field(ui, "support/heard/" + script.id + "/" + id, app.draft("support/heard/" + script.id + "/" + id), ui.tr("gui.support.heard"), ui.width() - ui.px(32));
            ui.gap(Space::Medium);
        }
        if (script.steps.empty()) text(ui, Type::Body, colours.text_soft, ui.tr("gui.plans.by_hand"));
    });
    ui.gap(Space::Large);
    const auto folder = base::state_folder() / "support";
    const std::string stem = "notes-" + (app.draft("support/ticket").empty() ? std::string("x") : base::to_hex(base::as_bytes(app.draft("support/ticket"))).substr(0, 12)) + "-" + script.id;
    auto save = [&](const std::string& ending, const std::string& content) {
        const auto file = folder / (stem + ending);
        auto written = base::make_directories(folder);
        if (written) written = base::write_file_atomically(file, content);
        app.toast(written ? ui.tr("gui.toast.saved", {{"path", file.string()}}) : written.error().message());
    };
    Flow flow(ui, Space::Medium);
    const std::string hand = ui.tr("gui.support.hand_over");
    flow.next(button_width(ui, hand, {.icon = icon::kUser}));
    if (button(ui, "support/hand-over", hand, {.icon = icon::kUser})) save(".json", base::dump_json(notes_json(app, script), 2) + "\n");
    flow.placed(ui.px(40));
    const std::string print = ui.tr("gui.support.print");
    flow.next(button_width(ui, print, {.icon = icon::kPrint}));
    if (button(ui, "support/print", print, {.icon = icon::kPrint})) save(".txt", notes_text(app, script));
    flow.placed(ui.px(40));
    const std::string other = ui.tr("gui.support.other");
    flow.next(button_width(ui, other, {.look = ButtonLook::Quiet}));
    if (button(ui, "support/other", other, {.look = ButtonLook::Quiet})) chosen.clear();
    flow.placed(ui.px(40));
    flow.end();
}

}  // namespace unbrick::gui
