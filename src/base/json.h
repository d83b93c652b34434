// JSON without exceptions at module borders.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "src/base/result.h"

namespace unbrick::base {

using Json = nlohmann::json;
using OrderedJson = nlohmann::ordered_json;  // where the order of keys is read by people

// Errors: InvalidInput with `name`, line and column.
Result<Json> parse_json(std::string_view text, std::string_view name);
// Errors: as read_text_file, then as parse_json.
Result<Json> load_json(const std::filesystem::path& path);

// Bytes that are not UTF-8 are replaced, never thrown over. indent < 0: one line.
std::string dump_json(const Json& value, int indent = -1);
std::string dump_json(const OrderedJson& value, int indent = -1);

// Members of an object, or nothing when the value is no object, lacks the key or has another type.
std::optional<std::string> json_string(const Json& object, std::string_view key);
std::optional<std::int64_t> json_int(const Json& object, std::string_view key);
std::optional<double> json_double(const Json& object, std::string_view key);
std::optional<bool> json_bool(const Json& object, std::string_view key);
// A null value when absent; the reference lives as long as `object` (or for ever).
const Json& json_at(const Json& object, std::string_view key);

}  // namespace unbrick::base
