// Evidence, indexed for the rules: what is there, how often, and where.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "diagnostics/evidence.h"

namespace unbrick::diagnostics {

class Facts {
public:
    explicit Facts(const EvidenceSet& evidence);
    const EvidenceSet& evidence() const { return *evidence_; }
    // Indexes of the markers, symptoms and history items with that id; empty when there is none.
    const std::vector<std::size_t>& with_id(const std::string& id) const;
    // The error numbers, as conditions compare them: taken apart once, because every rule about errors looks at each.
    struct ErrorFact {
        std::size_t index = 0;
        bool dialog = false;             // the domain is unsaid or Apple's restore: what a bare number in a rule means
        std::string code, full;          // "9", "AMRestoreErrorDomain/9"
    };
    const std::vector<ErrorFact>& errors() const { return errors_; }
    const std::vector<std::size_t>& with_key(const std::string& key) const;
    // How often a line with that marker was seen.
    std::size_t count(const std::string& id) const;
    const std::vector<std::string>& models() const { return models_; }
    const std::vector<std::string>& kinds() const { return kinds_; }   // log kinds, "panic" ...
    std::string date() const;                                          // "" when not known

private:
    std::vector<ErrorFact> errors_;
    const EvidenceSet* evidence_;
    std::unordered_map<std::string, std::vector<std::size_t>> by_id_, by_key_;
    std::unordered_map<std::string, std::size_t> counts_;
    std::vector<std::string> models_, kinds_;
};

// "iPhone9,*", "iPhone9,1": a star at the end stands for anything.
bool fits_pattern(std::string_view text, std::string_view pattern);

}  // namespace unbrick::diagnostics
