// The log of a job: filtered, copied, newest at the end.
#include "gui/views/views.h"
#include "src/base/text.h"

namespace unbrick::gui {

namespace {

constexpr std::size_t kShown = 200;

std::string clock_of(std::chrono::system_clock::time_point when) { return date_words(when).substr(11); }

}  // namespace

void draw_log(App& app, const core::JobSnapshot& job) {
    auto& ui = app.ui;
    const auto& colours = ui.colours();
    card(ui, {}, [&] {
        bool& open = app.open("log/open");
        fold(ui, "log/fold", ui.tr("gui.log.title", {{"n", std::to_string(job.log.size())}}), open);
        if (!open) return;
        ui.gap(Space::Small);
        auto& filter = app.draft("log/filter");
        const std::string copy = ui.tr("gui.log.copy");
        const float copy_width = button_width(ui, copy, {.icon = icon::kCopy});
        const ImVec2 at = ui.cursor();
        field(ui, "log/filter", filter, ui.tr("gui.log.filter"), ui.width() - copy_width - ui.px(12));
        ImGui::SetCursorScreenPos({at.x + ui.width() - copy_width, at.y});
        const bool copy_now = button(ui, "log/copy", copy, {.icon = icon::kCopy});
        ui.gap(Space::Medium);
        std::string copied;
        const std::string wanted = base::to_lower(filter);
        ImGui::BeginChild("log-lines", {ui.width(), ui.px(240)}, false, ImGuiWindowFlags_NoBackground);
        ui.push_width(ImGui::GetContentRegionAvail().x - ui.px(8));
        std::vector<const core::LogLine*> lines;
        for (const auto& each : job.log)
            if (wanted.empty() || base::contains(base::to_lower(each.text), wanted) || base::contains(base::to_lower(each.who), wanted)) lines.push_back(&each);
        const std::size_t first = lines.size() > kShown ? lines.size() - kShown : 0;
        for (std::size_t i = 0; i < lines.size(); ++i) {
            const auto& each = *lines[i];
            if (copy_now) copied += clock_of(each.when) + "  " + each.who + "  " + each.text + "\n";
            if (i < first) continue;
            const ImVec2 place = ui.cursor();
            const float who = ui.px(148);
            paint_line(ui, place, Type::Mono, colours.text_soft, clock_of(each.when) + " " + each.who, who);
            const float height = paint_text(ui, {place.x + who, place.y}, Type::Mono, colours.text, each.text, ui.width() - who);
            ImGui::Dummy({ui.width(), height + ui.px(2)});
        }
        if (lines.empty()) text(ui, Type::Body, colours.text_soft, ui.tr("gui.log.nothing"));
        if (ImGui::GetScrollY() >= ImGui::GetScrollMaxY() - 1) ImGui::SetScrollHereY(1.0f);
        ui.pop_width();
        ImGui::EndChild();
        if (copy_now) {
            ImGui::SetClipboardText(copied.c_str());
            app.toast(ui.tr("gui.toast.copied"));
        }
    });
}

}  // namespace unbrick::gui
