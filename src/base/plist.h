// Property lists, by libplist: an owning value with typed readers that never fail loudly on the
// nonsense that a phone or a file may hold.
#pragma once

#include <plist/plist.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "src/base/json.h"
#include "src/base/result.h"
#include "src/base/text.h"

namespace unbrick::base {

class Plist {
public:
    Plist() = default;                                   // none
    explicit Plist(plist_t owned) : node_(owned) {}      // takes over the node
    static Plist copy_of(plist_t node) { return Plist(node != nullptr ? plist_copy(node) : nullptr); }
    Plist(const Plist& other) : node_(other.node_ != nullptr ? plist_copy(other.node_) : nullptr) {}
    Plist(Plist&& other) noexcept : node_(std::exchange(other.node_, nullptr)) {}
    Plist& operator=(Plist other) noexcept { std::swap(node_, other.node_); return *this; }
    ~Plist() { if (node_ != nullptr) plist_free(node_); }

    static Plist dict() { return Plist(plist_new_dict()); }
    static Plist array() { return Plist(plist_new_array()); }
    static Plist string(std::string_view text) { return Plist(plist_new_string(std::string(text).c_str())); }
    static Plist integer(std::uint64_t value) { return Plist(plist_new_uint(value)); }
    static Plist real(double value) { return Plist(plist_new_real(value)); }
    static Plist boolean(bool value) { return Plist(plist_new_bool(value ? 1 : 0)); }
    static Plist data(ByteView bytes) {
        return Plist(plist_new_data(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
    }
    // XML or binary. Errors: InvalidInput naming `name`. Depth and size are checked before parsing.
    static Result<Plist> parse(ByteView bytes, std::string_view name);

    explicit operator bool() const { return node_ != nullptr; }
    plist_t get() const { return node_; }
    plist_t release() { return std::exchange(node_, nullptr); }

    bool is_dict() const { return type() == PLIST_DICT; }
    bool is_array() const { return type() == PLIST_ARRAY; }
    bool is_string() const { return type() == PLIST_STRING; }
    bool is_data() const { return type() == PLIST_DATA; }
    plist_type type() const { return node_ != nullptr ? plist_get_node_type(node_) : PLIST_NONE; }

    // Of a dict: a copy of the member, or none.
    Plist at(std::string_view key) const;
    Plist at_path(std::initializer_list<std::string_view> keys) const;
    bool has(std::string_view key) const;
    std::vector<std::string> keys() const;              // in the order of the file
    std::size_t size() const;                           // members of a dict or array
    Plist item(std::size_t index) const;                // of an array: a copy, or none

    // Of this very node; nothing when the type is another.
    std::optional<std::string> as_string() const;
    std::optional<std::uint64_t> as_integer() const;    // negative numbers come as their 64-bit pattern
    std::optional<bool> as_boolean() const;
    std::optional<double> as_real() const;
    std::optional<Bytes> as_data() const;
    // Of a member.
    std::optional<std::string> string_at(std::string_view key) const { return at(key).as_string(); }
    std::optional<std::uint64_t> integer_at(std::string_view key) const { return at(key).as_integer(); }
    std::optional<bool> boolean_at(std::string_view key) const { return at(key).as_boolean(); }
    std::optional<Bytes> data_at(std::string_view key) const { return at(key).as_data(); }

    // Builders; they return *this so that a message reads as one expression.
    Plist& set(std::string_view key, Plist value) &;
    Plist& set(std::string_view key, std::string_view text) & { return set(key, string(text)); }
    Plist& set(std::string_view key, const char* text) & { return set(key, string(text)); }
    Plist&& set(std::string_view key, Plist value) && { set(key, std::move(value)); return std::move(*this); }
    Plist&& set(std::string_view key, std::string_view text) && { set(key, string(text)); return std::move(*this); }
    Plist&& set(std::string_view key, const char* text) && { set(key, string(text)); return std::move(*this); }
    Plist& append(Plist value) &;
    Plist&& append(Plist value) && { append(std::move(value)); return std::move(*this); }
    void remove(std::string_view key);

    std::string to_xml() const;
    Bytes to_binary() const;
    // For logs and reports: data becomes {"$data": base64} up to `data_limit` bytes, then its length.
    Json to_json(std::size_t data_limit = 64) const;

private:
    plist_t node_ = nullptr;
};

}  // namespace unbrick::base
