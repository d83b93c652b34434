// What only a person can do or say: the running step waits for it.
#include "gui/views/views.h"
#include "gui/widgets/pictures.h"

namespace unbrick::gui {

namespace {

void consent(App& app, const core::PhoneSnapshot& phone, const core::JobSnapshot& job, const core::Request& request) {
    auto& ui = app.ui;
    const auto& colours = ui.colours();
    card(ui, {.tone = Tone::Danger, .edge = true}, [&] {
        bullet(ui, Type::Heading, colours.danger.strong, icon::kTrash, ui.tr("gui.consent.title", {{"phone", phone.title}}));
        ui.gap(Space::Small);
        text(ui, Type::Body, colours.text, request.text);
        ui.gap(Space::Medium);
        notice(ui, Tone::Danger, icon::kWarning, {}, ui.tr("gui.consent.about"));
        ui.gap(Space::Large);
        line(ui, Type::Caption, colours.text_soft, ui.tr("gui.consent.type"));
        ui.gap(Space::Tight);
        text(ui, Type::Mono, colours.text, request.phrase);
        ui.gap(Space::Small);
        auto& typed = app.draft("consent/" + request.id);
        field(ui, "consent/phrase", typed, ui.tr("gui.consent.hint"));
        ui.gap(Space::Large);
        Flow flow(ui, Space::Medium);
        const std::string no = ui.tr("gui.consent.no");
        flow.next(button_width(ui, no, {}));
        if (button(ui, "consent/no", no, {.look = ButtonLook::Primary})) app.submit(core::CancelJob{job.id});
        flow.placed(ui.px(40));
        const std::string yes = ui.tr("gui.consent.yes");
        const ButtonStyle danger{.look = ButtonLook::Danger, .icon = icon::kTrash, .enabled = typed == request.phrase};
        flow.next(button_width(ui, yes, danger));
        if (button(ui, "consent/yes", yes, danger)) app.submit(core::AnswerRequest{job.id, request.id, typed});
        flow.placed(ui.px(40));
        flow.end();
    });
}

}  // namespace

void draw_request(App& app, const core::PhoneSnapshot& phone, const core::JobSnapshot& job, const core::Request& request) {
    if (request.kind == core::RequestKind::Consent) {
        consent(app, phone, job, request);
        return;
    }
    auto& ui = app.ui;
    const auto& colours = ui.colours();
    card(ui, {.tone = Tone::Accent, .edge = true}, [&] {
        line(ui, Type::Caption, colours.accent_tone.strong, ui.tr("gui.request.title"));
        ui.gap(Space::Tight);
        text(ui, Type::Heading, colours.text, request.text);
        const std::string how = "gui.act." + request.act;
        if (!request.act.empty() && ui.has(how)) {
            ui.gap(Space::Tight);
            text(ui, Type::Body, colours.text_soft, ui.tr(how));
        }
        ui.gap(Space::Large);
        if (request.kind == core::RequestKind::Text) {
            auto& words = app.draft("request/" + request.id);
            field(ui, "request/text", words, ui.tr("gui.request.text_hint"));
            ui.gap(Space::Medium);
            if (button(ui, "request/send", ui.tr("gui.request.send"), {.look = ButtonLook::Primary, .enabled = !words.empty()}))
                app.submit(core::AnswerRequest{job.id, request.id, words});
            return;
        }
        if (request.choices.empty()) {
            text(ui, Type::Body, colours.text_soft, ui.tr("gui.request.watching"));
            ui.animate();
            return;
        }
        Flow flow(ui);
        bool first = true;
        for (const auto& [id, words] : request.choices) {
            const ButtonStyle style{.look = first && request.kind == core::RequestKind::Act ? ButtonLook::Primary : ButtonLook::Plain};
            const float wide = std::min(button_width(ui, words, style), ui.width());
            flow.next(wide);
            if (button(ui, "request/" + id, words, {.look = style.look, .width = wide})) app.submit(core::AnswerRequest{job.id, request.id, id});
            flow.placed(ui.px(40));
            first = false;
        }
        flow.end();
    });
}

}  // namespace unbrick::gui
