// Afterwards: what was done, what changed, what to watch, the report.
#include "gui/views/views.h"
#include "src/base/file.h"

namespace unbrick::gui {

namespace {

bool came_back(const std::string& outcome) { return outcome == "normal-stable" || outcome == "done"; }

}  // namespace

void draw_after(App& app, const core::PhoneSnapshot& phone) {
    auto& ui = app.ui;
    const auto& colours = ui.colours();
    if (phone.job == nullptr) {
        draw_doing(app, phone);
        return;
    }
    const auto& job = *phone.job;
    const bool good = job.state == core::JobState::Done && came_back(job.outcome);
    const Tone tone = good ? Tone::Good : job.state == core::JobState::Failed ? Tone::Danger : Tone::Care;
    card(ui, {.tone = tone, .edge = true}, [&] {
        const char* title = good                                          ? "gui.after.back"
                            : job.state == core::JobState::Cancelled      ? "gui.after.cancelled"
                            : job.state == core::JobState::Failed         ? "gui.after.failed"
                                                                          : "gui.after.ended";
        bullet(ui, Type::Heading, colours.tone(tone).strong, good ? icon::kCheck : icon::kInfo, ui.texts->get(title));
        ui.gap(Space::Small);
        if (!job.outcome_text.empty()) text(ui, Type::Body, colours.text, job.outcome_text);
        if (!job.error.empty()) {
            ui.gap(Space::Small);
            text(ui, Type::Mono, colours.text_soft, job.error);
        }
        if (!good) {
            ui.gap(Space::Large);
            Flow flow(ui, Space::Medium);
            const std::string next = ui.tr("gui.after.next");
            flow.next(button_width(ui, next, {.look = ButtonLook::Primary, .icon = icon::kRight}));
            if (button(ui, "after/next", next, {.look = ButtonLook::Primary, .icon = icon::kRight})) app.go(Tab::Plans);
            flow.placed(ui.px(40));
            const std::string again = ui.tr("gui.wrong.again");
            flow.next(button_width(ui, again, {}));
            if (button(ui, "after/again", again)) {
                app.submit(core::DiagnosePhone{phone.key});
                app.go(Tab::Wrong);
            }
            flow.placed(ui.px(40));
            flow.end();
        }
    });
    ui.gap(Space::Large);
    columns(ui, {1, 1}, Space::Large,
            {[&] {
                 card(ui, {}, [&] {
                     line(ui, Type::Strong, colours.text, ui.tr("gui.after.done"));
                     ui.gap(Space::Small);
                     for (const auto& step : job.steps) {
                         using State = core::StepSnapshot::State;
                         const bool done = step.state == State::Done;
                         const char* glyph = done ? icon::kCheck : step.state == State::Failed ? icon::kCross : icon::kMinus;
                         bullet(ui, Type::Body, done ? colours.text : colours.text_soft, glyph, step.text.empty() ? step.id : step.text,
                                done ? colours.good.strong : step.state == State::Failed ? colours.danger.strong : colours.text_soft);
                         ui.gap(Space::Tight);
                     }
                 });
             },
             [&] {
                 card(ui, {}, [&] {
                     line(ui, Type::Strong, colours.text, ui.tr("gui.after.watch"));
                     ui.gap(Space::Small);
                     if (good) {
                         bullet(ui, Type::Body, colours.text, icon::kEye, ui.tr("gui.after.watch_restart"), colours.text_soft);
                         ui.gap(Space::Tight);
                         bullet(ui, Type::Body, colours.text, icon::kDownload, ui.tr("gui.after.watch_backup"), colours.text_soft);
                         ui.gap(Space::Tight);
                         bullet(ui, Type::Body, colours.text, icon::kUndo, ui.tr("gui.after.watch_data"), colours.text_soft);
                     } else {
                         bullet(ui, Type::Body, colours.text, icon::kPlug, ui.tr("gui.after.watch_leave"), colours.text_soft);
                         ui.gap(Space::Tight);
                         bullet(ui, Type::Body, colours.text, icon::kHistory, ui.tr("gui.after.watch_resume"), colours.text_soft);
                     }
                 });
             }},
            260);
    ui.gap(Space::Large);
    card(ui, {}, [&] {
        line(ui, Type::Strong, colours.text, ui.tr("gui.report.title"));
        ui.gap(Space::Tight);
        text(ui, Type::Body, colours.text_soft, ui.tr("gui.report.about"));
        ui.gap(Space::Medium);
        auto& path = app.draft("report/path", (base::state_folder() / ("report-" + (job.case_id.empty() ? job.id : job.case_id) + ".html")).string());
        field(ui, "report/path", path, ui.tr("gui.report.path"));
        ui.gap(Space::Small);
        bool& show = app.open("report/show");
        checkbox(ui, "report/show", ui.tr("gui.report.show"), show);
        ui.gap(Space::Medium);
        if (button(ui, "report/write", ui.tr("gui.report.write"), {.icon = icon::kFile, .enabled = !path.empty()})) {
            app.submit(core::WriteReport{job.case_id, path, show});
            app.toast(ui.tr("gui.toast.report", {{"path", path}}));
        }
    });
    ui.gap(Space::Large);
    draw_log(app, job);
}

}  // namespace unbrick::gui
