#include "diagnostics/readers/checkpoints.h"

#include <re2/re2.h>

#include "src/base/text.h"

namespace unbrick::diagnostics {
namespace {

RE2::Options quiet() {
    RE2::Options options;
    options.set_case_sensitive(false);
    options.set_log_errors(false);
    return options;
}

std::uint32_t low_16(std::string_view digits, int base_of) {
    const auto value = base_of == 16 ? base::parse_hex(digits).value_or(0) : static_cast<std::uint64_t>(base::parse_int(digits).value_or(0));
    return static_cast<std::uint32_t>(value & 0xffff);
}

}  // namespace

std::optional<CheckpointLine> parse_checkpoint(std::string_view line) {
    static const RE2 host(R"((started|starting|completed|failure|failed)?\s*checkpoint\s*(started|completed|failure|failed)?\s*(?:id)?\s*:?\s*0x([0-9a-f]+)(?:\s*\((\w+)\))?(?:.*?result\s*=\s*(-?\d+))?)", quiet());
    static const RE2 phone(R"(CHECKPOINT (BEGIN|END|FAILURE|WARNING|NOTICE|PROGRESS)\s*:\s*(?:\((?:FAILURE|WARNING):(-?\d+)\)\s*)?\w*:?\[0x([0-9a-f]+)\]\s*(\w+)?)", quiet());
    static const RE2 old(R"(checkpoint (\d{3,12}) complete(?:d)? with code (-?\d+))", quiet());
    static const RE2 dictionary(R"(CHECKPOINT_ID'?"?\s*:\s*(\d+))", quiet());
    const re2::StringPiece piece(line.data(), line.size());
    std::string a, b, id, name, result;
    CheckpointLine found;
    if (RE2::PartialMatch(piece, phone, &a, &result, &id, &name)) {
        const auto kind = base::to_upper(a);
        if (kind != "BEGIN" && kind != "END" && kind != "FAILURE") return std::nullopt;
        found.id = low_16(id, 16);
        found.name = name;
        found.state = kind == "FAILURE" ? CheckpointLine::State::Failed
                      : kind == "END"   ? CheckpointLine::State::Completed
                                        : CheckpointLine::State::Started;
        found.result = base::parse_int(result).value_or(kind == "FAILURE" ? -1 : 0);
        return found;
    }
    if (RE2::PartialMatch(piece, old, &id, &result)) {
        found.id = low_16(id, 10);
        found.result = base::parse_int(result).value_or(0);
        found.state = found.result != 0 ? CheckpointLine::State::Failed : CheckpointLine::State::Completed;
        return found;
    }
    if (RE2::PartialMatch(piece, host, &a, &b, &id, &name, &result)) {
        const auto word = base::to_lower(a.empty() ? b : a);
        found.id = low_16(id, 16);
        found.name = name;
        found.result = base::parse_int(result).value_or(0);
        if (word.starts_with("fail")) found.state = CheckpointLine::State::Failed;
        else if (word == "completed") found.state = found.result != 0 ? CheckpointLine::State::Failed : CheckpointLine::State::Completed;
        return found;
    }
    if (RE2::PartialMatch(piece, dictionary, &id)) {
        static const RE2 complete(R"(CHECKPOINT_COMPLETE'?"?\s*:\s*(?:True|1))", quiet());
        static const RE2 code(R"(CHECKPOINT_RESULT'?"?\s*:\s*(-?\d+))", quiet());
        static const RE2 named(R"(CHECKPOINT_NAME'?"?\s*:\s*'?"?(\w+))", quiet());
        static const RE2 wrong(R"(CHECKPOINT_ERROR)", quiet());
        found.id = low_16(id, 10);
        RE2::PartialMatch(piece, named, &found.name);
        if (RE2::PartialMatch(piece, code, &result)) found.result = base::parse_int(result).value_or(0);
        if (found.result != 0 || RE2::PartialMatch(piece, wrong)) found.state = CheckpointLine::State::Failed;
        else if (RE2::PartialMatch(piece, complete)) found.state = CheckpointLine::State::Completed;
        return found;
    }
    return std::nullopt;
}

std::optional<int> parse_operation(std::string_view line) {
    static const RE2 named(R"(^(?:\S+\s+){0,6}?[A-Za-z][A-Za-z /-]{3,40} \((\d{2})\)\s*$)", quiet());
    static const RE2 numbered(R"(operation (\d{1,3}) progress)", quiet());
    static const RE2 dictionary(R"('Operation'\s*:\s*(\d{1,3}))", quiet());
    std::string digits;
    const re2::StringPiece piece(line.data(), line.size());
    for (const auto* expression : {&named, &numbered, &dictionary})
        if (RE2::PartialMatch(piece, *expression, &digits)) return static_cast<int>(base::parse_int(digits).value_or(0));
    return std::nullopt;
}

RestoreSteps::RestoreSteps(const knowledge::Knowledge& knowledge) {
    const auto& checkpoints = base::json_at(knowledge.document("checkpoints"), "checkpoints");
    if (checkpoints.is_array())
        for (const auto& entry : checkpoints) {
            const auto id = base::parse_hex(base::json_string(entry, "id").value_or("0"));
            checkpoints_[static_cast<std::uint32_t>(id.value_or(0))] = {base::json_string(entry, "name").value_or(""),
                base::json_string(entry, "stage").value_or(""), base::json_bool(entry, "storage_written").value_or(false)};
        }
    const auto& operations = base::json_at(knowledge.document("operations"), "operations");
    if (operations.is_array())
        for (const auto& entry : operations)
            operations_[static_cast<std::uint32_t>(base::json_int(entry, "number").value_or(0))] = {
                base::json_string(entry, "name").value_or(""), base::json_string(entry, "stage").value_or(""),
                base::json_bool(entry, "storage_written").value_or(false)};
}

const RestoreSteps::Step* RestoreSteps::checkpoint(std::uint32_t id) const {
    const auto found = checkpoints_.find(id);
    return found == checkpoints_.end() ? nullptr : &found->second;
}

const RestoreSteps::Step* RestoreSteps::operation(int number) const {
    const auto found = operations_.find(static_cast<std::uint32_t>(number));
    return found == operations_.end() ? nullptr : &found->second;
}

}  // namespace unbrick::diagnostics
