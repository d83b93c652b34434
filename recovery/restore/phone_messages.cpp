#include "recovery/restore/phone_messages.h"

#include <fmt/core.h>

#include <algorithm>

namespace unbrick::recovery::restore {

using base::ErrorCode;

namespace {

constexpr std::size_t kLogKept = 4u << 20;

std::int64_t signed_value(std::uint64_t value) { return static_cast<std::int64_t>(value); }

std::string hex_id(std::uint32_t id) { return fmt::format("0x{:04X}", id); }

}  // namespace

PhoneMessages::PhoneMessages(Reporter& reporter, const base::Json& checkpoints, const base::Json& operations, const base::Json& times)
    : reporter_(reporter) {
    const auto& list = base::json_at(checkpoints, "checkpoints");
    if (list.is_array())
        for (const auto& entry : list)
            if (const auto id = base::parse_hex(base::json_string(entry, "id").value_or("")))
                checkpoints_[static_cast<std::uint32_t>(*id)] = {base::json_string(entry, "name").value_or(""), base::json_string(entry, "stage").value_or(""),
                                                                 base::json_bool(entry, "storage_written").value_or(false)};
    const auto& numbers = base::json_at(operations, "operations");
    if (numbers.is_array())
        for (const auto& entry : numbers)
            if (const auto number = base::json_int(entry, "number"))
                operations_[static_cast<std::uint32_t>(*number)] = {base::json_string(entry, "name").value_or(""), base::json_string(entry, "stage").value_or(""), false};
    const auto& order = base::json_at(times, "restore_order");
    if (order.is_array())
        for (const auto& stage : order) {
            const auto id = base::json_string(stage, "name").value_or("");
            stage_order_.push_back(id);
            const auto& begins = base::json_at(stage, "begins");
            if (begins.is_array())
                for (const auto& begin : begins)
                    if (begin.is_string())
                        if (const auto number = base::parse_hex(begin.get<std::string>())) stage_of_checkpoint_[static_cast<std::uint32_t>(*number)] = id;
        }
}

void PhoneMessages::to_stage(std::string_view id) {
    // Two timelines run at once (real-restore.md 3.5); the stage that people see never goes back.
    const auto place = [&](std::string_view stage) { return std::find(stage_order_.begin(), stage_order_.end(), stage) - stage_order_.begin(); };
    const auto current = reporter_.current_stage();
    if (place(current) == static_cast<std::ptrdiff_t>(stage_order_.size()) || place(id) > place(current)) reporter_.stage(id);
}

void PhoneMessages::checkpoint(const base::Plist& message) {
    const auto raw = message.integer_at("CHECKPOINT_ID");
    if (!raw) {
        reporter_.phone_said("a checkpoint without a number");
        return;
    }
    // The upper half carries retry and context information (restore-protocol.md 6.8).
    const auto id = static_cast<std::uint32_t>(*raw & 0xFFFFu);
    const auto known = checkpoints_.find(id);
    auto name = message.string_at("CHECKPOINT_NAME").value_or(known != checkpoints_.end() ? known->second.name : "");
    name = base::to_valid_utf8(name.substr(0, 200));
    const auto result = signed_value(message.integer_at("CHECKPOINT_RESULT").value_or(0));
    const bool complete = message.boolean_at("CHECKPOINT_COMPLETE").value_or(false);
    const auto error = base::to_valid_utf8(message.string_at("CHECKPOINT_ERROR").value_or("").substr(0, 2000));
    const auto warning = base::to_valid_utf8(message.string_at("CHECKPOINT_WARNING").value_or("").substr(0, 2000));
    if (complete) reporter_.phone_said(fmt::format("Checkpoint completed id: 0x{:X} ({}) result={}", id, name, result));
    else reporter_.phone_said(fmt::format("Checkpoint started   id: 0x{:X} ({})", id, name));
    if (!warning.empty()) reporter_.phone_said("Checkpoint WARNING: " + warning);
    if (!error.empty()) reporter_.phone_said("Checkpoint FAILURE: " + error);
    last_ = name;
    if (const auto begins = stage_of_checkpoint_.find(id); begins != stage_of_checkpoint_.end()) to_stage(begins->second);
    if (known != checkpoints_.end() && known->second.storage_written && !reporter_.was_storage_written()) {
        reporter_.storage_written();
        reporter_.evidence("restore.storage_written", true, name);
    }
    if (!complete) {
        open_[id] = name;
        open_order_.push_back(id);
    } else {
        open_.erase(id);
        std::erase(open_order_, id);
    }
    if (result != 0 || !error.empty()) {
        const auto text = fmt::format("Checkpoint id: 0x{:X} ({}) result={} {}", id, name, result, error);
        last_failed_ = name;
        reporter_.evidence("checkpoint.failed", base::Json{{"id", hex_id(id)}, {"name", name}, {"result", result}}, text);
        if (known != checkpoints_.end() && !known->second.stage.empty())
            reporter_.evidence("stage.failed", base::Json{{"stage", known->second.stage}, {"strength", known->second.stage == "restored_operation" ? 2.5 : 4.0}, {"marker", "checkpoint"}}, text);
    }
}

void PhoneMessages::progress(const base::Plist& message) {
    auto operation = message.integer_at("Operation");
    if (!operation) return;
    // Older protocols count one lower above 35 (restore-protocol.md 6.6).
    if (protocol_ < 14 && *operation > 35) ++*operation;
    const auto value = signed_value(message.integer_at("Progress").value_or(static_cast<std::uint64_t>(-1)));
    const auto known = operations_.find(static_cast<std::uint32_t>(*operation));
    if (last_operation_ != *operation || value <= 0) {
        const auto name = known != operations_.end() ? known->second.name : std::string("operation");
        reporter_.phone_said(fmt::format("{} ({})", name, *operation));
    }
    last_operation_ = *operation;
    if (*operation == 14) to_stage("restore-verify");
    const auto stage = reporter_.current_stage();
    // The image's own progress comes from the bytes that were sent.
    const bool own = (*operation == 14 && stage == "restore-verify") || (*operation == 77 && stage == "restore-seal") || (*operation == 78 && stage == "restore-install");
    if (own && value >= 0 && value <= 100) reporter_.progress(static_cast<double>(value) / 100.0);
}

void PhoneMessages::previous_log(const base::Plist& message) {
    const auto text = message.string_at("PreviousRestoreLog").value_or("");
    if (text.empty()) return;
    reporter_.phone_said(fmt::format("the phone kept the log of an earlier restore ({} bytes)", text.size()));
    reporter_.evidence("restore.previous_log", base::to_valid_utf8(text.substr(text.size() > 20000 ? text.size() - 20000 : 0)), "PreviousRestoreLog");
}

void PhoneMessages::crash(const base::Plist& message) {
    auto trace = message.string_at("RestoredBacktrace").value_or("");
    const auto list = message.at("RestoredBacktrace");
    for (std::size_t i = 0; i < list.size() && i < 200; ++i) trace += list.item(i).as_string().value_or("") + "\n";
    reporter_.phone_said("the phone's restore program crashed: " + trace.substr(0, 4000));
    reporter_.evidence("restore.crashed", base::to_valid_utf8(trace.substr(0, 20000)), trace);
}

void PhoneMessages::baseband_status(const base::Plist& message) {
    const bool accepted = message.boolean_at("Accepted").value_or(false);
    const auto done = message.at("Output").boolean_at("done").value_or(message.at("Output").integer_at("done").value_or(0) != 0);
    reporter_.phone_said(fmt::format("baseband: {}{}", accepted ? "accepted" : "not accepted", done ? ", done" : ""));
    if (!accepted) {
        reporter_.evidence("baseband.refused", true, "BBUpdateStatusMsg Accepted false");
        reporter_.evidence("stage.failed", base::Json{{"stage", "baseband"}, {"strength", 4.0}, {"marker", "checkpoint"}}, "device didn't accept BasebandData");
    }
}

std::optional<base::Error> PhoneMessages::status(const base::Plist& message) {
    const auto status = message.integer_at("Status").value_or(0);
    const auto amr = signed_value(message.integer_at("AMRError").value_or(0));
    if (const auto log = message.string_at("Log"); log && !log->empty()) {
        phone_log_ = base::to_valid_utf8(log->size() > kLogKept ? log->substr(log->size() - kLogKept) : *log);
        reporter_.said(fmt::format("the phone sent its log ({} bytes)", log->size()));
    }
    if (status == 0 && amr == 0) return std::nullopt;
    const auto number = amr != 0 ? amr : signed_value(status);
    reporter_.evidence("error", base::Json{{"domain", "AMRestoreErrorDomain"}, {"code", number}, {"certain", amr != 0}},
                       fmt::format("StatusMsg Status {} AMRError {}", signed_value(status), amr));
    if (!last_.empty()) reporter_.evidence("checkpoint.last", base::Json{{"name", last_}}, last_);
    return base::Error(ErrorCode::PhoneRefused, fmt::format("the phone ended the restore: status {}{}{}{}", signed_value(status), amr != 0 ? fmt::format(", error {}", amr) : "",
                                                            last_failed_.empty() ? "" : ", at ", last_failed_))
        .with_native(amr != 0 ? "AMR" : "restored", number)
        .with_text("restore.error.phone-ended");
}

PhoneSpan PhoneMessages::silence_limit() const {
    PhoneSpan limit = open_order_.empty() ? reporter_.times().checkpoint_limit(0) : PhoneSpan(0);
    for (const auto id : open_order_) limit = std::max(limit, reporter_.times().checkpoint_limit(id));
    return limit;
}

std::string PhoneMessages::where() const {
    if (open_order_.empty()) return last_;
    const auto found = open_.find(open_order_.back());
    return found != open_.end() ? found->second : last_;
}

}  // namespace unbrick::recovery::restore
