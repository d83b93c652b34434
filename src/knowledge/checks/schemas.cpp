#include <exception>
#include <memory>

#include "src/knowledge/checks/documents.h"

// With exceptions, which end here: without, the library ends the program.
#define VALIJSON_USE_EXCEPTIONS 1
// The library's headers do not keep to our warnings.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wpedantic"
#pragma GCC diagnostic ignored "-Wnon-virtual-dtor"
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>
#pragma GCC diagnostic pop

namespace unbrick::knowledge::checks {

namespace {

// The library names places as "<root>", "[member]", "[3]".
std::string pointer_of(const std::vector<std::string>& context) {
    std::string pointer;
    for (const auto& part : context) {
        if (part == "<root>") continue;
        const bool bracketed = part.size() >= 2 && part.front() == '[' && part.back() == ']';
        pointer += "/" + (bracketed ? part.substr(1, part.size() - 2) : part);
    }
    return pointer;
}

// Each level above a mistake says once more that something inside failed.
bool only_repeats(const std::string& description) {
    for (const auto* beginning : {"Failed to validate against schema associated with property name", "Failed to validate item #"})
        if (description.rfind(beginning, 0) == 0) return true;
    return false;
}

std::unique_ptr<valijson::Schema> compile(const base::Json& source, const std::string& file, Findings& findings) {
    auto schema = std::make_unique<valijson::Schema>();
    try {
        valijson::SchemaParser parser(valijson::SchemaParser::kDraft7);
        parser.populateSchema(valijson::adapters::NlohmannJsonAdapter(source), *schema);
    } catch (const std::exception& trouble) {
        findings.push_back({file, "", std::string("is not a usable schema: ") + trouble.what()});
        return nullptr;
    }
    return schema;
}

void validate(const valijson::Schema& schema, const base::Json& document, const std::string& file, Findings& findings) {
    constexpr std::size_t kMostErrors = 50;
    try {
        valijson::Validator validator;
        valijson::ValidationResults results;
        if (validator.validate(schema, valijson::adapters::NlohmannJsonAdapter(document), &results)) return;
        valijson::ValidationResults::Error error;
        std::size_t count = 0;
        while (results.popError(error)) {
            if (only_repeats(error.description)) continue;
            if (++count > kMostErrors) {
                findings.push_back({file, "", "more mistakes against the schema; mend these first"});
                return;
            }
            findings.push_back({file, pointer_of(error.context), error.description});
        }
        if (count == 0) findings.push_back({file, "", "does not keep to its schema"});
    } catch (const std::exception& trouble) {
        findings.push_back({file, "", std::string("could not be checked against its schema: ") + trouble.what()});
    }
}

}  // namespace

void check_schemas(const Documents& documents, Findings& findings) {
    if (documents.data.empty() && documents.texts.empty()) return;
    std::map<std::string, std::unique_ptr<valijson::Schema>> schemas;
    for (const auto& [kind, source] : documents.schemas) schemas[kind] = compile(source, "schema/" + kind + ".schema.json", findings);
    const auto check = [&](const std::string& kind, const std::string& file, const base::Json& document) {
        const auto found = schemas.find(kind);
        if (found == schemas.end()) findings.push_back({file, "", "there is no schema/" + kind + ".schema.json for it"});
        else if (found->second) validate(*found->second, document, file, findings);
    };
    for (const auto& [name, document] : documents.data) check(kind_of(name), name + ".json", document);
    for (const auto& [language, areas] : documents.texts)
        for (const auto& [area, document] : areas) check("texts", "texts/" + language + "/" + area + ".json", document);
}

}  // namespace unbrick::knowledge::checks
