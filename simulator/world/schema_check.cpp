#include "simulator/world/schema_check.h"

#include <algorithm>
#include <exception>

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wshadow"
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>
#pragma GCC diagnostic pop

#include "src/base/text.h"

namespace unbrick::simulator {

namespace {

// valijson names a place as ["<root>", "[phones]", "[0]"].
std::string pointer_of(const std::vector<std::string>& context) {
    std::string pointer;
    for (std::size_t at = 1; at < context.size(); ++at) {
        std::string part = context[at];
        if (part.size() >= 2 && part.front() == '[' && part.back() == ']') part = part.substr(1, part.size() - 2);
        pointer += "/" + base::replace_all(base::replace_all(part, "~", "~0"), "/", "~1");
    }
    return pointer;
}

}  // namespace

base::Result<std::vector<SchemaMistake>> check_schema(const base::Json& schema, const base::Json& document) {
    std::vector<SchemaMistake> mistakes;
    try {
        valijson::Schema compiled;
        valijson::SchemaParser parser(valijson::SchemaParser::kDraft7);
        parser.populateSchema(valijson::adapters::NlohmannJsonAdapter(schema), compiled);
        valijson::Validator validator;
        valijson::ValidationResults results;
        if (validator.validate(compiled, valijson::adapters::NlohmannJsonAdapter(document), &results)) return mistakes;
        valijson::ValidationResults::Error error;
        while (results.popError(error)) mistakes.push_back({pointer_of(error.context), error.description});
        std::stable_sort(mistakes.begin(), mistakes.end(), [](const auto& one, const auto& other) {
            return std::count(one.pointer.begin(), one.pointer.end(), '/') > std::count(other.pointer.begin(), other.pointer.end(), '/');
        });
    } catch (const std::exception& problem) {
        return base::fail(base::ErrorCode::KnowledgeInvalid, std::string("schema: ") + problem.what());
    }
    return mistakes;
}

}  // namespace unbrick::simulator
