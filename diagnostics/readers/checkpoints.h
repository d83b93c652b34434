// Checkpoints and operations of the phone's restore program, in the words of every tool that prints them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "src/knowledge/knowledge.h"

namespace unbrick::diagnostics {

struct CheckpointLine {
    std::uint32_t id = 0;            // low 16 bits
    enum class State : std::uint8_t { Started, Completed, Failed } state = State::Started;
    std::int64_t result = 0;
    std::string name;
};

std::optional<CheckpointLine> parse_checkpoint(std::string_view line);
// "Waiting for NAND (28)", "operation 28 progress -1"; the number.
std::optional<int> parse_operation(std::string_view line);

// knowledge/checkpoints.json and operations.json.
class RestoreSteps {
public:
    explicit RestoreSteps(const knowledge::Knowledge& knowledge);
    struct Step { std::string name; std::string stage; bool storage_written = false; };
    const Step* checkpoint(std::uint32_t id) const;
    const Step* operation(int number) const;

private:
    std::unordered_map<std::uint32_t, Step> checkpoints_, operations_;
};

}  // namespace unbrick::diagnostics
