#include "src/knowledge/numbers.h"

#include <fmt/core.h>

#include <algorithm>

#include "src/base/text.h"

namespace unbrick::knowledge {

std::optional<std::int64_t> code_number(std::string_view text) {
    text = base::trim(text);
    if (text.size() > 2 && text.front() == '(' && text.back() == ')') text = text.substr(1, text.size() - 2);
    const bool negative_hex = base::starts_with(text, "-0x");
    if (base::starts_with(text, "0x") || base::starts_with(text, "0X") || negative_hex) {
        const auto value = base::parse_hex(negative_hex ? text.substr(1) : text);
        constexpr std::uint64_t kLargest = 0x7FFFFFFFFFFFFFFFu;
        if (!value || *value > kLargest) return std::nullopt;
        return negative_hex ? -static_cast<std::int64_t>(*value) : static_cast<std::int64_t>(*value);
    }
    return base::parse_int(text);
}

bool same_code(std::int64_t a, std::int64_t b) {
    if (a == b) return true;
    const auto fits = [](std::int64_t value) { return value >= INT32_MIN && value <= static_cast<std::int64_t>(UINT32_MAX); };
    return fits(a) && fits(b) && static_cast<std::uint32_t>(a) == static_cast<std::uint32_t>(b);
}

std::string hexadecimal(std::int64_t code) { return fmt::format("0x{:X}", static_cast<std::uint32_t>(code)); }

std::set<std::int64_t> numbers_in_sensor_array(std::string_view panic) {
    std::set<std::int64_t> numbers;
    const auto lower = base::to_lower(panic);
    constexpr std::string_view kLabel = "sensor array";
    for (auto at = lower.find(kLabel); at != std::string::npos; at = lower.find(kLabel, at + 1)) {
        // The line ends at a real line break, or at "\n" spelled out as in JSON.
        auto end = lower.find('\n', at);
        end = std::min(end, lower.find("\\n", at));
        const auto line = std::string_view(lower).substr(at + kLabel.size(), end == std::string::npos ? std::string::npos : end - at - kLabel.size());
        std::size_t i = 0;
        while (i < line.size()) {
            const auto is_part = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z'); };
            if (!is_part(line[i])) { ++i; continue; }
            auto stop = i;
            while (stop < line.size() && is_part(line[stop])) ++stop;
            const auto word = line.substr(i, stop - i);
            if (const auto value = base::starts_with(word, "0x") ? code_number(word) : base::parse_int(word)) numbers.insert(*value);
            i = stop;
        }
    }
    return numbers;
}

}  // namespace unbrick::knowledge
