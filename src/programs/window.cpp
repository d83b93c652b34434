// unbrick-window: the window. Exit codes are base::ExitCode: 0 closed, 2 usage, 1 failed, and 9 (NoDisplay) when
// there is no display or no OpenGL 3.2, with a sentence on stderr; `unbrick` then goes on in the terminal.
#include <CLI/CLI.hpp>

#include <cstdio>
#include <cstdlib>

#include "gui/app.h"
#include "gui/demo/demo.h"
#include "gui/window/control.h"
#include "gui/window/window.h"
#include "src/base/exit_code.h"
#include "src/base/file.h"
#include "src/base/log.h"

namespace {

using namespace unbrick;

int exit_with(base::ExitCode code) { return static_cast<int>(code); }

base::Json describe(const gui::App& app, unsigned long long frame) {
    base::Json items = base::Json::array();
    for (const auto& item : app.ui.registry.items())
        items.push_back({{"id", item.id}, {"x", item.min.x}, {"y", item.min.y}, {"w", item.max.x - item.min.x}, {"h", item.max.y - item.min.y},
                         {"enabled", item.enabled}, {"visible", item.visible}, {"focused", item.focused}});
    base::Json overflow = base::Json::array();
    for (const auto& each : app.ui.registry.overflows()) overflow.push_back({{"text", each.text}, {"needed", each.needed}, {"room", each.room}});
    return {{"frame", frame}, {"view", app.view_name()}, {"items", items}, {"texts", app.ui.registry.texts()}, {"overflow", overflow}};
}

struct Arguments {
    float scale = 0;
    std::string theme, language, demo, view, screenshot;
    unsigned long long after_frames = 4;
    int width = 1280, height = 800;
};

base::Result<std::unique_ptr<core::Workbench>> make_workbench(const Arguments& arguments, const std::filesystem::path& knowledge,
                                                                const std::string& language) {
    if (!arguments.demo.empty()) return gui::make_demo(arguments.demo);
    core::WorkbenchOptions options;
    options.knowledge = knowledge;
    options.language = language;
    return core::Workbench::create(std::move(options));
}

int run(const Arguments& arguments) {
    const auto knowledge = base::knowledge_folder();
    if (!knowledge) {
        std::fprintf(stderr, "unbrick-window: %s\n", knowledge.error().message().c_str());
        return exit_with(base::ExitCode::Failed);
    }
    const gui::AppOptions options{*knowledge, base::config_folder() / "window.json", arguments.language, arguments.theme, arguments.scale,
                                  !arguments.demo.empty()};
    auto app = gui::App::create(options);
    if (!app) {
        std::fprintf(stderr, "unbrick-window: %s\n", app.error().message().c_str());
        return exit_with(base::ExitCode::Failed);
    }
    auto window = gui::Window::create({(*app)->title(), arguments.width, arguments.height, arguments.scale});
    if (!window) {
        std::fprintf(stderr, "unbrick-window: %s\n", window.error().message().c_str());
        return exit_with(base::ExitCode::NoDisplay);
    }
    auto workbench = make_workbench(arguments, *knowledge, (*app)->ui.texts->language());
    if (!workbench) {
        std::fprintf(stderr, "unbrick-window: %s\n", workbench.error().message().c_str());
        return exit_with(base::ExitCode::Failed);
    }
    auto& view = **app;
    view.use(**workbench);
    if (!arguments.view.empty() && !view.open_view(arguments.view)) {
        std::fprintf(stderr, "unbrick-window: there is no view \"%s\"\n", arguments.view.c_str());
        return exit_with(base::ExitCode::Usage);
    }
    (*workbench)->on_change([] { gui::Window::wake(); });

    std::unique_ptr<gui::Control> control;
    if (const char* path = std::getenv("UNBRICK_WINDOW_CONTROL"); path != nullptr && path[0] != '\0') {
        auto made = gui::Control::create(path, [] { gui::Window::wake(); });
        if (!made) {
            std::fprintf(stderr, "unbrick-window: %s\n", made.error().message().c_str());
            return exit_with(base::ExitCode::Failed);
        }
        control = std::move(*made);
        view.ui.registry.keep_texts(true);
    }
    std::string wanted_picture;
    auto serve = [&](unsigned long long frame) {
        if (!control) return;
        if (!wanted_picture.empty()) {
            const auto saved = (*window)->save_png(std::exchange(wanted_picture, {}));
            control->answer({{"saved", saved.has_value()}});
        }
        const auto request = control->take();
        if (!request) return;
        if (const auto id = base::json_string(*request, "reveal")) {
            view.ui.registry.reveal(*id);
            view.ui.wake_in(0);
            control->answer({{"reveal", *id}});
        } else if (const auto file = base::json_string(*request, "screenshot")) {
            wanted_picture = *file;
            view.ui.wake_in(0);
        } else if (base::json_bool(*request, "quit").value_or(false)) {
            control->answer({{"quit", true}});
            (*window)->close();
        } else {
            control->answer(describe(view, frame));
        }
    };
    gui::WindowClient client;
    client.draw = [&] { view.draw(); };
    client.scale_changed = [&](float scale) { view.scale_changed(scale); };
    client.fonts_wanted = [&] { return view.take_fonts_wanted(); };
    client.next_frame_in = [&] { return view.ui.take_wake(); };
    client.frame_needed = [&] { return view.snapshot_changed() || (control && control->waiting()); };
    client.files_dropped = [&](const std::vector<std::string>& files) { view.take_files(files); };
    client.tab_pressed = [&](int step) { view.ui.registry.move_focus(step); };
    client.frame_done = [&](unsigned long long frames) {
        if (!arguments.screenshot.empty()) {
            if (frames < arguments.after_frames) {
                view.ui.wake_in(0);
            } else {
                if (const auto saved = (*window)->save_png(arguments.screenshot); !saved)
                    std::fprintf(stderr, "unbrick-window: %s\n", saved.error().message().c_str());
                (*window)->close();
            }
        }
        serve(frames);
    };
    (*window)->run(client);
    (*workbench)->on_change([] {});
    return exit_with(base::ExitCode::Done);
}

}  // namespace

int main(int argc, char** argv) {
    Arguments arguments;
    CLI::App options("The window of unbrick.");
    options.add_option("--scale", arguments.scale, "Size of everything; 1 is normal, 2 is double (default: the monitor's)")->check(CLI::Range(0.75, 3.0));
    options.add_option("--theme", arguments.theme, "light or dark")->check(CLI::IsMember({"light", "dark"}));
    options.add_option("--language", arguments.language, "Language of the texts, for example de");
    options.add_option("--view", arguments.view, "What to open first");
    options.add_option("--width", arguments.width, "Width of the window")->check(CLI::Range(640, 7680));
    options.add_option("--height", arguments.height, "Height of the window")->check(CLI::Range(480, 4320));
    options.add_option("--screenshot", arguments.screenshot, "Save the window as a picture and end");
    options.add_option("--after-frames", arguments.after_frames, "How many frames to draw before the picture");
    options.add_option("--demo", arguments.demo, "For developers: draw made-up phones, marked as such")->group("");
    try {
        options.parse(argc, argv);
    } catch (const CLI::CallForHelp& help) {
        return options.exit(help);
    } catch (const CLI::ParseError& wrong) {
        options.exit(wrong);
        return exit_with(base::ExitCode::Usage);
    }
    base::log::start(base::log::Level::Warning, true);
    return run(arguments);
}
