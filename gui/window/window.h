// The seam to the desktop: one GLFW window with OpenGL 3.2 and an ImGui context in it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "src/base/result.h"

struct GLFWwindow;

namespace unbrick::gui {

class Ui;

struct WindowOptions {
    std::string title;
    int width = 1280;
    int height = 800;
    float scale = 0;         // 0: that of the monitor
};

// What the window calls, all on its own thread.
struct WindowClient {
    std::function<void()> draw;                                        // one frame, between NewFrame and Render
    std::function<void(float monitor_scale)> scale_changed;            // bake the fonts anew
    std::function<bool()> fonts_wanted;                                // the client changed the scale itself
    std::function<double()> next_frame_in;                             // seconds until it must be drawn again
    std::function<bool()> frame_needed;                                // something changed that was not an input
    std::function<void(std::vector<std::string>)> files_dropped;
    std::function<void(int step)> tab_pressed;
    std::function<void(unsigned long long frames)> frame_done;         // after the swap
};

class Window {
public:
    // Errors: HostEnvironment when there is no display, or no OpenGL 3.2 on it.
    static base::Result<std::unique_ptr<Window>> create(const WindowOptions& options);
    ~Window();

    // Returns when the window is closed. Sleeps in the event loop: at most kIdleWait, and nothing is drawn
    // unless an event, wake() or the client's clock asks for it.
    void run(const WindowClient& client);
    void close();
    void set_title(const std::string& title);
    float monitor_scale() const;
    std::string renderer() const;
    // From any thread: the loop looks at the client again.
    static void wake();
    // What was drawn last, as RGB rows from the top.
    std::vector<unsigned char> pixels(int& width, int& height) const;
    // Errors: Io.
    base::Status save_png(const std::string& path) const;

private:
    struct Shared;
    explicit Window(std::unique_ptr<Shared> shared);
    std::unique_ptr<Shared> shared_;
};

}  // namespace unbrick::gui
