// The "when" of a rule: a tree of conditions on evidence, read from JSON (docs/diagnosis.md has its grammar).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "diagnostics/inference/facts.h"
#include "src/base/result.h"

namespace unbrick::diagnostics {

class Condition {
public:
    // Errors: KnowledgeInvalid with `where`.
    static base::Result<Condition> parse(const base::Json& json, const std::string& where);
    // Whether it holds; the evidence that made it hold is appended.
    bool holds(const Facts& facts, std::vector<std::size_t>& because) const;
    // Every id of a marker that it asks for (for the checks of the knowledge).
    void collect_ids(std::vector<std::string>& ids) const;

private:
    enum class Kind { Id, All, Any, Not, Count, AtLeast, Key, Error, Model, LogKind, Checkpoint, Operation, Panic, Sensor, Stage, Before, After };
    Kind kind_ = Kind::All;
    std::string text_;
    std::vector<std::string> list_;
    std::vector<Condition> parts_;
    std::size_t number_ = 0;
    base::Json value_;
};

}  // namespace unbrick::diagnostics
