// How people and programs write error numbers.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace unbrick::knowledge {

// "4013", "-50", "0xE", "0xE8000013", "(4013)"; nothing when it is no number.
std::optional<std::int64_t> code_number(std::string_view text);
// The same 32 bits: 3892314131, -402653165 and 0xE8000013 are one code.
bool same_code(std::int64_t a, std::int64_t b);
std::string hexadecimal(std::int64_t code);
// The numbers on the lines "S.sensor array" and "F.sensor array" of a panic, hexadecimal or decimal.
std::set<std::int64_t> numbers_in_sensor_array(std::string_view panic);

}  // namespace unbrick::knowledge
