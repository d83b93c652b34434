#include "recovery/plan_library.h"

#include <fmt/core.h>

namespace unbrick::recovery {

PlanLibrary PlanLibrary::load(const knowledge::Knowledge& knowledge) {
    PlanLibrary library;
    for (const auto& name : knowledge.documents_in("plans")) {
        auto plan = plan_from_json(knowledge.document(name), fmt::format("knowledge/{}.json", name));
        if (!plan) library.errors_.push_back(plan.error().to_string());
        else if (library.find(plan->id) != nullptr) library.errors_.push_back(fmt::format("knowledge/{}.json: plan {} is there twice", name, plan->id));
        else library.plans_.push_back(std::move(*plan));
    }
    return library;
}

const Plan* PlanLibrary::find(std::string_view id) const {
    for (const auto& plan : plans_)
        if (plan.id == id) return &plan;
    return nullptr;
}

}  // namespace unbrick::recovery
