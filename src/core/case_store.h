// Cases: one folder each, with everything that was done and seen: journal, evidence, recording, report.
#pragma once

#include <filesystem>
#include <mutex>
#include <string>
#include <vector>

#include "recovery/journal.h"
#include "src/base/file.h"
#include "src/base/json.h"
#include "src/base/result.h"
#include "src/core/snapshot.h"

namespace unbrick::core {

// A program that holds it is working there; freed by the system when the program dies.
class FolderLock {
public:
    // Errors: Busy when another program has it.
    static base::Result<FolderLock> take(const std::filesystem::path& file);

private:
    explicit FolderLock(base::Fd file) : file_(std::move(file)) {}
    base::Fd file_;
};

struct NewCase {
    std::string title;
    std::string phone;
    std::string plan;
    std::string rehearsal;               // name of the scenario; empty with a real phone
    std::string recording;               // path of this program's flight recording
};

class CaseStore {
public:
    explicit CaseStore(std::filesystem::path folder) : folder_(std::move(folder)) {}
    static CaseStore of_this_user();     // state_folder()/cases

    base::Result<std::string> create(const NewCase& what) const;   // its id
    std::filesystem::path folder_of(std::string_view id) const;
    // Errors: NotFound; InvalidInput for an id that leads out of the folder.
    base::Result<base::Json> read(std::string_view id) const;
    base::Status update(std::string_view id, const base::Json& members) const;
    // Newest first; damaged ones are listed with what can be read. "last" is the first.
    std::vector<CaseSummary> list() const;
    base::Result<std::string> newest() const;
    // The unfinished case of this phone, if there is one that no living program works on.
    std::optional<std::string> unfinished_of(std::string_view phone) const;
    static bool good_id(std::string_view id);

private:
    bool unfinished(const std::filesystem::path& folder) const;
    std::filesystem::path folder_;
};

}  // namespace unbrick::core
