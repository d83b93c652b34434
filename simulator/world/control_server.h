// The control socket of a world: one JSON object a line in, one out (docs/architecture.md, "A rehearsal").
#pragma once

#include <filesystem>
#include <functional>
#include <memory>

#include "src/base/json.h"
#include "src/base/result.h"

namespace unbrick::simulator {

class ControlServer {
public:
    // `handle` is called from the connections' threads, one line at a time each.
    using Handler = std::function<base::Json(const base::Json&)>;
    static base::Result<std::unique_ptr<ControlServer>> start(const std::filesystem::path& socket, Handler handle);
    // Ends every connection; `handle` is not running afterwards.
    ~ControlServer();

private:
    struct State;
    explicit ControlServer(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace unbrick::simulator
