// Settings: looks, language, motion, sound, restore engine; and what this program is.
#include "gui/views/views.h"

namespace unbrick::gui {

namespace {

void setting(Ui& ui, const std::string& name, const std::string& about, const std::function<void()>& control) {
    line(ui, Type::Strong, ui.colours().text, name);
    if (!about.empty()) {
        ui.gap(Space::Hair);
        text(ui, Type::Body, ui.colours().text_soft, about);
    }
    ui.gap(Space::Small);
    control();
    ui.gap(Space::Large);
}

}  // namespace

void draw_settings(App& app) {
    auto& ui = app.ui;
    auto& settings = app.settings;
    draw_view_title(app, ui.tr("gui.settings.title"), {});
    bool changed = false;
    card(ui, {}, [&] {
        setting(ui, ui.tr("gui.settings.theme"), {}, [&] {
            changed |= segments(ui, "settings/theme", {{"light", ui.tr("gui.settings.light")}, {"dark", ui.tr("gui.settings.dark")}}, settings.theme);
        });
        setting(ui, ui.tr("gui.settings.scale"), {}, [&] {
            changed |= segments(ui, "settings/scale",
                                {{"auto", ui.tr("gui.settings.scale_auto")}, {"100", "100 %"}, {"125", "125 %"}, {"150", "150 %"}, {"200", "200 %"}}, settings.scale);
        });
        setting(ui, ui.tr("gui.settings.language"), {}, [&] {
            changed |= segments(ui, "settings/language", {{"", ui.tr("gui.settings.language_auto")}, {"en", "English"}, {"de", "Deutsch"}}, settings.language);
        });
        changed |= checkbox(ui, "settings/motion", ui.tr("gui.settings.motion"), settings.reduced_motion);
        ui.gap(Space::Small);
        changed |= checkbox(ui, "settings/sound", ui.tr("gui.settings.sound"), settings.sound);
    });
    ui.gap(Space::Large);
    card(ui, {}, [&] {
        setting(ui, ui.tr("gui.settings.engine"), ui.tr("gui.settings.engine_about"), [&] {
            changed |= segments(ui, "settings/engine", {{"own", ui.tr("gui.settings.engine_own")}, {"idevicerestore", "idevicerestore"}}, settings.engine);
        });
    });
    ui.gap(Space::Large);
    card(ui, {.look = CardLook::Low}, [&] {
        line(ui, Type::Strong, ui.colours().text, ui.tr("gui.settings.about"));
        ui.gap(Space::Tight);
        text(ui, Type::Body, ui.colours().text_soft, ui.tr("gui.settings.about_text", {{"version", app.knowledge.version()}, {"digest", app.knowledge.digest()}}));
        ui.gap(Space::Small);
        text(ui, Type::Body, ui.colours().text_soft, ui.tr("gui.settings.reader"));
        for (const auto& error : app.knowledge.load_errors()) {
            ui.gap(Space::Small);
            notice(ui, Tone::Danger, icon::kWarning, {}, error);
        }
    });
    if (changed) app.settings_changed();
}

}  // namespace unbrick::gui
