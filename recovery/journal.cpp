#include "recovery/journal.h"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "src/base/text.h"

namespace unbrick::recovery {

namespace {

constexpr std::string_view kFileName = "journal.jsonl";
constexpr std::size_t kLargestJournal = 64u << 20;

base::Status write_all(int fd, std::string_view text, const std::filesystem::path& path) {
    while (!text.empty()) {
        const auto put = ::write(fd, text.data(), text.size());
        if (put < 0) {
            if (errno == EINTR) continue;
            return base::fail(base::system_error(path.string()));
        }
        text.remove_prefix(static_cast<std::size_t>(put));
    }
    if (::fdatasync(fd) != 0) return base::fail(base::system_error(path.string()));
    return {};
}

}  // namespace

base::Result<Journal> Journal::open(const std::filesystem::path& folder) {
    UB_TRY_VOID(base::make_directories(folder));
    const auto path = folder / kFileName;
    std::uint64_t next = 1;
    bool torn = false;
    if (const auto content = base::read_text_file(path, kLargestJournal)) {
        torn = !content->empty() && content->back() != '\n';
        next = static_cast<std::uint64_t>(std::count(content->begin(), content->end(), '\n')) + 1 + (torn ? 1 : 0);
    } else if (content.error().code() != base::ErrorCode::NotFound) {
        return base::fail(content.error());
    }
    base::Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    if (!file) return base::fail(base::system_error(path.string()));
    if (torn) UB_TRY_VOID(write_all(file.get(), "\n", path));
    // The name of a new file must be on the disk, too.
    if (const base::Fd parent(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)); parent) (void)::fsync(parent.get());
    return Journal(std::move(file), path, next);
}

base::Status Journal::append(std::string_view entry, base::OrderedJson data) {
    const std::lock_guard lock(mutex_);
    base::OrderedJson line;
    line["seq"] = next_;
    line["time"] = fmt::format("{:%FT%TZ}", std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now()));
    line["entry"] = entry;
    for (auto& [key, value] : data.items()) line[key] = value;
    UB_TRY_VOID(write_all(file_.get(), base::dump_json(line) + "\n", path_));
    ++next_;
    return {};
}

base::Result<JournalStory> read_journal(const std::filesystem::path& folder) {
    const auto path = folder / kFileName;
    UB_TRY(const auto content, base::read_text_file(path, kLargestJournal));
    JournalStory story;
    for (const auto line : base::split_lines(content)) {
        if (base::trim(line).empty()) continue;
        auto entry = base::parse_json(line, path.string());
        if (entry && entry->is_object() && base::json_string(*entry, "entry")) story.entries.push_back(std::move(*entry));
        else ++story.damaged;
    }
    return story;
}

std::optional<LastRun> last_run(const JournalStory& story) {
    std::optional<LastRun> last;
    for (const auto& entry : story.entries) {
        const auto kind = base::json_string(entry, "entry").value_or("");
        const auto run = base::json_string(entry, "run").value_or("");
        if (kind == "run") {
            last = LastRun{};
            last->run = run;
            last->phone = base::json_string(entry, "phone").value_or("");
            if (auto plan = plan_from_json(base::json_at(entry, "plan"), "journal")) last->plan = std::move(*plan);
            last->inputs = base::json_at(entry, "inputs");
            // A run that goes on for an interrupted one begins with what that had reached.
            last->facts = base::json_at(entry, "facts");
            if (!last->facts.is_object()) last->facts = base::Json::object();
            if (const auto& done = base::json_at(entry, "done"); done.is_array())
                for (const auto& step : done)
                    if (step.is_string()) last->done.push_back(step.get<std::string>());
            continue;
        }
        if (!last || run != last->run) continue;
        if (kind == "step") {
            const auto step = base::json_string(entry, "step").value_or("");
            const auto state = base::json_string(entry, "state").value_or("");
            if (state == "running") last->interrupted_step = step;
            else last->interrupted_step.clear();
            if (state == "done" || state == "skipped") {
                last->done.push_back(step);
                if (const auto& facts = base::json_at(entry, "facts"); facts.is_object()) last->facts[step] = facts;
            }
        } else if (kind == "act") {
            last->last_act = base::json_string(entry, "act").value_or("");
        } else if (kind == "phone") {
            last->last_mode = base::json_string(entry, "mode").value_or("");
        } else if (kind == "end") {
            last->ended = true;
            last->outcome = base::json_string(entry, "outcome").value_or("");
        }
    }
    return last;
}

}  // namespace unbrick::recovery
