#include "src/core/case_store.h"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <sys/file.h>

#include <algorithm>
#include <cerrno>

#include "src/base/digest.h"
#include "src/base/text.h"

namespace unbrick::core {

namespace fs = std::filesystem;

namespace {
constexpr std::size_t kListedCases = 200;
constexpr const char* kLock = "lock";
constexpr const char* kAbout = "case.json";
}  // namespace

base::Result<FolderLock> FolderLock::take(const fs::path& file) {
    if (file.has_parent_path()) UB_TRY_VOID(base::make_directories(file.parent_path()));
    base::Fd fd(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!fd) return base::fail(base::system_error(file.string()));
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK) return base::fail(base::ErrorCode::Busy, "another unbrick is working there");
        return base::fail(base::system_error(file.string()));
    }
    return FolderLock(std::move(fd));
}

CaseStore CaseStore::of_this_user() { return CaseStore(base::state_folder() / "cases"); }

bool CaseStore::good_id(std::string_view id) {
    return !id.empty() && id.size() < 100 && id.front() != '.' &&
           std::all_of(id.begin(), id.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_' || c == '.'; });
}

fs::path CaseStore::folder_of(std::string_view id) const { return folder_ / std::string(id); }

base::Result<std::string> CaseStore::create(const NewCase& what) const {
    const auto now = std::chrono::system_clock::now();
    constexpr std::size_t kRandomBytes = 2;
    const auto id = fmt::format("{:%Y-%m-%d-%H%M%S}-{}", std::chrono::floor<std::chrono::seconds>(now), base::to_hex(base::random_bytes(kRandomBytes)));
    base::OrderedJson about;
    about["id"] = id;
    about["title"] = what.title;
    about["phone"] = what.phone;
    about["plan"] = what.plan;
    about["begun"] = fmt::format("{:%FT%TZ}", std::chrono::floor<std::chrono::seconds>(now));
    about["rehearsal"] = what.rehearsal;
    about["recording"] = what.recording;
    UB_TRY_VOID(base::make_directories(folder_of(id)));
    std::error_code ignored;
    fs::permissions(folder_of(id), fs::perms::owner_all, ignored);   // it names a phone and its owner
    UB_TRY_VOID(base::write_file_atomically(folder_of(id) / kAbout, base::dump_json(about, 2) + "\n"));
    return id;
}

base::Result<base::Json> CaseStore::read(std::string_view id) const {
    if (!good_id(id)) return base::fail(base::ErrorCode::InvalidInput, fmt::format("\"{}\" is no name of a case", base::to_valid_utf8(id)));
    UB_TRY(auto about, base::load_json(folder_of(id) / kAbout));
    if (!about.is_object() || base::json_string(about, "outcome")) return about;
    // Killed behind the journal's last entry: the journal knows the end, this file not yet.
    const auto story = recovery::read_journal(folder_of(id));
    if (!story) return about;
    for (auto entry = story->entries.rbegin(); entry != story->entries.rend(); ++entry) {
        if (base::json_string(*entry, "entry") == "run") break;
        if (const auto outcome = base::json_string(*entry, "outcome"); outcome && base::json_string(*entry, "entry") == "end") {
            about["outcome"] = *outcome;
            break;
        }
    }
    return about;
}

base::Status CaseStore::update(std::string_view id, const base::Json& members) const {
    UB_TRY(auto about, read(id));
    if (!about.is_object()) about = base::Json::object();
    about.update(members);
    return base::write_file_atomically(folder_of(id) / kAbout, base::dump_json(about, 2) + "\n");
}

bool CaseStore::unfinished(const fs::path& folder) const {
    const auto story = recovery::read_journal(folder);
    if (!story) return false;
    const auto run = recovery::last_run(*story);
    if (!run || run->ended) return false;
    return FolderLock::take(folder / kLock).has_value();
}

std::vector<CaseSummary> CaseStore::list() const {
    std::vector<std::string> ids;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder_, error))
        if (entry.is_directory(error) && good_id(entry.path().filename().string())) ids.push_back(entry.path().filename().string());
    std::sort(ids.rbegin(), ids.rend());
    if (ids.size() > kListedCases) ids.resize(kListedCases);
    std::vector<CaseSummary> cases;
    for (const auto& id : ids) {
        CaseSummary summary;
        summary.id = id;
        const auto about = read(id);
        summary.title = about ? base::json_string(*about, "title").value_or(id) : id;
        if (about) {
            summary.outcome = base::json_string(*about, "outcome").value_or("");
            summary.phone = base::json_string(*about, "phone").value_or("");
            summary.plan = base::json_string(*about, "plan").value_or("");
            summary.rehearsal = base::json_string(*about, "rehearsal").value_or("");
        }
        const auto written = fs::last_write_time(folder_of(id), error);
        if (!error) summary.begun = std::chrono::time_point_cast<std::chrono::system_clock::duration>(std::chrono::file_clock::to_sys(written));
        if (summary.outcome.empty()) summary.unfinished = unfinished(folder_of(id));
        cases.push_back(std::move(summary));
    }
    return cases;
}

base::Result<std::string> CaseStore::newest() const {
    const auto cases = list();
    if (cases.empty()) return base::fail(base::ErrorCode::NotFound, "there is no case yet");
    return cases.front().id;
}

std::optional<std::string> CaseStore::unfinished_of(std::string_view phone) const {
    for (const auto& summary : list())
        if (summary.unfinished && summary.phone == phone) return summary.id;
    return std::nullopt;
}

}  // namespace unbrick::core
