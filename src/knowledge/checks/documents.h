// What the checks look at: every document of the folder, read once.
#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "src/base/json.h"
#include "src/knowledge/check.h"

namespace unbrick::knowledge::checks {

struct Documents {
    std::map<std::string, base::Json> data;      // by name without .json: "errors", "rules/restore"
    std::map<std::string, base::Json> schemas;   // by kind: "errors", "rules", "texts" ...
    std::map<std::string, std::map<std::string, base::Json>> texts;   // language -> area -> document
};

using Findings = std::vector<Finding>;

// Reads all; a document that cannot be read, or holds a member twice, is a finding.
Documents read_documents(const std::filesystem::path& folder, Findings& findings);
// "rules/restore" -> "rules", "errors" -> "errors".
std::string kind_of(const std::string& name);

// Each document against schema/<kind>.schema.json (JSON Schema draft 7).
void check_schemas(const Documents& documents, Findings& findings);
// Ids that are there twice; references to causes, actions, stages, sources, texts, models ... that do not
// exist; regular expressions that do not compile; weights without a source that can be looked up;
// entries known by name only that carry a weight; rules without tests for and against.
void check_meaning(const Documents& documents, Findings& findings);
// Texts that are missing in a language, are there twice, are empty or use other {names} than English.
void check_texts(const Documents& documents, Findings& findings);

}  // namespace unbrick::knowledge::checks
