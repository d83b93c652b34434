#include <algorithm>
#include <numeric>

#include "gui/widgets/ui.h"

namespace unbrick::gui {

void card(Ui& ui, const CardStyle& style, const std::function<void()>& content) {
    const auto& colours = ui.colours();
    const float padding = ui.px(style.padding);
    const float width = ui.width();
    const ImVec2 start = ui.cursor();
    auto* list = ImGui::GetWindowDrawList();
    ImDrawListSplitter layers;
    layers.Split(list, 2);
    layers.SetCurrentChannel(list, 1);
    ImGui::SetCursorScreenPos({start.x + padding, start.y + padding});
    ImGui::BeginGroup();
    ui.push_width(width - 2 * padding);
    content();
    ui.pop_width();
    ImGui::EndGroup();
    const ImVec2 end{start.x + width, ImGui::GetItemRectMax().y + padding};
    layers.SetCurrentChannel(list, 0);
    const float rounding = ui.px(12);
    const auto& tone = colours.tone(style.tone);
    if (style.look == CardLook::Plain) {
        list->AddRectFilled({start.x, start.y + ui.px(1)}, {end.x, end.y + ui.px(2)}, colours.shadow, rounding);
        list->AddRectFilled(start, end, colours.surface, rounding);
        list->AddRect(start, end, colours.border, rounding, 0, std::max(1.0f, ui.px(1)));
    } else {
        list->AddRectFilled(start, end, style.look == CardLook::Low ? colours.surface_low : tone.soft, rounding);
    }
    if (style.edge) {
        list->PushClipRect(start, {start.x + ui.px(4), end.y}, true);
        list->AddRectFilled(start, {start.x + 2 * rounding, end.y}, tone.strong, rounding);
        list->PopClipRect();
    }
    layers.Merge(list);
    ImGui::SetCursorScreenPos(start);
    ImGui::Dummy({width, end.y - start.y});
}

void columns(Ui& ui, std::initializer_list<float> shares, Space between, const std::vector<std::function<void()>>& contents, float least) {
    const float whole = ui.width();
    const float gap = ui.px(between);
    const float sum = std::accumulate(shares.begin(), shares.end(), 0.0f);
    const float room = whole - gap * static_cast<float>(contents.size() - 1);
    const float smallest = std::min(shares) / sum * room;
    if (smallest < ui.px(least)) {
        for (std::size_t i = 0; i < contents.size(); ++i) {
            if (i > 0) ui.gap(between);
            contents[i]();
        }
        return;
    }
    const ImVec2 start = ui.cursor();
    float x = start.x;
    float bottom = start.y;
    const float* share = shares.begin();
    for (const auto& content : contents) {
        const float width = *share++ / sum * room;
        ImGui::SetCursorScreenPos({x, start.y});
        ImGui::BeginGroup();
        ui.push_width(width);
        content();
        ui.pop_width();
        ImGui::EndGroup();
        bottom = std::max(bottom, ImGui::GetItemRectMax().y);
        x += width + gap;
    }
    ImGui::SetCursorScreenPos(start);
    ImGui::Dummy({whole, bottom - start.y});
}

Flow::Flow(Ui& ui, Space between) : ui_(ui), between_(ui.px(between)), start_(ui.cursor()) {}

void Flow::next(float width) {
    if (!first_ && x_ + width > ui_.width()) {
        start_.y += row_height_ + between_;
        x_ = 0;
        row_height_ = 0;
    }
    first_ = false;
    ImGui::SetCursorScreenPos({start_.x + x_, start_.y});
    x_ += width + between_;
}

void Flow::placed(float height) { row_height_ = std::max(row_height_, height); }

void Flow::end() {
    ImGui::SetCursorScreenPos(start_);
    ImGui::Dummy({ui_.width(), row_height_});
}

void rule(Ui& ui) {
    const ImVec2 at = ui.cursor();
    ImGui::GetWindowDrawList()->AddLine(at, {at.x + ui.width(), at.y}, ui.colours().border, std::max(1.0f, ui.px(1)));
    ImGui::Dummy({ui.width(), ui.px(1)});
}

}  // namespace unbrick::gui
