// What every view draws with: the theme, the texts, the registry, and a column of known width in which
// things follow one another from top to bottom. Lives for the whole run; used by the window's thread only.
#pragma once

#include <imgui.h>

#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gui/theme/icons.h"
#include "gui/theme/theme.h"
#include "gui/widgets/registry.h"
#include "src/knowledge/texts.h"

namespace unbrick::gui {

class Ui {
public:
    Theme theme;
    ItemRegistry registry;
    const knowledge::Texts* texts = nullptr;
    bool reduced_motion = false;

    std::string tr(std::string_view key, std::initializer_list<std::pair<std::string_view, std::string>> values = {}) const {
        return texts->get(key, values);
    }
    bool has(std::string_view key) const { return texts->has(key); }

    const Palette& colours() const { return theme.colours(); }
    float px(float length) const { return theme.px(length); }
    float px(Space space) const { return theme.px(space); }

    // The present column. Its height grows with what is drawn in it.
    ImVec2 cursor() const { return ImGui::GetCursorScreenPos(); }
    float width() const { return columns_.empty() ? ImGui::GetContentRegionAvail().x : columns_.back(); }
    void push_width(float width) { columns_.push_back(width); }
    void pop_width() { columns_.pop_back(); }
    void gap(Space space) { gap(px(space)); }
    void gap(float pixels) { ImGui::Dummy({0, pixels}); }

    // Asks for another frame within this time; 0 for the next. Forgotten after each frame.
    void wake_in(double seconds) { if (seconds < wake_in_) wake_in_ = seconds; }
    double take_wake() { return std::exchange(wake_in_, 1e9); }
    // For moving pictures: 10 frames a second, 1 with reduced motion.
    void animate() { wake_in(reduced_motion ? 1.0 : 0.1); }
    double time() const { return ImGui::GetTime(); }

private:
    std::vector<float> columns_;
    double wake_in_ = 1e9;
};

// Text. `wrapped` in the column; `line` on one line, cut with an ellipsis when `room` (0: the column) is short.
float text(Ui& ui, Type type, Colour colour, std::string_view text);
void line(Ui& ui, Type type, Colour colour, std::string_view text, float room = 0);
// The same painted somewhere, without moving the cursor. Returns the height or the width used.
float paint_text(Ui& ui, ImVec2 at, Type type, Colour colour, std::string_view text, float width);
float paint_line(Ui& ui, ImVec2 at, Type type, Colour colour, std::string_view text, float room = 0);
float line_width(const Ui& ui, Type type, std::string_view text);
float text_height(Ui& ui, Type type, std::string_view text, float width);

// Boxes that grow with their content.
enum class CardLook { Plain, Low, Tinted };
struct CardStyle {
    CardLook look = CardLook::Plain;
    Tone tone = Tone::Neutral;
    Space padding = Space::Wide;
    bool edge = false;       // a bar of the tone's colour at the left
};
void card(Ui& ui, const CardStyle& style, const std::function<void()>& content);
// Side by side; widths are shares of the column; they fold under one another when narrower than `least` each.
void columns(Ui& ui, std::initializer_list<float> shares, Space between, const std::vector<std::function<void()>>& contents,
             float least = 0);
// Things of different widths in a row that continues on the next line: call `flow_next` before each.
class Flow {
public:
    explicit Flow(Ui& ui, Space between = Space::Small);
    void next(float width);   // puts the cursor where an item of that width goes
    void placed(float height);
    void end();

private:
    Ui& ui_;
    float between_, x_ = 0, row_height_ = 0;
    ImVec2 start_;
    bool first_ = true;
};
void rule(Ui& ui);

// Buttons. Each has an id that is unique on the screen.
enum class ButtonLook { Primary, Plain, Quiet, Danger };
struct ButtonStyle {
    ButtonLook look = ButtonLook::Plain;
    const char* icon = nullptr;
    bool enabled = true;
    float width = 0;         // 0: as wide as its label
};
float button_width(const Ui& ui, std::string_view label, const ButtonStyle& style);
bool button(Ui& ui, std::string_view id, std::string_view label, const ButtonStyle& style = {});
// An invisible area of that size at the cursor that can be clicked and focused; the caller paints it.
struct Press {
    bool clicked = false, hovered = false, held = false;
};
Press press_area(Ui& ui, std::string_view id, ImVec2 size, bool enabled = true, float rounding = 8);
bool checkbox(Ui& ui, std::string_view id, std::string_view label, bool& value);
// One of several, side by side.
bool segments(Ui& ui, std::string_view id, const std::vector<std::pair<std::string, std::string>>& choices, std::string& chosen);
// A row that opens and closes what is below it. Returns whether it is open.
bool fold(Ui& ui, std::string_view id, std::string_view label, bool& open, const std::function<void(ImVec2, float)>& right = {});
bool field(Ui& ui, std::string_view id, std::string& value, std::string_view hint, float width = 0);
bool area(Ui& ui, std::string_view id, std::string& value, float height, bool read_only = false);

// Small signs.
float pill_width(const Ui& ui, std::string_view label, const char* icon);
void pill(Ui& ui, Tone tone, const char* icon, std::string_view label);
void paint_pill(Ui& ui, ImVec2 at, Tone tone, const char* icon, std::string_view label);
float pill_height(const Ui& ui);
// A sentence with its icon in a tinted box.
void notice(Ui& ui, Tone tone, const char* icon, std::string_view title, std::string_view body = {});
// An icon and a text beside it, the text wrapped.
void bullet(Ui& ui, Type type, Colour colour, const char* icon, std::string_view text, Colour icon_colour = 0);

void paint_bar(Ui& ui, ImVec2 at, ImVec2 size, float part, Colour fill);
void paint_spinner(Ui& ui, ImVec2 centre, float radius, Colour colour);
void paint_ring(Ui& ui, ImVec2 centre, float radius, float thickness, float part, Colour colour, Colour ground);

}  // namespace unbrick::gui
