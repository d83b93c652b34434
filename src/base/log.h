// Talk for developers and bug reports. Goes to stderr (stdout carries data only) and to the rotating
// file in the state folder; users read texts from knowledge/, not this.
#pragma once

#include <fmt/core.h>

#include <string_view>

namespace unbrick::base::log {

enum class Level { Trace, Debug, Info, Warning, Error, Off };

// Once, at start. `to_stderr`: what is seen on the terminal; the file gets Debug and up.
void start(Level to_stderr, bool to_file);
void write(Level level, std::string_view module, std::string_view message);
bool enabled(Level level);

template <class... Arguments>
void debug(std::string_view module, fmt::format_string<Arguments...> text, Arguments&&... arguments) {
    if (enabled(Level::Debug)) write(Level::Debug, module, fmt::format(text, std::forward<Arguments>(arguments)...));
}
template <class... Arguments>
void info(std::string_view module, fmt::format_string<Arguments...> text, Arguments&&... arguments) {
    if (enabled(Level::Info)) write(Level::Info, module, fmt::format(text, std::forward<Arguments>(arguments)...));
}
template <class... Arguments>
void warning(std::string_view module, fmt::format_string<Arguments...> text, Arguments&&... arguments) {
    write(Level::Warning, module, fmt::format(text, std::forward<Arguments>(arguments)...));
}
template <class... Arguments>
void error(std::string_view module, fmt::format_string<Arguments...> text, Arguments&&... arguments) {
    write(Level::Error, module, fmt::format(text, std::forward<Arguments>(arguments)...));
}

}  // namespace unbrick::base::log
