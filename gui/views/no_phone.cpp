// No phone appears: a short guided check, one thing after the other.
#include "gui/views/views.h"

namespace unbrick::gui {

void draw_no_phone(App& app) {
    auto& ui = app.ui;
    const auto& colours = ui.colours();
    draw_view_title(app, ui.tr("gui.no_phone.title"), ui.tr("gui.no_phone.about"));
    if (!app.snapshot->phones.empty()) {
        notice(ui, Tone::Good, icon::kCheck, ui.tr("gui.no_phone.there"), ui.tr("gui.no_phone.there_about"));
        ui.gap(Space::Large);
    }
    for (const auto& [id, words] : app.snapshot->host_findings) {
        notice(ui, Tone::Care, icon::kWarning, ui.tr("gui.no_phone.computer"), words);
        ui.gap(Space::Medium);
    }
    struct Check {
        const char* id;
        const char* glyph;
        const char* title;
        const char* about;
    };
    static constexpr Check kChecks[] = {{"cable", icon::kPlug, "gui.no_phone.cable", "gui.no_phone.cable_about"},
                                        {"port", icon::kUsb, "gui.no_phone.port", "gui.no_phone.port_about"},
                                        {"power", icon::kBolt, "gui.no_phone.power", "gui.no_phone.power_about"},
                                        {"buttons", icon::kPhone, "gui.no_phone.buttons", "gui.no_phone.buttons_about"},
                                        {"permission", icon::kLock, "gui.no_phone.permission", "gui.no_phone.permission_about"},
                                        {"service", icon::kCog, "gui.no_phone.service", "gui.no_phone.service_about"}};
    card(ui, {}, [&] {
        bool first_open = true;
        for (const auto& check : kChecks) {
            const std::string id = std::string("no-phone/") + check.id;
            bool& done = app.open(id);
            checkbox(ui, id, ui.texts->get(check.title), done);
            if (!done && first_open) {
                const ImVec2 at = ui.cursor();
                const float indent = ui.px(32);
                const float height = paint_text(ui, {at.x + indent, at.y}, Type::Body, colours.text_soft, ui.texts->get(check.about), ui.width() - indent);
                ImGui::Dummy({ui.width(), height + ui.px(6)});
                first_open = false;
            }
            ui.gap(Space::Small);
        }
        if (first_open) {
            ui.gap(Space::Small);
            notice(ui, Tone::Care, icon::kWrench, ui.tr("gui.no_phone.all"), ui.tr("gui.no_phone.all_about"));
        }
    });
}

}  // namespace unbrick::gui
