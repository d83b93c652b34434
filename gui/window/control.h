// For tests: a local socket (UNBRICK_WINDOW_CONTROL names its path) that tells what is on the screen and takes
// pictures. It reads only: clicks and keys come through the display, as a person's do.
//
// One JSON object a line, one answer a line:
//   {"dump":true}              {"frame","view","items":[{"id","x","y","w","h","enabled","visible","focused"}],"texts":[],"overflow":[]}
//   {"reveal":"<id>"}          scrolls to it
//   {"screenshot":"<file>"}    saves the next frame as PNG
//   {"quit":true}
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "src/base/file.h"
#include "src/base/json.h"
#include "src/base/result.h"

namespace unbrick::gui {

class Control {
public:
    // `wake` is called from the socket's thread when a request waits.
    static base::Result<std::unique_ptr<Control>> create(const std::string& path, std::function<void()> wake);
    ~Control();

    // For the window's thread: the request that waits, and its answer.
    std::optional<base::Json> take();
    bool waiting() const;
    void answer(const base::Json& answer);

private:
    Control() = default;
    void serve(const std::stop_token& stop);
    std::string ask(const base::Json& request, const std::stop_token& stop);

    std::string path_;
    std::function<void()> wake_;
    base::Fd listener_;
    base::Fd stop_event_;
    mutable std::mutex mutex_;
    std::condition_variable_any changed_;
    std::optional<base::Json> request_;
    std::optional<std::string> answer_;
    std::jthread thread_;
};

}  // namespace unbrick::gui
