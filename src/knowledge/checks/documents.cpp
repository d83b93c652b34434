#include "src/knowledge/checks/documents.h"

#include <algorithm>

#include "src/base/file.h"

namespace unbrick::knowledge::checks {

namespace fs = std::filesystem;

namespace {

// Members that one object holds twice: the parser would keep only the last, silently.
void find_doubled_members(const std::string& text, const std::string& file, Findings& findings) {
    std::vector<std::set<std::string>> open;
    std::vector<std::string> path;
    const base::Json::parser_callback_t watch = [&](int, base::Json::parse_event_t event, base::Json& parsed) {
        if (event == base::Json::parse_event_t::object_start) {
            open.emplace_back();
        } else if (event == base::Json::parse_event_t::object_end) {
            if (!open.empty()) open.pop_back();
        } else if (event == base::Json::parse_event_t::key && !open.empty() && parsed.is_string()) {
            const auto key = parsed.get<std::string>();
            if (!open.back().insert(key).second) findings.push_back({file, "", "the member \"" + key + "\" is there twice in one object"});
        }
        return true;
    };
    // Without exceptions; what does not parse was reported before.
    const auto ignored = base::Json::parse(text, watch, false);
    static_cast<void>(ignored);
}

bool is_text_path(const fs::path& relative) { return relative.begin() != relative.end() && *relative.begin() == "texts"; }

}  // namespace

std::string kind_of(const std::string& name) {
    const auto slash = name.find('/');
    return slash == std::string::npos ? name : name.substr(0, slash);
}

Documents read_documents(const fs::path& folder, Findings& findings) {
    Documents documents;
    std::error_code error;
    std::vector<fs::path> files;
    for (fs::recursive_directory_iterator entry(folder, fs::directory_options::skip_permission_denied, error), end; !error && entry != end;
         entry.increment(error))
        if (entry->path().extension() == ".json") files.push_back(entry->path());
    if (error) findings.push_back({folder.string(), "", error.message()});
    std::sort(files.begin(), files.end());
    for (const auto& file : files) {
        const auto relative = file.lexically_relative(folder);
        constexpr std::size_t kLargestDocument = 16u << 20;
        const auto text = base::read_text_file(file, kLargestDocument);
        if (!text) {
            findings.push_back({relative.generic_string(), "", text.error().to_string()});
            continue;
        }
        auto document = base::parse_json(*text, relative.generic_string());
        if (!document) {
            findings.push_back({relative.generic_string(), "", document.error().to_string()});
            continue;
        }
        find_doubled_members(*text, relative.generic_string(), findings);
        auto name = fs::path(relative).replace_extension().generic_string();
        if (is_text_path(relative)) {
            const auto language = relative.parent_path().filename().string();
            documents.texts[language][relative.stem().string()] = std::move(*document);
        } else if (relative.parent_path() == "schema") {
            const auto kind = fs::path(relative.stem()).replace_extension().string();
            documents.schemas[kind] = std::move(*document);
        } else {
            documents.data[name] = std::move(*document);
        }
    }
    return documents;
}

}  // namespace unbrick::knowledge::checks
