#include "gui/app.h"

#include <spawn.h>
#include <sys/wait.h>

#include <algorithm>
#include <cmath>

#include "gui/views/views.h"
#include "src/base/file.h"
#include "src/base/log.h"
#include "src/base/text.h"

extern char** environ;

namespace unbrick::gui {

namespace {

constexpr float kSidebarWidth = 304;
constexpr float kContentWidth = 900;

struct ViewName {
    std::string_view name;
    Section section;
    Tab tab;
};
constexpr ViewName kViews[] = {
    {"wrong", Section::Phone, Tab::Wrong},          {"plans", Section::Phone, Tab::Plans},
    {"doing", Section::Phone, Tab::Doing},          {"after", Section::Phone, Tab::After},
    {"no-phone", Section::NoPhone, Tab::Wrong},     {"log-file", Section::LogFile, Tab::Wrong},
    {"knowledge", Section::Knowledge, Tab::Wrong},  {"cases", Section::Cases, Tab::Wrong},
    {"rehearsals", Section::Rehearsals, Tab::Wrong}, {"support", Section::Support, Tab::Wrong},
    {"settings", Section::Settings, Tab::Wrong},
};

bool ended(core::JobState state) {
    return state == core::JobState::Done || state == core::JobState::Failed || state == core::JobState::Cancelled;
}

}  // namespace

base::Result<std::unique_ptr<App>> App::create(const AppOptions& options) {
    auto app = std::unique_ptr<App>(new App);
    app->options = options;
    UB_TRY(app->knowledge, knowledge::Knowledge::load(options.knowledge));
    app->settings = Settings::load(options.settings_file);
    if (!options.theme.empty()) app->settings.theme = options.theme;
    app->load_texts();
    app->ui.texts = &app->texts_;
    app->snapshot = std::make_shared<core::AppSnapshot>();
    return app;
}

void App::load_texts() {
    const std::string language = !options.language.empty()    ? options.language
                                 : !settings.language.empty() ? settings.language
                                                              : knowledge::Texts::preferred_language(options.knowledge);
    auto texts = knowledge::Texts::load(options.knowledge, language);
    if (!texts) {
        base::log::warning("window", "texts: {}", texts.error().message());
        texts = knowledge::Texts::load(options.knowledge, "en");
    }
    if (texts) texts_ = *texts;
    knowledge_index_.reset();
    rehearsals_.reset();
    title_ = texts_.get("gui.app.title");
}

void App::apply_settings() {
    ui.reduced_motion = settings.reduced_motion;
    ui.theme.use(settings.theme == "dark" ? dark_palette() : light_palette());
}

void App::scale_changed(float monitor_scale) {
    monitor_scale_ = monitor_scale;
    float scale = options.scale > 0 ? options.scale : monitor_scale;
    if (options.scale <= 0)
        if (const auto percent = base::parse_int(settings.scale)) scale = static_cast<float>(*percent) / 100;
    ui.theme.load_fonts(std::clamp(scale, 0.75f, 3.0f));
    apply_settings();
}

bool App::take_fonts_wanted() {
    if (!std::exchange(fonts_wanted_, false)) return false;
    scale_changed(monitor_scale_);
    return true;
}

void App::settings_changed() {
    settings.save(options.settings_file);
    options.scale = 0;
    options.language.clear();
    load_texts();
    fonts_wanted_ = true;
    ui.wake_in(0);
}

bool App::snapshot_changed() const { return workbench_ != nullptr && workbench_->snapshot() != snapshot; }

const core::PhoneSnapshot* App::phone() const {
    if (!selected) return nullptr;
    for (const auto& phone : snapshot->phones)
        if (phone->key == *selected) return phone.get();
    return nullptr;
}

void App::select(const core::PhoneSnapshot& phone) {
    selected = phone.key;
    section = Section::Phone;
    tab = phone.job == nullptr ? Tab::Wrong : ended(phone.job->state) ? Tab::After : Tab::Doing;
    scroll_to_top_ = true;
}

void App::go(Section wanted) {
    section = wanted;
    scroll_to_top_ = true;
    ui.wake_in(0);
}

void App::go(Tab wanted) {
    tab = wanted;
    section = Section::Phone;
    scroll_to_top_ = true;
    ui.wake_in(0);
}

// Keeps the choice on the same phone: its key grows an ECID once that is known, and its job moves the view on.
void App::follow_phone() {
    if (selected && phone() == nullptr) {
        const auto port = selected->port;
        const auto same = std::find_if(snapshot->phones.begin(), snapshot->phones.end(), [&](const auto& other) {
            return (selected->ecid && other->key.ecid == selected->ecid) || (!selected->ecid && other->key.port == port);
        });
        if (same == snapshot->phones.end()) selected.reset();
        else selected = (*same)->key;
    }
    if (!selected && !snapshot->phones.empty()) {
        const auto section_before = section;
        select(*snapshot->phones.front());
        section = section_before;
    }
    for (const auto& phone : snapshot->phones) {
        if (phone->job == nullptr) continue;
        const auto before = seen_jobs_.find(phone->job->id);
        const bool is_new = before == seen_jobs_.end();
        const bool just_ended = !is_new && !ended(before->second) && ended(phone->job->state);
        if (selected == phone->key && section == Section::Phone) {
            if (is_new && !ended(phone->job->state)) go(Tab::Doing);
            if (just_ended) go(Tab::After);
        }
        seen_jobs_[phone->job->id] = phone->job->state;
    }
}

bool App::open_view(std::string_view name) {
    for (const auto& view : kViews) {
        if (view.name != name) continue;
        section = view.section;
        tab = view.tab;
        return true;
    }
    return false;
}

std::string App::view_name() const {
    if (section == Section::Phone && phone() == nullptr) return "empty";
    for (const auto& view : kViews)
        if (view.section == section && (section != Section::Phone || view.tab == tab)) return std::string(view.name);
    return {};
}

void App::take_files(const std::vector<std::string>& files) {
    std::vector<std::filesystem::path> paths(files.begin(), files.end());
    const auto* at = section == Section::Phone ? phone() : nullptr;
    if (at != nullptr) {
        submit(core::AddEvidence{at->key, std::move(paths), {}});
        go(Tab::Wrong);
        toast(texts_.get("gui.toast.evidence_added"));
    } else {
        submit(core::DiagnoseText{std::move(paths), {}, {}, {}, {}});
        go(Section::LogFile);
    }
}

void App::toast(std::string text) {
    toast_ = std::move(text);
    toast_until_ = ui.time() + 4;
}

std::string App::start_program(const std::vector<std::string>& arguments) {
    const auto program = base::program_folder() / "unbrick";
    std::vector<std::string> words{program.string()};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> argv;
    for (auto& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);   // it outlives this window
    pid_t child = 0;
    const int failed = posix_spawn(&child, program.c_str(), nullptr, &attributes, argv.data(), environ);
    posix_spawnattr_destroy(&attributes);
    if (failed == 0) children_.push_back(child);
    return failed == 0 ? std::string() : program.string() + ": " + std::generic_category().message(failed);
}

const std::vector<Rehearsal>& App::rehearsals() {
    if (rehearsals_) return *rehearsals_;
    rehearsals_.emplace();
    std::error_code error;
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(base::program_folder() / "scenarios", error))
        if (entry.path().extension() == ".json") files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    for (const auto& file : files) {
        const auto document = base::load_json(file);
        if (!document || !document->is_object() || file.stem() == "schema") continue;
        Rehearsal rehearsal;
        rehearsal.id = base::json_string(*document, "id").value_or(file.stem().string());
        auto words = [&](const char* part) {
            const std::string key = "rehearsal." + rehearsal.id + "." + part;
            if (texts_.has(key)) return texts_.get(key);
            const auto own = base::json_string(*document, part);
            return own ? (texts_.has(*own) ? texts_.get(*own) : *own) : std::string();
        };
        rehearsal.title = words("title");
        rehearsal.summary = words("story");
        if (rehearsal.title.empty()) {
            rehearsal.title = base::replace_all(rehearsal.id, "-", " ");
            if (!rehearsal.title.empty()) rehearsal.title[0] = base::to_upper(rehearsal.title.substr(0, 1))[0];
        }
        rehearsals_->push_back(std::move(rehearsal));
    }
    return *rehearsals_;
}

KnowledgeIndex& App::knowledge_index() {
    if (knowledge_index_ == nullptr) knowledge_index_ = std::make_unique<KnowledgeIndex>(knowledge, texts_);
    return *knowledge_index_;
}

void App::draw() {
    std::erase_if(children_, [](int child) { return ::waitpid(child, nullptr, WNOHANG) != 0; });
    if (workbench_ != nullptr) snapshot = workbench_->snapshot();
    follow_phone();
    for (const auto& notice : snapshot->notices)
        if (notice.number > seen_notice_) {
            seen_notice_ = notice.number;
            toast(notice.text);
        }
    ui.registry.begin_frame();
    const auto& io = ImGui::GetIO();
    const auto& colours = ui.colours();
    const float banner = snapshot->rehearsal ? rehearsal_banner_height(*this) : 0;

    ImGui::SetNextWindowPos({0, 0});
    ImGui::SetNextWindowSize(io.DisplaySize);
    constexpr ImGuiWindowFlags kPlain = ImGuiWindowFlags_NoDecoration | ImGuiWindowFlags_NoMove | ImGuiWindowFlags_NoSavedSettings |
                                        ImGuiWindowFlags_NoBringToFrontOnFocus | ImGuiWindowFlags_NoScrollWithMouse;
    ImGui::Begin("unbrick", nullptr, kPlain);
    if (snapshot->rehearsal) draw_rehearsal_banner(*this, io.DisplaySize.x);

    const float narrow = std::min(ui.px(kSidebarWidth), io.DisplaySize.x * 0.36f);
    ImGui::SetCursorPos({0, banner});
    ImGui::GetWindowDrawList()->AddRectFilled({0, banner}, {narrow, io.DisplaySize.y}, colours.sidebar);
    ImGui::BeginChild("side", {narrow, io.DisplaySize.y - banner}, false, ImGuiWindowFlags_NoBackground | ImGuiWindowFlags_NoScrollWithMouse);
    draw_sidebar(*this);
    ImGui::EndChild();

    ImGui::SetCursorPos({narrow, banner});
    ImGui::BeginChild("main", {io.DisplaySize.x - narrow, io.DisplaySize.y - banner}, false, ImGuiWindowFlags_NoBackground);
    if (std::exchange(scroll_to_top_, false)) ImGui::SetScrollY(0);
    const float room = io.DisplaySize.x - narrow - ui.px(10);
    const float width = std::min(ui.px(kContentWidth), room - 2 * ui.px(Space::Huge));
    ImGui::SetCursorPos({std::floor((room - width) / 2), ui.px(28)});
    ImGui::BeginGroup();
    ui.push_width(width);
    switch (section) {
        case Section::Phone:
            if (const auto* at = phone()) {
                draw_phone_header(*this, *at);
                switch (tab) {
                    case Tab::Wrong: draw_wrong(*this, *at); break;
                    case Tab::Plans: draw_plans(*this, *at); break;
                    case Tab::Doing: draw_doing(*this, *at); break;
                    case Tab::After: draw_after(*this, *at); break;
                }
            } else {
                draw_empty(*this);
            }
            break;
        case Section::NoPhone: draw_no_phone(*this); break;
        case Section::LogFile: draw_log_file(*this); break;
        case Section::Knowledge: draw_knowledge(*this); break;
        case Section::Cases: draw_cases(*this); break;
        case Section::Rehearsals: draw_rehearsals(*this); break;
        case Section::Support: draw_support(*this); break;
        case Section::Settings: draw_settings(*this); break;
    }
    ui.gap(Space::Huge);
    ui.pop_width();
    ImGui::EndGroup();
    ImGui::EndChild();

    if (!toast_.empty() && ui.time() < toast_until_) {
        auto* list = ImGui::GetForegroundDrawList();
        const auto& face = ui.theme.face(Type::Body);
        const float most = std::min(ui.px(640), io.DisplaySize.x - narrow - ui.px(64));
        const ImVec2 size = face.font->CalcTextSizeA(face.size, 1e9f, most, toast_.c_str());
        const ImVec2 min{narrow + (io.DisplaySize.x - narrow - size.x) / 2 - ui.px(20), io.DisplaySize.y - size.y - ui.px(52)};
        list->AddRectFilled(min, {min.x + size.x + ui.px(40), min.y + size.y + ui.px(28)}, colours.text, ui.px(10));
        list->AddText(face.font, face.size, {min.x + ui.px(20), min.y + ui.px(14)}, colours.surface, toast_.c_str(), nullptr, most);
        ui.registry.add_text(toast_);
        ui.wake_in(toast_until_ - ui.time());
    }
    ImGui::End();
    if (ui.registry.wants_frame()) ui.wake_in(0);
}

}  // namespace unbrick::gui
