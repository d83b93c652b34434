#include "src/base/plist.h"

#include <fmt/core.h>

#include <cstdlib>

namespace unbrick::base {

namespace {

plist_t member(plist_t node, std::string_view key) {
    if (node == nullptr || plist_get_node_type(node) != PLIST_DICT) return nullptr;
    return plist_dict_get_item(node, std::string(key).c_str());
}

// libplist reads XML recursively; a file of a million "<array>" must not take the stack with it.
bool nested_too_deep(std::string_view xml) {
    constexpr int kMaxDepth = 128;
    int depth = 0;
    for (std::size_t i = 0; i + 1 < xml.size(); ++i) {
        if (xml[i] != '<') continue;
        const auto rest = xml.substr(i + 1, 6);
        if (starts_with(rest, "dict>") || starts_with(rest, "array>")) {
            if (++depth > kMaxDepth) return true;
        } else if (starts_with(rest, "/dict>") || starts_with(rest, "/array")) {
            --depth;
        }
    }
    return false;
}

}  // namespace

Result<Plist> Plist::parse(ByteView bytes, std::string_view name) {
    if (bytes.size() > 0x7FFFFFFFu) return fail(ErrorCode::LimitExceeded, fmt::format("{}: too large for a property list", name));
    const auto text = as_text(bytes);
    plist_t node = nullptr;
    const auto length = static_cast<std::uint32_t>(bytes.size());
    if (starts_with(text, "bplist0")) {
        plist_from_bin(text.data(), length, &node);
    } else {
        if (nested_too_deep(text)) return fail(ErrorCode::InvalidInput, fmt::format("{}: property list nested too deep", name));
        plist_from_xml(text.data(), length, &node);
    }
    if (node == nullptr) return fail(ErrorCode::InvalidInput, fmt::format("{}: not a property list", name));
    return Plist(node);
}

Plist Plist::at(std::string_view key) const { return copy_of(member(node_, key)); }

Plist Plist::at_path(std::initializer_list<std::string_view> keys) const {
    plist_t node = node_;
    for (const auto key : keys) node = member(node, key);
    return copy_of(node);
}

bool Plist::has(std::string_view key) const { return member(node_, key) != nullptr; }

std::vector<std::string> Plist::keys() const {
    std::vector<std::string> names;
    if (!is_dict()) return names;
    plist_dict_iter iterator = nullptr;
    plist_dict_new_iter(node_, &iterator);
    for (;;) {
        char* key = nullptr;
        plist_t value = nullptr;
        plist_dict_next_item(node_, iterator, &key, &value);
        if (key == nullptr) break;
        names.emplace_back(key);
        std::free(key);
    }
    std::free(iterator);
    return names;
}

std::size_t Plist::size() const {
    if (is_dict()) return plist_dict_get_size(node_);
    if (is_array()) return plist_array_get_size(node_);
    return 0;
}

Plist Plist::item(std::size_t index) const {
    if (!is_array() || index >= size()) return {};
    return copy_of(plist_array_get_item(node_, static_cast<std::uint32_t>(index)));
}

std::optional<std::string> Plist::as_string() const {
    if (!is_string()) return std::nullopt;
    char* text = nullptr;
    plist_get_string_val(node_, &text);
    if (text == nullptr) return std::string();
    std::string value(text);
    std::free(text);
    return value;
}

std::optional<std::uint64_t> Plist::as_integer() const {
    if (type() != PLIST_UINT) return std::nullopt;
    std::uint64_t value = 0;
    plist_get_uint_val(node_, &value);
    return value;
}

std::optional<bool> Plist::as_boolean() const {
    if (type() != PLIST_BOOLEAN) return std::nullopt;
    std::uint8_t value = 0;
    plist_get_bool_val(node_, &value);
    return value != 0;
}

std::optional<double> Plist::as_real() const {
    if (type() == PLIST_UINT) return static_cast<double>(*as_integer());
    if (type() != PLIST_REAL) return std::nullopt;
    double value = 0;
    plist_get_real_val(node_, &value);
    return value;
}

std::optional<Bytes> Plist::as_data() const {
    if (!is_data()) return std::nullopt;
    char* raw = nullptr;
    std::uint64_t length = 0;
    plist_get_data_val(node_, &raw, &length);
    Bytes bytes;
    if (raw != nullptr) {
        const auto* first = reinterpret_cast<const std::uint8_t*>(raw);
        bytes.assign(first, first + length);
        std::free(raw);
    }
    return bytes;
}

Plist& Plist::set(std::string_view key, Plist value) & {
    if (node_ == nullptr) node_ = plist_new_dict();
    if (is_dict() && value) plist_dict_set_item(node_, std::string(key).c_str(), value.release());
    return *this;
}

Plist& Plist::append(Plist value) & {
    if (node_ == nullptr) node_ = plist_new_array();
    if (is_array() && value) plist_array_append_item(node_, value.release());
    return *this;
}

void Plist::remove(std::string_view key) {
    if (has(key)) plist_dict_remove_item(node_, std::string(key).c_str());
}

std::string Plist::to_xml() const {
    char* text = nullptr;
    std::uint32_t length = 0;
    if (node_ != nullptr) plist_to_xml(node_, &text, &length);
    std::string xml = text != nullptr ? std::string(text, length) : std::string();
    std::free(text);
    return xml;
}

Bytes Plist::to_binary() const {
    char* raw = nullptr;
    std::uint32_t length = 0;
    if (node_ != nullptr) plist_to_bin(node_, &raw, &length);
    Bytes bytes;
    if (raw != nullptr) bytes.assign(reinterpret_cast<std::uint8_t*>(raw), reinterpret_cast<std::uint8_t*>(raw) + length);
    std::free(raw);
    return bytes;
}

Json Plist::to_json(std::size_t data_limit) const {
    switch (type()) {
        case PLIST_DICT: {
            Json object = Json::object();
            for (const auto& key : keys()) object[to_valid_utf8(key)] = at(key).to_json(data_limit);
            return object;
        }
        case PLIST_ARRAY: {
            Json array = Json::array();
            for (std::size_t i = 0; i < size(); ++i) array.push_back(item(i).to_json(data_limit));
            return array;
        }
        case PLIST_STRING: return to_valid_utf8(*as_string());
        case PLIST_UINT: return *as_integer();
        case PLIST_REAL: return *as_real();
        case PLIST_BOOLEAN: return *as_boolean();
        case PLIST_DATA: {
            const auto bytes = *as_data();
            if (bytes.size() <= data_limit) return Json{{"$data", to_base64(bytes)}};
            return Json{{"$data_length", bytes.size()}};
        }
        case PLIST_DATE: {
            std::int32_t seconds = 0, microseconds = 0;
            plist_get_date_val(node_, &seconds, &microseconds);
            return Json{{"$date", static_cast<std::int64_t>(seconds) + 978307200}};  // 2001-01-01 as Unix time
        }
        default: return nullptr;
    }
}

}  // namespace unbrick::base
