#include "src/knowledge/knowledge.h"

#include <algorithm>
#include <map>
#include <mutex>

#include "src/base/digest.h"
#include "src/base/file.h"
#include "src/base/text.h"

namespace unbrick::knowledge {

namespace fs = std::filesystem;

struct Knowledge::State {
    fs::path folder;
    std::string version;
    mutable std::mutex mutex;
    mutable std::map<std::string, base::Json, std::less<>> documents;
    mutable std::vector<std::string> errors;
    mutable std::string digest;
};

base::Result<Knowledge> Knowledge::load(const fs::path& folder) {
    Knowledge knowledge;
    knowledge.state_ = std::make_shared<State>();
    knowledge.state_->folder = folder;
    for (const auto* name : {"causes", "actions", "stages"}) {
        auto document = base::load_json(folder / (std::string(name) + ".json"));
        if (!document)
            return base::fail(base::ErrorCode::KnowledgeInvalid, document.error().to_string());
        knowledge.state_->documents.emplace(name, std::move(*document));
    }
    knowledge.state_->version = base::json_string(knowledge.state_->documents["causes"], "version").value_or("0");
    return knowledge;
}

const base::Json& Knowledge::document(std::string_view name) const {
    const std::lock_guard lock(state_->mutex);
    const auto found = state_->documents.find(name);
    if (found != state_->documents.end()) return found->second;
    auto document = base::load_json(state_->folder / (std::string(name) + ".json"));
    if (!document) {
        if (document.error().code() != base::ErrorCode::NotFound) state_->errors.push_back(document.error().to_string());
        return state_->documents.emplace(std::string(name), base::Json()).first->second;
    }
    return state_->documents.emplace(std::string(name), std::move(*document)).first->second;
}

std::vector<std::string> Knowledge::documents_in(std::string_view folder) const {
    std::vector<std::string> names;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(state_->folder / folder, error))
        if (entry.path().extension() == ".json") names.push_back(std::string(folder) + "/" + entry.path().stem().string());
    std::sort(names.begin(), names.end());
    return names;
}

std::vector<std::string> Knowledge::load_errors() const {
    const std::lock_guard lock(state_->mutex);
    return state_->errors;
}

const fs::path& Knowledge::folder() const { return state_->folder; }
std::string Knowledge::version() const { return state_->version; }

std::string Knowledge::digest() const {
    const std::lock_guard lock(state_->mutex);
    if (!state_->digest.empty()) return state_->digest;
    std::vector<fs::path> files;
    std::error_code error;
    for (const auto& entry : fs::recursive_directory_iterator(state_->folder, error))
        if (entry.path().extension() == ".json") files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    base::Digest digest(base::DigestKind::Sha256);
    for (const auto& file : files) {
        digest.update(base::as_bytes(file.lexically_relative(state_->folder).string()));
        if (const auto content = base::read_text_file(file)) digest.update(base::as_bytes(*content));
    }
    state_->digest = base::to_hex(digest.finish()).substr(0, 16);
    return state_->digest;
}

}  // namespace unbrick::knowledge
