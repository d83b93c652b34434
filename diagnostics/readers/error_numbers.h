// Error numbers in any form that programs print and people type, each with the domain it belongs to.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "src/knowledge/knowledge.h"

namespace unbrick::diagnostics {

struct ErrorNumber {
    std::string domain;              // id in knowledge/errors.json; empty: not said
    std::int64_t code = 0;
    bool certain = true;             // false: a bare number that looks like one
    friend bool operator==(const ErrorNumber&, const ErrorNumber&) = default;
};

// What knowledge/errors.json says of one number.
struct ErrorEntry {
    std::string domain;
    std::int64_t code = 0;
    std::string stage;
    std::string sureness;
    const base::Json* json = nullptr;   // lives as long as the knowledge
};

class ErrorTable {
public:
    explicit ErrorTable(const knowledge::Knowledge& knowledge);
    // The id of a domain as people write it ("AMRErrorDomain", "finder"); empty when unknown.
    std::string domain_id(std::string_view written) const;
    // The entry of domain and code; without a domain the one that a dialog would mean.
    std::optional<ErrorEntry> find(const ErrorNumber& number) const;
    bool is_dialog_code(std::int64_t code) const;

private:
    const base::Json* document_;
    struct Domain { std::string id; std::int64_t priority = 0; std::vector<std::string> aliases; };
    std::vector<Domain> domains_;
    std::unordered_multimap<std::int64_t, const base::Json*> by_code_;
};

// All error numbers of one normalised line. `prose`: people's text, where "(14)" and a bare 4013 count too.
std::vector<ErrorNumber> find_error_numbers(std::string_view line, const ErrorTable& table, bool prose);
// What a person gives after --error: "14", "0xE", "(14)", "AMRErrorDomain/14", "error 14".
std::optional<ErrorNumber> parse_error_number(std::string_view text, const ErrorTable& table);

}  // namespace unbrick::diagnostics
