#include "recovery/restore/restore_times.h"

#include "src/base/text.h"

namespace unbrick::recovery::restore {

RestoreTimes::RestoreTimes(const base::Json& document) {
    const auto& stages = base::json_at(document, "stages");
    if (stages.is_object())
        for (const auto& [id, value] : stages.items()) {
            StageTimes times;
            times.usual = PhoneSpan(base::json_double(value, "usual").value_or(60));
            times.longest = PhoneSpan(base::json_double(value, "longest").value_or(300));
            times.writing = base::json_bool(value, "writing").value_or(false);
            times.text_key = "restore.stage." + id;
            times.stop_text_key = "restore.stop." + base::json_string(value, "stop").value_or("nothing-changed");
            stages_.emplace(id, std::move(times));
        }
    const auto& checkpoints = base::json_at(document, "checkpoints");
    checkpoint_default_ = PhoneSpan(base::json_double(checkpoints, "default").value_or(180));
    if (checkpoints.is_object())
        for (const auto& [id, value] : checkpoints.items())
            if (const auto number = base::parse_hex(id); number && value.is_number())
                checkpoints_[static_cast<std::uint32_t>(*number)] = PhoneSpan(value.get<double>());
    const auto& settles = base::json_at(document, "settle");
    if (settles.is_object())
        for (const auto& [id, value] : settles.items())
            if (const auto seconds = base::json_double(value, "seconds")) settles_[id] = PhoneSpan(*seconds);
}

StageTimes RestoreTimes::stage(std::string_view id) const {
    if (const auto found = stages_.find(id); found != stages_.end()) return found->second;
    return {PhoneSpan(60), PhoneSpan(300), "restore.stage." + std::string(id), "restore.stop.nothing-changed", false};
}

PhoneSpan RestoreTimes::checkpoint_limit(std::uint32_t id) const {
    const auto found = checkpoints_.find(id & 0xFFFFu);
    return found != checkpoints_.end() ? found->second : checkpoint_default_;
}

PhoneSpan RestoreTimes::settle(std::string_view id) const {
    const auto found = settles_.find(id);
    return found != settles_.end() ? found->second : PhoneSpan(2);
}

}  // namespace unbrick::recovery::restore
