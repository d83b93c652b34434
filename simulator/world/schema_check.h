// Checks a JSON document against a JSON Schema (draft 7), by valijson.
#pragma once

#include <string>
#include <vector>

#include "src/base/json.h"
#include "src/base/result.h"

namespace unbrick::simulator {

struct SchemaMistake {
    std::string pointer;  // RFC 6901, "" for the whole document
    std::string reason;
};

// All mistakes, the deepest first. Errors: KnowledgeInvalid when the schema itself is none.
base::Result<std::vector<SchemaMistake>> check_schema(const base::Json& schema, const base::Json& document);

}  // namespace unbrick::simulator
