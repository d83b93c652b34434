// The knowledge base as it lies in knowledge/: documents by name, read when first asked for.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/json.h"
#include "src/base/result.h"

namespace unbrick::knowledge {

// Thread-safe after load(). Cheap to copy (shared).
class Knowledge {
public:
    // Reads what every start needs (causes, actions, stages, version); larger documents are read and
    // kept when document() first asks. Errors: KnowledgeInvalid with file and reason.
    static base::Result<Knowledge> load(const std::filesystem::path& folder);

    // "causes", "devices", "rules/restore" ...: knowledge/<name>.json. A null value when there is none;
    // a damaged document is reported by load_error() and counts as empty.
    const base::Json& document(std::string_view name) const;
    // Names (without .json) of the documents in a folder of knowledge/, sorted.
    std::vector<std::string> documents_in(std::string_view folder) const;
    std::vector<std::string> load_errors() const;

    const std::filesystem::path& folder() const;
    std::string version() const;
    std::string digest() const;   // SHA-256 over the names and contents of all documents, 16 hex digits

private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace unbrick::knowledge
