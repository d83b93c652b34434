#include "gui/theme/theme.h"

#include <cmath>
#include <filesystem>
#include <initializer_list>

#include "gui/theme/icons.h"

namespace unbrick::gui {

namespace {

constexpr const char* kFonts = "/usr/share/fonts/truetype/";

// Latin for the languages of the catalogue and for names of phones; punctuation and signs of our texts.
constexpr ImWchar kTextRanges[] = {0x20, 0x7e, 0xa0, 0x17f, 0x2010, 0x2027, 0x2030, 0x203a, 0x20ac, 0x20ac, 0x2122, 0x2122, 0};
constexpr ImWchar kSignRanges[] = {0x2190, 0x2193, 0x2212, 0x2212, 0x2248, 0x2248, 0x2264, 0x2265, 0x2713, 0x2713, 0xfffd, 0xfffd, 0};
constexpr ImWchar kMonoRanges[] = {0x20, 0x7e, 0xa0, 0xff, 0x2010, 0x2014, 0x2018, 0x201d, 0x2026, 0x2026, 0x2192, 0x2192, 0};

std::array<ImWchar, 2 * std::size(icon::kCodePoints) + 1> icon_ranges() {
    std::array<ImWchar, 2 * std::size(icon::kCodePoints) + 1> ranges{};
    std::size_t at = 0;
    for (const auto point : icon::kCodePoints) {
        ranges[at++] = point;
        ranges[at++] = point;
    }
    return ranges;
}

const char* first_present(std::initializer_list<const char*> names, std::string& path) {
    for (const char* name : names) {
        path = std::string(kFonts) + name;
        std::error_code error;
        if (std::filesystem::exists(path, error)) return path.c_str();
    }
    return nullptr;
}

struct FaceRecipe {
    Type type;
    float size;        // ImGui's size is ascent to descent: about 1.17 of the em for Roboto
    float leading;     // line to line, as a part of size
    bool medium;
    bool mono;
};

constexpr FaceRecipe kRecipes[] = {
    {Type::Caption, 15.0f, 1.14f, false, false}, {Type::Body, 17.0f, 1.20f, false, false}, {Type::Strong, 17.0f, 1.20f, true, false},
    {Type::Heading, 21.0f, 1.16f, true, false},  {Type::Title, 29.0f, 1.12f, true, false}, {Type::Mono, 16.0f, 1.18f, false, true},
};

}  // namespace

void Theme::load_fonts(float scale) {
    scale_ = scale;
    auto& atlas = *ImGui::GetIO().Fonts;
    atlas.Clear();
    static const auto icons = icon_ranges();   // the atlas keeps the pointer
    icons_ok_ = false;
    for (const auto& recipe : kRecipes) {
        const float size = std::round(recipe.size * scale);
        ImFontConfig config;
        config.OversampleH = 2;
        config.OversampleV = 1;
        config.PixelSnapH = false;
        std::string path;
        const char* main = recipe.mono     ? first_present({"jetbrains-mono/JetBrainsMono-Regular.ttf", "dejavu/DejaVuSansMono.ttf"}, path)
                           : recipe.medium ? first_present({"roboto/unhinted/RobotoTTF/Roboto-Medium.ttf", "dejavu/DejaVuSans-Bold.ttf"}, path)
                                           : first_present({"roboto/unhinted/RobotoTTF/Roboto-Regular.ttf", "dejavu/DejaVuSans.ttf"}, path);
        ImFont* font = nullptr;
        if (main != nullptr) font = atlas.AddFontFromFileTTF(main, size, &config, recipe.mono ? kMonoRanges : kTextRanges);
        if (font == nullptr) {
            ImFontConfig plain;
            plain.SizePixels = std::round(13.0f * scale);
            font = atlas.AddFontDefault(&plain);
        }
        if (!recipe.mono) {
            config.MergeMode = true;
            if (const char* signs = first_present({"dejavu/DejaVuSans.ttf"}, path))
                atlas.AddFontFromFileTTF(signs, std::round(size * 0.92f), &config, kSignRanges);
            config.GlyphOffset.y = std::round(size * 0.06f);
            if (const char* glyphs = first_present({"fork-awesome/forkawesome-webfont.ttf"}, path)) {
                atlas.AddFontFromFileTTF(glyphs, std::round(size * 0.95f), &config, icons.data());
                icons_ok_ = true;
            }
        }
        faces_[static_cast<std::size_t>(recipe.type)] = {font, size, std::round(size * recipe.leading)};
    }
    ImGui::GetIO().FontDefault = faces_[static_cast<std::size_t>(Type::Body)].font;
}

void Theme::use(const Palette& palette) {
    palette_ = &palette;
    auto& style = ImGui::GetStyle();
    style = ImGuiStyle{};
    palette.dark ? ImGui::StyleColorsDark(&style) : ImGui::StyleColorsLight(&style);
    style.WindowPadding = {0, 0};
    style.WindowBorderSize = 0;
    style.ChildBorderSize = 0;
    style.PopupBorderSize = 1;
    style.FrameBorderSize = 1;
    style.FrameRounding = px(8);
    style.PopupRounding = px(8);
    style.FramePadding = {px(12), px(9)};
    style.ItemSpacing = {0, 0};
    style.ItemInnerSpacing = {px(8), px(4)};
    style.ScrollbarSize = px(10);
    style.ScrollbarRounding = px(5);
    style.GrabRounding = px(4);
    auto set = [&](ImGuiCol index, Colour colour) { style.Colors[index] = ImGui::ColorConvertU32ToFloat4(colour); };
    set(ImGuiCol_Text, palette.text);
    set(ImGuiCol_TextDisabled, palette.text_soft);
    set(ImGuiCol_WindowBg, palette.window);
    set(ImGuiCol_ChildBg, rgb(0, 0));
    set(ImGuiCol_PopupBg, palette.surface);
    set(ImGuiCol_Border, palette.border_strong);
    set(ImGuiCol_FrameBg, palette.surface);
    set(ImGuiCol_FrameBgHovered, palette.surface);
    set(ImGuiCol_FrameBgActive, palette.surface);
    set(ImGuiCol_ScrollbarBg, rgb(0, 0));
    set(ImGuiCol_ScrollbarGrab, faded(palette.border_strong, 0.45f));
    set(ImGuiCol_ScrollbarGrabHovered, faded(palette.border_strong, 0.7f));
    set(ImGuiCol_ScrollbarGrabActive, palette.border_strong);
    set(ImGuiCol_TextSelectedBg, faded(palette.accent, 0.3f));
    set(ImGuiCol_NavHighlight, rgb(0, 0));   // views draw their own focus ring
    set(ImGuiCol_NavWindowingHighlight, rgb(0, 0));
}

void push_face(const Face& face) {
#if IMGUI_VERSION_NUM >= 19200
    ImGui::PushFont(face.font, face.size);
#else
    ImGui::PushFont(face.font);
#endif
}

void pop_face() { ImGui::PopFont(); }

}  // namespace unbrick::gui
