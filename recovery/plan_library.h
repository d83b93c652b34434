// The plans of the knowledge base: knowledge/plans/<id>.json, one plan a file.
#pragma once

#include <string_view>
#include <vector>

#include "recovery/plan.h"
#include "src/knowledge/knowledge.h"

namespace unbrick::recovery {

class PlanLibrary {
public:
    // A damaged plan is left out and told by errors(): one bad file must not take the other ways from an owner.
    static PlanLibrary load(const knowledge::Knowledge& knowledge);
    const Plan* find(std::string_view id) const;
    const std::vector<Plan>& all() const { return plans_; }
    const std::vector<std::string>& errors() const { return errors_; }

private:
    std::vector<Plan> plans_;
    std::vector<std::string> errors_;
};

}  // namespace unbrick::recovery
