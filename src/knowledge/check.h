// Checks of the knowledge base: every mistake at once, each with file, place and reason.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "src/base/json.h"

namespace unbrick::knowledge {

struct Finding {
    std::string file;      // relative to the folder: "errors.json"
    std::string pointer;   // JSON pointer, "" for the whole document
    std::string reason;

    std::string to_string() const;   // "errors.json#/codes/3/causes/0: ..."
};

struct CheckResult {
    std::vector<Finding> findings;   // sorted by file and pointer
    std::size_t documents = 0;
    std::size_t texts = 0;           // keys of the English catalogue
    base::Json to_json() const;
};

// Never throws, whatever the folder holds. A missing or empty folder is a finding.
CheckResult check_knowledge(const std::filesystem::path& folder);

}  // namespace unbrick::knowledge
