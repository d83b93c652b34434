// What is on the screen now, by id: tests drive the real window with it, and the Tab key walks it.
#pragma once

#include <imgui.h>

#include <string>
#include <string_view>
#include <vector>

namespace unbrick::gui {

struct ScreenItem {
    std::string id;
    ImVec2 min, max;
    bool enabled = true;
    bool visible = true;     // inside its scrolling area
    bool focused = false;
};

struct Overflow {
    std::string text;
    float needed = 0;
    float room = 0;
};

class ItemRegistry {
public:
    // Texts and overflows are only kept when somebody will ask (tests).
    void keep_texts(bool keep) { keep_texts_ = keep; }
    // Text that is cut on purpose (a glimpse of an entry) is no overflow.
    void pause_overflow(bool pause) { overflow_paused_ = pause; }
    void begin_frame();
    // Call right after the ImGui item that `id` names.
    void add(std::string_view id, bool enabled = true);
    void add_text(std::string_view text);
    void add_overflow(std::string_view text, float needed, float room);

    // The next frame scrolls to that item / moves the keyboard focus by one (+1, -1).
    void reveal(std::string id) { reveal_ = std::move(id); }
    void move_focus(int step) { move_ = step; }

    const std::vector<ScreenItem>& items() const { return items_; }
    const std::vector<std::string>& texts() const { return texts_; }
    const std::vector<Overflow>& overflows() const { return overflows_; }
    bool wants_frame() const { return !reveal_.empty() || move_ != 0 || !focus_.empty(); }

private:
    bool keep_texts_ = false;
    bool overflow_paused_ = false;
    std::vector<ScreenItem> items_;
    std::vector<std::string> texts_;
    std::vector<Overflow> overflows_;
    std::string reveal_;
    std::string focus_;
    int move_ = 0;
};

}  // namespace unbrick::gui
