// Made-up snapshots for developers to look at the views with, and for the tests of layouts. No phone, real or
// virtual, is behind them: the window says so on every screen (`unbrick-window --demo NAME`).
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "src/core/workbench.h"

namespace unbrick::gui {

// Errors: NotFound for a name that is not in demo_names().
base::Result<std::unique_ptr<core::Workbench>> make_demo(std::string_view name);
std::vector<std::string> demo_names();

}  // namespace unbrick::gui
