#include "src/base/json.h"

#include <fmt/core.h>

#include "src/base/file.h"
#include "src/base/text.h"

namespace unbrick::base {

namespace {

std::string reason_in(const std::string& message) {
    // The library's text is "[json.exception...] parse error at line 1, column 2: reason".
    const auto at = message.find(": ");
    return at == std::string::npos ? message : message.substr(at + 2);
}

}  // namespace

Result<Json> parse_json(std::string_view text, std::string_view name) {
    // Deep nesting would exhaust the stack in recursive destructors.
    constexpr int kMaxDepth = 256;
    int depth = 0;
    bool in_string = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (in_string) {
            if (c == '\\') ++i;
            else if (c == '"') in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '[' || c == '{') {
            if (++depth > kMaxDepth)
                return fail(ErrorCode::InvalidInput, fmt::format("{}: nested deeper than {}", name, kMaxDepth));
        } else if (c == ']' || c == '}') {
            --depth;
        }
    }
    try {
        return Json::parse(text);
    } catch (const Json::exception& trouble) {
        // The adapter is the one place where the library's exception becomes a value.
        const auto* parse = dynamic_cast<const Json::parse_error*>(&trouble);
        const std::size_t end = parse != nullptr && parse->byte > 0 ? parse->byte - 1 : 0;
        std::size_t line = 1, column = 1;
        for (std::size_t i = 0; i < end && i < text.size(); ++i) {
            if (text[i] == '\n') { ++line; column = 1; }
            else ++column;
        }
        return fail(ErrorCode::InvalidInput, fmt::format("{}: line {}, column {}: {}", name, line, column,
                                                         to_valid_utf8(reason_in(trouble.what()))));
    }
}

Result<Json> load_json(const std::filesystem::path& path) {
    UB_TRY(const auto text, read_text_file(path));
    return parse_json(text, path.string());
}

std::string dump_json(const Json& value, int indent) {
    return value.dump(indent, ' ', false, Json::error_handler_t::replace);
}

std::string dump_json(const OrderedJson& value, int indent) {
    return value.dump(indent, ' ', false, OrderedJson::error_handler_t::replace);
}

const Json& json_at(const Json& object, std::string_view key) {
    static const Json null;
    if (!object.is_object()) return null;
    const auto found = object.find(key);
    return found == object.end() ? null : *found;
}

std::optional<std::string> json_string(const Json& object, std::string_view key) {
    const auto& value = json_at(object, key);
    if (!value.is_string()) return std::nullopt;
    return value.get<std::string>();
}

std::optional<std::int64_t> json_int(const Json& object, std::string_view key) {
    const auto& value = json_at(object, key);
    if (!value.is_number_integer()) return std::nullopt;
    return value.get<std::int64_t>();
}

std::optional<double> json_double(const Json& object, std::string_view key) {
    const auto& value = json_at(object, key);
    if (!value.is_number()) return std::nullopt;
    return value.get<double>();
}

std::optional<bool> json_bool(const Json& object, std::string_view key) {
    const auto& value = json_at(object, key);
    if (!value.is_boolean()) return std::nullopt;
    return value.get<bool>();
}

}  // namespace unbrick::base
