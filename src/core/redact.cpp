#include "src/core/redact.h"

#include <array>

#include "src/base/text.h"

namespace unbrick::core {

namespace {

constexpr std::array<std::string_view, 14> kIdentifiers = {"ecid", "phone", "udid", "serial", "serial_number", "serialnumber", "imei", "meid",
                                                           "iccid", "uniquechipid", "uniquedeviceid", "phone_name", "devicename", "user"};
constexpr std::size_t kShortest = 4;                   // shorter words would be replaced inside others

}  // namespace

Redactor::Redactor(bool show) : show_(show), names_(show ? nullptr : device::Pseudonyms::of_this_computer()) {}

void Redactor::learn(std::string_view identifier) {
    if (!show_ && identifier.size() >= kShortest) names_->learn(identifier);
}

void Redactor::learn_from(const base::Json& document) {
    if (show_) return;
    if (document.is_array())
        for (const auto& item : document) learn_from(item);
    if (!document.is_object()) return;
    for (const auto& [key, value] : document.items()) {
        const auto name = base::to_lower(key);
        bool identifies = false;
        for (const auto known : kIdentifiers) identifies |= name == known || base::ends_with(name, "." + std::string(known));
        if (identifies && value.is_string() && !base::contains(value.get<std::string>(), " ")) learn(value.get<std::string>());
        else learn_from(value);
    }
    // Evidence: {"key": "phone.ecid", "value": ...}
    const auto key = base::json_string(document, "key").value_or("");
    for (const auto known : kIdentifiers)
        if (base::ends_with(key, "." + std::string(known)))
            if (const auto value = base::json_string(document, "value")) learn(*value);
}

std::string Redactor::text(std::string_view text) const { return show_ ? std::string(text) : names_->redact(text); }

base::OrderedJson Redactor::json(const base::OrderedJson& document) const {
    if (show_) return document;
    if (document.is_string()) return text(document.get<std::string>());
    if (document.is_array()) {
        auto list = base::OrderedJson::array();
        for (const auto& item : document) list.push_back(json(item));
        return list;
    }
    if (document.is_object()) {
        auto object = base::OrderedJson::object();
        for (const auto& [key, value] : document.items()) object[key] = json(value);
        return object;
    }
    return document;
}

}  // namespace unbrick::core
