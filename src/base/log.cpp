#include "src/base/log.h"

#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <vector>

#include "src/base/file.h"

namespace unbrick::base::log {

namespace {

spdlog::level::level_enum to_spdlog(Level level) {
    switch (level) {
        case Level::Trace: return spdlog::level::trace;
        case Level::Debug: return spdlog::level::debug;
        case Level::Info: return spdlog::level::info;
        case Level::Warning: return spdlog::level::warn;
        case Level::Error: return spdlog::level::err;
        case Level::Off: return spdlog::level::off;
    }
    return spdlog::level::info;
}

std::shared_ptr<spdlog::logger>& logger() {
    static std::shared_ptr<spdlog::logger> instance = [] {
        auto sink = std::make_shared<spdlog::sinks::stderr_color_sink_mt>();
        sink->set_level(spdlog::level::warn);
        auto made = std::make_shared<spdlog::logger>("unbrick", sink);
        made->set_level(spdlog::level::warn);
        return made;
    }();
    return instance;
}

}  // namespace

void start(Level to_stderr, bool to_file) {
    std::vector<spdlog::sink_ptr> sinks;
    auto terminal = std::make_shared<spdlog::sinks::stderr_color_sink_mt>();
    terminal->set_level(to_spdlog(to_stderr));
    terminal->set_pattern("%^%l%$ %v");
    sinks.push_back(terminal);
    if (to_file) {
        // A full disk or a read-only home must not keep the program from helping.
        try {
            constexpr std::size_t kFileSize = 2u << 20;
            auto file = std::make_shared<spdlog::sinks::rotating_file_sink_mt>((state_folder() / "unbrick.log").string(), kFileSize, 3);
            file->set_level(spdlog::level::debug);
            file->set_pattern("%Y-%m-%dT%H:%M:%S.%e %l [%t] %v");
            sinks.push_back(file);
        } catch (const spdlog::spdlog_ex& trouble) {
            terminal->log(spdlog::details::log_msg("unbrick", spdlog::level::debug, trouble.what()));
        }
    }
    auto made = std::make_shared<spdlog::logger>("unbrick", sinks.begin(), sinks.end());
    made->set_level(to_file ? spdlog::level::debug : to_spdlog(to_stderr));
    made->flush_on(spdlog::level::warn);
    logger() = made;
}

bool enabled(Level level) { return logger()->should_log(to_spdlog(level)); }

void write(Level level, std::string_view module, std::string_view message) {
    logger()->log(to_spdlog(level), "{}: {}", module, message);
}

}  // namespace unbrick::base::log
