// The window's content: takes snapshots, draws the views, sends commands. Used by the window's thread only.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gui/knowledge_index.h"
#include "gui/settings.h"
#include "gui/widgets/ui.h"
#include "src/core/workbench.h"
#include "src/knowledge/knowledge.h"

namespace unbrick::gui {

enum class Section { Phone, NoPhone, LogFile, Knowledge, Cases, Rehearsals, Support, Settings };
enum class Tab { Wrong, Plans, Doing, After };

struct Rehearsal {
    std::string id, title, summary;
};

struct AppOptions {
    std::filesystem::path knowledge;
    std::filesystem::path settings_file;
    std::string language;            // empty: of the settings, else the computer's
    std::string theme;               // empty: of the settings
    float scale = 0;                 // 0: of the settings, else the monitor's
    bool drawn_phones = false;       // a developer's look at the views: no phone is there
};

class App {
public:
    // Errors: KnowledgeInvalid.
    static base::Result<std::unique_ptr<App>> create(const AppOptions& options);

    void use(core::Workbench& workbench) { workbench_ = &workbench; }
    void draw();                               // one frame
    void scale_changed(float monitor_scale);   // bakes the fonts
    bool take_fonts_wanted();                  // bakes them when the settings asked for it
    bool snapshot_changed() const;
    void take_files(const std::vector<std::string>& files);   // dropped on the window
    bool open_view(std::string_view name);     // "phones", "wrong", "plans", "settings" ...; false: no such view
    std::string view_name() const;
    const std::string& title() const { return title_; }

    // For the views.
    Ui ui;
    knowledge::Knowledge knowledge;
    Settings settings;
    AppOptions options;
    std::shared_ptr<const core::AppSnapshot> snapshot;
    Section section = Section::Phone;
    Tab tab = Tab::Wrong;
    std::optional<device::PhoneKey> selected;

    const core::PhoneSnapshot* phone() const;
    void select(const core::PhoneSnapshot& phone);
    void go(Section section);
    void go(Tab tab);
    template <class C> void submit(C command) {
        if (workbench_ != nullptr) workbench_->submit(core::Command(std::move(command)));
    }
    // What folds, drafts and ticks a view keeps between frames, by id.
    bool& open(std::string_view id, bool at_first = false) { return opened_.try_emplace(std::string(id), at_first).first->second; }
    std::string& draft(std::string_view id, std::string_view at_first = {}) {
        return drafts_.try_emplace(std::string(id), at_first).first->second;
    }
    void settings_changed();                   // keeps them and uses them from the next frame on
    std::string start_program(const std::vector<std::string>& arguments);   // "" or what went wrong
    const std::vector<Rehearsal>& rehearsals();
    KnowledgeIndex& knowledge_index();
    void scroll_to_top() { scroll_to_top_ = true; }
    void toast(std::string text);

private:
    App() = default;
    void follow_phone();
    void apply_settings();
    void load_texts();

    core::Workbench* workbench_ = nullptr;
    knowledge::Texts texts_;
    std::string title_;
    std::map<std::string, bool, std::less<>> opened_;
    std::map<std::string, std::string, std::less<>> drafts_;
    std::optional<std::vector<Rehearsal>> rehearsals_;
    std::unique_ptr<KnowledgeIndex> knowledge_index_;
    std::uint64_t seen_notice_ = 0;
    std::map<std::string, core::JobState> seen_jobs_;
    float monitor_scale_ = 1;
    bool fonts_wanted_ = false;
    bool scroll_to_top_ = false;
    std::string toast_;
    double toast_until_ = 0;
    std::vector<int> children_;   // programs of start_program(), to be reaped
};

}  // namespace unbrick::gui
