// Which ids there are: what references are looked up in.
#pragma once

#include "src/knowledge/checks/documents.h"

namespace unbrick::knowledge::checks {

struct Index {
    // By kind: "causes", "actions", "stages", "questions", "evidence", "plans", "articles", "symptoms",
    // "sources", "rules", "texts", "models" (product types), "button-classes", "domains", "error-actions".
    std::map<std::string, std::set<std::string>> ids;
    std::set<std::string> addressed_sources;   // those with a url

    bool knows(const std::string& kind, const std::string& id) const;
    bool has_any(const std::string& kind) const;
};

// Fills the index; an id that is there twice is a finding.
Index index_documents(const Documents& documents, Findings& findings);

}  // namespace unbrick::knowledge::checks
