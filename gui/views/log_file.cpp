// I have a log or an error number: paste, type or drop a file; no phone is needed.
#include "gui/views/views.h"
#include "src/base/text.h"

namespace unbrick::gui {

void draw_log_file(App& app) {
    auto& ui = app.ui;
    const auto& colours = ui.colours();
    draw_view_title(app, ui.tr("gui.log_file.title"), ui.tr("gui.log_file.about"));
    auto& code = app.draft("log-file/code");
    auto& about = app.draft("log-file/about");
    auto& pasted = app.draft("log-file/text");
    auto& path = app.draft("log-file/path");
    card(ui, {}, [&] {
        columns(ui, {1, 1}, Space::Large,
                {[&] {
                     line(ui, Type::Strong, colours.text, ui.tr("gui.log_file.code"));
                     ui.gap(Space::Tight);
                     field(ui, "log-file/code", code, ui.tr("gui.log_file.code_hint"));
                 },
                 [&] {
                     line(ui, Type::Strong, colours.text, ui.tr("gui.log_file.device"));
                     ui.gap(Space::Tight);
                     field(ui, "log-file/about", about, ui.tr("gui.log_file.device_hint"));
                 }},
                240);
        ui.gap(Space::Large);
        line(ui, Type::Strong, colours.text, ui.tr("gui.log_file.paste"));
        ui.gap(Space::Tight);
        area(ui, "log-file/text", pasted, ui.px(140));
        ui.gap(Space::Large);
        line(ui, Type::Strong, colours.text, ui.tr("gui.log_file.file"));
        ui.gap(Space::Tight);
        field(ui, "log-file/path", path, ui.tr("gui.log_file.file_hint"));
        ui.gap(Space::Large);
        const bool any = !code.empty() || !pasted.empty() || !path.empty();
        if (button(ui, "log-file/go", ui.tr("gui.log_file.go"), {.look = ButtonLook::Primary, .icon = icon::kSearch, .enabled = any})) {
            core::DiagnoseText command;
            if (!path.empty()) command.files.emplace_back(path);
            if (!pasted.empty()) command.texts.push_back(pasted);
            for (const auto part : base::split(base::replace_all(code, " ", ","), ','))
                if (!base::trim(part).empty()) command.error_codes.emplace_back(base::trim(part));
            command.about = about;
            app.submit(std::move(command));
        }
    });
    if (app.snapshot->file_diagnosis) {
        ui.gap(Space::Large);
        draw_diagnosis(app, *app.snapshot->file_diagnosis, "log-file");
        ui.gap(Space::Large);
        const auto& diagnosis = *app.snapshot->file_diagnosis;
        if (!diagnosis.plan.plan.empty()) {
            card(ui, {}, [&] {
                line(ui, Type::Caption, colours.text_soft, ui.tr("gui.log_file.first"));
                ui.gap(Space::Tight);
                recovery::Plan plan;
                plan.id = diagnosis.plan.plan;
                text(ui, Type::Heading, colours.text, plan_title(ui, plan));
                ui.gap(Space::Tight);
                text(ui, Type::Body, colours.text, plan_summary(ui, plan.id));
                ui.gap(Space::Medium);
                const auto sign = risk_sign(ui, risk_of(diagnosis.plan));
                pill(ui, sign.tone, sign.icon, sign.word);
            });
        }
    }
}

}  // namespace unbrick::gui
