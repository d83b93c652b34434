#include "gui/window/window.h"

#define GLFW_INCLUDE_NONE
#include <GL/gl.h>
#include <GLFW/glfw3.h>
#include <imgui.h>

// ImGui's include folder is on the path as imgui/ itself
#include <backends/imgui_impl_glfw.h>
#include <backends/imgui_impl_opengl3.h>

#include <algorithm>
#include <cstdlib>

#include "src/base/file.h"

#define STB_IMAGE_WRITE_STATIC
#define STB_IMAGE_WRITE_IMPLEMENTATION
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wunused-function"
#include <stb_image_write.h>
#pragma GCC diagnostic pop

namespace unbrick::gui {

namespace {

// The loop wakes at least this often; an idle window then takes under 1 % of a core (debian-suites.md).
constexpr double kIdleWait = 1.0;
// ImGui settles hovering and activation over a few frames after an input.
constexpr int kFramesAfterInput = 3;

std::string g_last_error;   // GLFW reports only through a callback without a user pointer

}  // namespace

struct Window::Shared {
    GLFWwindow* window = nullptr;
    ImGuiContext* context = nullptr;
    const WindowClient* client = nullptr;
    int frames_due = kFramesAfterInput;
    bool backend_ready = false;
    bool scale_due = false;
    unsigned long long frames = 0;

    static Shared& of(GLFWwindow* window) { return *static_cast<Shared*>(glfwGetWindowUserPointer(window)); }
    void input() { frames_due = kFramesAfterInput; }
};

base::Result<std::unique_ptr<Window>> Window::create(const WindowOptions& options) {
    glfwSetErrorCallback([](int, const char* text) { g_last_error = text; });
    if (glfwInit() == GLFW_FALSE)
        return base::fail(base::ErrorCode::HostEnvironment, "no display to open a window on (" + g_last_error + ")");
    auto shared = std::make_unique<Shared>();
    glfwWindowHint(GLFW_CONTEXT_VERSION_MAJOR, 3);
    glfwWindowHint(GLFW_CONTEXT_VERSION_MINOR, 2);
    glfwWindowHint(GLFW_OPENGL_PROFILE, GLFW_OPENGL_CORE_PROFILE);
    glfwWindowHint(GLFW_OPENGL_FORWARD_COMPAT, GLFW_TRUE);
    glfwWindowHint(GLFW_DEPTH_BITS, 0);
    glfwWindowHint(GLFW_STENCIL_BITS, 0);
    glfwWindowHint(GLFW_SCALE_TO_MONITOR, options.scale > 0 ? GLFW_FALSE : GLFW_TRUE);
    glfwWindowHintString(GLFW_X11_CLASS_NAME, "unbrick");
    shared->window = glfwCreateWindow(options.width, options.height, options.title.c_str(), nullptr, nullptr);
    if (shared->window == nullptr) {
        glfwTerminate();
        return base::fail(base::ErrorCode::HostEnvironment, "OpenGL 3.2 is not to be had here (" + g_last_error + ")");
    }
    glfwMakeContextCurrent(shared->window);
    glfwSwapInterval(1);
    auto window = std::unique_ptr<Window>(new Window(std::move(shared)));
    auto& state = *window->shared_;
    glfwSetWindowUserPointer(state.window, &state);
    IMGUI_CHECKVERSION();
    state.context = ImGui::CreateContext();
    auto& io = ImGui::GetIO();
    io.IniFilename = nullptr;
    io.LogFilename = nullptr;
    io.ConfigFlags |= ImGuiConfigFlags_NavEnableKeyboard;
    io.ConfigInputTextCursorBlink = false;   // a blinking cursor would keep an idle window drawing
    // Our own callbacks, so that every input draws, and so that Tab walks all that can be used (ImGui 1.86
    // stops only at fields).
    auto* glfw = state.window;
    glfwSetWindowFocusCallback(glfw, [](GLFWwindow* w, int on) { Shared::of(w).input(); ImGui_ImplGlfw_WindowFocusCallback(w, on); });
    glfwSetCursorEnterCallback(glfw, [](GLFWwindow* w, int in) { Shared::of(w).input(); ImGui_ImplGlfw_CursorEnterCallback(w, in); });
    glfwSetMouseButtonCallback(glfw, [](GLFWwindow* w, int b, int a, int m) { Shared::of(w).input(); ImGui_ImplGlfw_MouseButtonCallback(w, b, a, m); });
    glfwSetScrollCallback(glfw, [](GLFWwindow* w, double x, double y) { Shared::of(w).input(); ImGui_ImplGlfw_ScrollCallback(w, x, y); });
    glfwSetCharCallback(glfw, [](GLFWwindow* w, unsigned c) { Shared::of(w).input(); ImGui_ImplGlfw_CharCallback(w, c); });
    glfwSetCursorPosCallback(glfw, [](GLFWwindow* w, double x, double y) {
        Shared::of(w).input();
#if IMGUI_VERSION_NUM >= 18700
        ImGui_ImplGlfw_CursorPosCallback(w, x, y);
#else
        (void)x;
        (void)y;
#endif
    });
    glfwSetKeyCallback(glfw, [](GLFWwindow* w, int key, int code, int action, int mods) {
        auto& shared_state = Shared::of(w);
        shared_state.input();
        if (key == GLFW_KEY_TAB && (mods & GLFW_MOD_CONTROL) == 0) {
            if (action != GLFW_RELEASE && shared_state.client) shared_state.client->tab_pressed((mods & GLFW_MOD_SHIFT) != 0 ? -1 : 1);
            return;
        }
        ImGui_ImplGlfw_KeyCallback(w, key, code, action, mods);
    });
    glfwSetWindowRefreshCallback(glfw, [](GLFWwindow* w) { Shared::of(w).input(); });
    glfwSetFramebufferSizeCallback(glfw, [](GLFWwindow* w, int, int) { Shared::of(w).input(); });
    glfwSetWindowContentScaleCallback(glfw, [](GLFWwindow* w, float, float) { Shared::of(w).input(); Shared::of(w).scale_due = true; });
    glfwSetDropCallback(glfw, [](GLFWwindow* w, int count, const char** paths) {
        auto& shared_state = Shared::of(w);
        shared_state.input();
        if (shared_state.client) shared_state.client->files_dropped({paths, paths + count});
    });
    ImGui_ImplGlfw_InitForOpenGL(state.window, /*install_callbacks=*/false);
    if (!ImGui_ImplOpenGL3_Init("#version 150"))
        return base::fail(base::ErrorCode::HostEnvironment, "OpenGL 3.2 does not work here");
    state.backend_ready = true;
    return window;
}

Window::Window(std::unique_ptr<Shared> shared) : shared_(std::move(shared)) {}

Window::~Window() {
    if (shared_->backend_ready) ImGui_ImplOpenGL3_Shutdown();
    if (shared_->context != nullptr) {
        ImGui_ImplGlfw_Shutdown();
        ImGui::DestroyContext(shared_->context);
    }
    glfwDestroyWindow(shared_->window);
    glfwTerminate();
}

void Window::run(const WindowClient& client) {
    auto& state = *shared_;
    state.client = &client;
    client.scale_changed(monitor_scale());
    bool fonts_due = true;
    double next_at = 0;
    while (!glfwWindowShouldClose(state.window)) {
        if (state.frames_due > 0) glfwPollEvents();
        else glfwWaitEventsTimeout(std::clamp(next_at - glfwGetTime(), 0.001, kIdleWait));
        if (client.frame_needed()) state.frames_due = std::max(state.frames_due, 1);
        if (glfwGetTime() >= next_at) state.frames_due = std::max(state.frames_due, 1);
        if (state.frames_due == 0 || glfwGetWindowAttrib(state.window, GLFW_ICONIFIED) != 0) continue;
        --state.frames_due;
        if (state.scale_due) client.scale_changed(monitor_scale());
        if (std::exchange(state.scale_due, false) || client.fonts_wanted() || fonts_due) {
#if IMGUI_VERSION_NUM < 19200
            ImGui_ImplOpenGL3_DestroyFontsTexture();
            ImGui_ImplOpenGL3_CreateFontsTexture();
            ImGui::GetIO().Fonts->ClearTexData();   // it is in the texture now
#endif
            fonts_due = false;
        }
        ImGui_ImplOpenGL3_NewFrame();
        ImGui_ImplGlfw_NewFrame();
        ImGui::NewFrame();
        client.draw();
        ImGui::Render();
        int width = 0, height = 0;
        glfwGetFramebufferSize(state.window, &width, &height);
        glViewport(0, 0, width, height);
        glClearColor(0, 0, 0, 1);
        glClear(GL_COLOR_BUFFER_BIT);
        ImGui_ImplOpenGL3_RenderDrawData(ImGui::GetDrawData());
        client.frame_done(++state.frames);
        glfwSwapBuffers(state.window);
        next_at = glfwGetTime() + client.next_frame_in();
    }
    state.client = nullptr;
}

void Window::close() { glfwSetWindowShouldClose(shared_->window, GLFW_TRUE); }
void Window::set_title(const std::string& title) { glfwSetWindowTitle(shared_->window, title.c_str()); }
void Window::wake() { glfwPostEmptyEvent(); }

float Window::monitor_scale() const {
    float x = 1, y = 1;
    glfwGetWindowContentScale(shared_->window, &x, &y);
    return std::clamp(x, 0.5f, 4.0f);
}

std::string Window::renderer() const { return reinterpret_cast<const char*>(glGetString(GL_RENDERER)); }

std::vector<unsigned char> Window::pixels(int& width, int& height) const {
    glfwGetFramebufferSize(shared_->window, &width, &height);
    const auto row = static_cast<std::size_t>(width) * 3;
    std::vector<unsigned char> from_bottom(row * static_cast<std::size_t>(height));
    glPixelStorei(GL_PACK_ALIGNMENT, 1);
    glReadPixels(0, 0, width, height, GL_RGB, GL_UNSIGNED_BYTE, from_bottom.data());
    std::vector<unsigned char> from_top(from_bottom.size());
    for (std::size_t y = 0; y < static_cast<std::size_t>(height); ++y)
        std::copy_n(from_bottom.begin() + static_cast<std::ptrdiff_t>((static_cast<std::size_t>(height) - 1 - y) * row), row,
                    from_top.begin() + static_cast<std::ptrdiff_t>(y * row));
    return from_top;
}

base::Status Window::save_png(const std::string& path) const {
    int width = 0, height = 0;
    const auto image = pixels(width, height);
    std::string file;
    const int ok = stbi_write_png_to_func(
        [](void* into, void* data, int size) { static_cast<std::string*>(into)->append(static_cast<const char*>(data), static_cast<std::size_t>(size)); },
        &file, width, height, 3, image.data(), width * 3);
    if (ok == 0) return base::fail(base::ErrorCode::Io, path + ": the picture cannot be made");
    return base::write_file_atomically(path, file);
}

}  // namespace unbrick::gui
