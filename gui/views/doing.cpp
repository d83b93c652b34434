// Doing it: the four things that are always on screen, the steps, the link, the log.
#include <algorithm>

#include "gui/views/views.h"

namespace unbrick::gui {

namespace {

using State = core::StepSnapshot::State;

void four_things(App& app, const core::JobSnapshot& job) {
    auto& ui = app.ui;
    const auto& colours = ui.colours();
    const core::StepSnapshot* step = job.current < job.steps.size() ? &job.steps[job.current] : nullptr;
    auto thing = [&](const char* glyph, const std::string& name, const std::string& value, const std::string& small) {
        bullet(ui, Type::Caption, colours.text_soft, glyph, name);
        ui.gap(Space::Tight);
        text(ui, Type::Body, colours.text, value);
        if (!small.empty()) {
            ui.gap(Space::Hair);
            text(ui, Type::Caption, colours.text_soft, small);
        }
    };
    std::string time = ui.tr("gui.doing.time_none"), usual;
    if (step != nullptr) {
        time = ui.tr("gui.doing.time", {{"elapsed", clock_words(step->elapsed)}});
        if (step->usual.count() > 0) usual = ui.tr("gui.doing.usual", {{"usual", duration_words(ui, step->usual)}, {"longest", duration_words(ui, step->longest)}});
    }
    card(ui, {}, [&] {
        columns(ui, {1, 1}, Space::Wide,
                {[&] { thing(icon::kPhone, ui.tr("gui.doing.now"), job.doing.empty() ? ui.tr("gui.doing.starting") : job.doing, {}); },
                 [&] { thing(icon::kClock, ui.tr("gui.doing.so_far"), time, usual); }},
                200);
        ui.gap(Space::Large);
        rule(ui);
        ui.gap(Space::Large);
        columns(ui, {1, 1}, Space::Wide,
                {[&] { thing(icon::kStop, ui.tr("gui.doing.if_stopped"), job.if_stopped.empty() ? ui.tr("gui.doing.if_stopped_unknown") : job.if_stopped, {}); },
                 [&] {
                     thing(icon::kComment, ui.tr("gui.doing.last_words"), job.last_words.empty() ? ui.tr("gui.doing.silent") : job.last_words, {});
                 }},
                200);
    });
}

void step_list(App& app, const core::JobSnapshot& job) {
    auto& ui = app.ui;
    const auto& colours = ui.colours();
    auto* list = ImGui::GetWindowDrawList();
    const float radius = ui.px(10);
    for (std::size_t i = 0; i < job.steps.size(); ++i) {
        const auto& step = job.steps[i];
        const ImVec2 at = ui.cursor();
        const ImVec2 dot{at.x + radius, at.y + ui.px(12)};
        const bool now = step.state == State::Running;
        const float indent = ui.px(34);
        const std::string words = step.text.empty() ? step.id : step.text;
        std::string right;
        if (step.state == State::Running && step.fraction >= 0) right = percent_words(step.fraction);
        else if (step.state == State::Done && step.elapsed.count() > 0) right = clock_words(step.elapsed);
        else if (step.state == State::Failed) right = ui.tr("gui.doing.failed");
        else if (step.state == State::Skipped) right = ui.tr("gui.doing.skipped");
        const float right_width = right.empty() ? 0 : line_width(ui, Type::Caption, right) + ui.px(12);
        float height = paint_text(ui, {at.x + indent, at.y + ui.px(2)}, now ? Type::Strong : Type::Body,
                                  step.state == State::Todo || step.state == State::Skipped ? colours.text_soft : colours.text, words,
                                  ui.width() - indent - right_width);
        if (!right.empty())
            paint_line(ui, {at.x + ui.width() - right_width + ui.px(12), at.y + ui.px(3)}, Type::Caption, step.state == State::Failed ? colours.danger.strong : colours.text_soft, right);
        if (now && step.fraction >= 0) {
            paint_bar(ui, {at.x + indent, at.y + height + ui.px(8)}, {ui.width() - indent, ui.px(8)}, static_cast<float>(step.fraction), colours.accent);
            height += ui.px(18);
        }
        const float total = std::max(height + ui.px(4), 2 * radius) + ui.px(10);
        if (i + 1 < job.steps.size())
            list->AddLine({dot.x, dot.y + radius + ui.px(2)}, {dot.x, at.y + total + ui.px(1)}, colours.border, ui.px(2));
        auto mark = [&](const char* glyph, const TonePair& pair) {
            list->AddCircleFilled(dot, radius, pair.soft, 32);
            if (ui.theme.icons_ok())
                paint_line(ui, {dot.x - line_width(ui, Type::Caption, glyph) / 2, dot.y - ui.theme.face(Type::Caption).line / 2}, Type::Caption, pair.strong, glyph);
        };
        switch (step.state) {
            case State::Todo: list->AddCircle(dot, radius - ui.px(2), colours.border_strong, 32, ui.px(1.5f)); break;
            case State::Skipped: list->AddCircle(dot, radius - ui.px(2), colours.border, 32, ui.px(1.5f)); break;
            case State::Done: mark(icon::kCheck, colours.good); break;
            case State::Failed: mark(icon::kCross, colours.danger); break;
            case State::Running: paint_spinner(ui, dot, radius - ui.px(2), colours.accent); break;
        }
        ImGui::SetCursorScreenPos(at);
        ImGui::Dummy({ui.width(), total});
    }
}

void speed(App& app, const core::PhoneSnapshot& phone, const core::JobSnapshot& job) {
    auto& ui = app.ui;
    if (job.bytes_per_second < 0) return;
    const std::string limit = phone.link.speed.empty() ? ui.tr("gui.link.speed_unknown") : phone.link.speed;
    text(ui, Type::Caption, ui.colours().text_soft, ui.tr("gui.doing.speed", {{"now", speed_words(ui, job.bytes_per_second)}, {"limit", limit}}));
    ui.gap(Space::Small);
}

std::string time_left(const Ui& ui, const core::JobSnapshot& job) {
    double left = 0;
    for (const auto& step : job.steps) {
        if (step.state == State::Todo) left += step.usual.count();
        if (step.state == State::Running)
            left += step.fraction > 0.05 ? step.elapsed.count() * (1 - step.fraction) / step.fraction : std::max(0.0, step.usual.count() - step.elapsed.count());
    }
    if (left < 3) return {};
    return ui.tr("gui.doing.left", {{"time", duration_words(ui, std::chrono::duration<double>(left))}});
}

}  // namespace

void draw_doing(App& app, const core::PhoneSnapshot& phone) {
    auto& ui = app.ui;
    const auto& colours = ui.colours();
    if (phone.job == nullptr) {
        card(ui, {}, [&] {
            line(ui, Type::Heading, colours.text, ui.tr("gui.doing.nothing"));
            ui.gap(Space::Tight);
            text(ui, Type::Body, colours.text_soft, ui.tr("gui.doing.nothing_about"));
        });
        return;
    }
    const auto& job = *phone.job;
    const bool running = job.state == core::JobState::Running || job.state == core::JobState::NeedsPerson || job.state == core::JobState::Waiting;
    if (job.request && running) {
        if (job.request->kind == core::RequestKind::Buttons) draw_coach(app, phone, job, *job.request);
        else draw_request(app, phone, job, *job.request);
        ui.gap(Space::Large);
    }
    four_things(app, job);
    ui.gap(Space::Large);
    card(ui, {}, [&] {
        const ImVec2 at = ui.cursor();
        const std::string left = running ? time_left(ui, job) : std::string();
        const float left_width = line_width(ui, Type::Caption, left);
        line(ui, Type::Heading, colours.text, plan_title(ui, job.plan), ui.width() - left_width - ui.px(16));
        if (!left.empty()) paint_line(ui, {at.x + ui.width() - left_width, at.y + ui.px(5)}, Type::Caption, colours.text_soft, left);
        ui.gap(Space::Medium);
        speed(app, phone, job);
        step_list(app, job);
        if (!running) return;
        ui.gap(Space::Small);
        bool& asking = app.open("doing/cancel-asked");
        if (job.state == core::JobState::Cancelling) {
            text(ui, Type::Body, colours.text_soft, ui.tr("gui.doing.cancelling"));
        } else if (!asking) {
            if (button(ui, "doing/cancel", ui.tr("gui.doing.cancel"), {.icon = icon::kStop})) asking = true;
        } else {
            notice(ui, Tone::Care, icon::kWarning, ui.tr("gui.doing.cancel_title"), job.if_stopped.empty() ? ui.tr("gui.doing.if_stopped_unknown") : job.if_stopped);
            ui.gap(Space::Medium);
            Flow flow(ui, Space::Medium);
            const std::string stay = ui.tr("gui.doing.cancel_no");
            flow.next(button_width(ui, stay, {}));
            if (button(ui, "doing/cancel-no", stay, {.look = ButtonLook::Primary})) asking = false;
            flow.placed(ui.px(40));
            const std::string stop = ui.tr("gui.doing.cancel_yes");
            flow.next(button_width(ui, stop, {}));
            if (button(ui, "doing/cancel-yes", stop, {})) {
                app.submit(core::CancelJob{job.id});
                asking = false;
            }
            flow.placed(ui.px(40));
            flow.end();
        }
    });
    ui.gap(Space::Large);
    draw_link(app, phone);
    ui.gap(Space::Large);
    draw_log(app, job);
}

}  // namespace unbrick::gui
