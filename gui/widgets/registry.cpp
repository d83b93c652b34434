#include "gui/widgets/registry.h"

#include <imgui_internal.h>

#include <algorithm>

namespace unbrick::gui {

namespace {

void focus_last_item() {
    auto& context = *ImGui::GetCurrentContext();
    auto* window = ImGui::GetCurrentWindow();
    ImGui::ClearActiveID();
    ImGui::SetFocusID(ImGui::GetItemID(), window);
#if IMGUI_VERSION_NUM >= 19140
    context.NavCursorVisible = true;
    context.NavHighlightItemUnderNav = true;
#else
    context.NavDisableHighlight = false;
    context.NavDisableMouseHover = true;
#endif
}

}  // namespace

void ItemRegistry::begin_frame() {
    if (move_ != 0 && !items_.empty()) {
        std::vector<const ScreenItem*> usable;
        for (const auto& item : items_)
            if (item.enabled) usable.push_back(&item);
        const auto now = std::find_if(usable.begin(), usable.end(), [](const auto* item) { return item->focused; });
        const int count = static_cast<int>(usable.size());
        if (count > 0) {
            const int at = now == usable.end() ? (move_ > 0 ? -1 : 0) : static_cast<int>(now - usable.begin());
            focus_ = usable[static_cast<std::size_t>((at + move_ + count) % count)]->id;
        }
    }
    move_ = 0;
    items_.clear();
    texts_.clear();
    overflows_.clear();
}

void ItemRegistry::add(std::string_view id, bool enabled) {
    if (id == focus_ || id == reveal_) {
        if (!ImGui::IsItemVisible() || id == reveal_) ImGui::SetScrollHereY(0.5f);
        if (id == focus_ && enabled) focus_last_item();
        if (id == focus_) focus_.clear();
        if (id == reveal_) reveal_.clear();
    }
    items_.push_back({std::string(id), ImGui::GetItemRectMin(), ImGui::GetItemRectMax(), enabled, ImGui::IsItemVisible(),
                      ImGui::IsItemFocused()});
}

void ItemRegistry::add_text(std::string_view text) {
    if (keep_texts_) texts_.emplace_back(text);
}

void ItemRegistry::add_overflow(std::string_view text, float needed, float room) {
    if (keep_texts_ && !overflow_paused_ && needed > room + 1) overflows_.push_back({std::string(text), needed, room});
}

}  // namespace unbrick::gui
