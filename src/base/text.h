// Text and bytes: conversions that do not depend on the locale.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace unbrick::base {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

std::string to_hex(ByteView bytes, bool upper = false);
std::optional<Bytes> from_hex(std::string_view text);
std::string to_base64(ByteView bytes);
std::optional<Bytes> from_base64(std::string_view text);

// Whole text or nothing; a leading 0x is accepted for hex.
std::optional<std::uint64_t> parse_hex(std::string_view text);
std::optional<std::int64_t> parse_int(std::string_view text);
std::optional<double> parse_double(std::string_view text);

std::string_view trim(std::string_view text);
std::vector<std::string_view> split(std::string_view text, char separator);
std::vector<std::string_view> split_lines(std::string_view text);
bool starts_with(std::string_view text, std::string_view prefix);
bool ends_with(std::string_view text, std::string_view suffix);
bool contains(std::string_view text, std::string_view part);
// ASCII only, so that it is the same under every locale (tr_TR included).
std::string to_lower(std::string_view text);
std::string to_upper(std::string_view text);
std::string replace_all(std::string text, std::string_view from, std::string_view to);
// Makes any bytes valid UTF-8 (bad sequences become U+FFFD), so that JSON can carry them.
std::string to_valid_utf8(std::string_view text);

inline std::string_view as_text(ByteView bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
inline ByteView as_bytes(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

}  // namespace unbrick::base
