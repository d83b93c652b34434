#include "src/device/iboot_string.h"

#include <algorithm>

namespace unbrick::device {

namespace {

constexpr std::size_t kLongestText = 1024;
constexpr std::size_t kLongestNonce = 64;

std::optional<std::uint32_t> hex32(std::string_view text) {
    const auto value = base::parse_hex(text);
    if (!value || *value > 0xffffffffu) return std::nullopt;
    return static_cast<std::uint32_t>(*value);
}

// The value of KEY: up to the next space, or inside brackets up to "]". Keys are found at the start or
// after a space, so that a value never passes for a key.
std::optional<std::string_view> value_of(std::string_view text, std::string_view key) {
    std::size_t at = 0;
    while ((at = text.find(key, at)) != std::string_view::npos) {
        const bool at_start = at == 0 || text[at - 1] == ' ';
        const std::size_t colon = at + key.size();
        if (!at_start || colon >= text.size() || text[colon] != ':') {
            at = colon;
            continue;
        }
        const auto rest = text.substr(colon + 1);
        if (!rest.empty() && rest.front() == '[') {
            const auto close = rest.find(']');
            return rest.substr(1, close == std::string_view::npos ? std::string_view::npos : close - 1);
        }
        return rest.substr(0, rest.find(' '));
    }
    return std::nullopt;
}

std::string printable(std::optional<std::string_view> text) {
    std::string result;
    if (!text) return result;
    for (const char letter : text->substr(0, 128))
        if (letter > 0x20 && letter < 0x7f) result += letter;
    return result;
}

base::Bytes nonce_of(std::string_view text, std::string_view tag) {
    const auto value = value_of(text, tag);
    if (!value || value->size() % 2 != 0 || value->size() > kLongestNonce * 2) return {};
    return base::from_hex(*value).value_or(base::Bytes{});
}

}  // namespace

std::optional<std::uint32_t> IbootInfo::bdid() const {
    if (!bdid_long) return std::nullopt;
    return static_cast<std::uint32_t>(*bdid_long & 0xffffffffu);
}

IbootInfo parse_iboot_string(std::string_view text) {
    text = text.substr(0, kLongestText);
    IbootInfo info;
    const auto number = [&](std::string_view key) {
        const auto value = value_of(text, key);
        return value ? hex32(*value) : std::nullopt;
    };
    info.cpid = number("CPID");
    info.cprv = number("CPRV");
    info.cpfm = number("CPFM");
    info.scep = number("SCEP");
    info.ibfl = number("IBFL");
    info.prev = number("PREV");
    if (const auto value = value_of(text, "BDID")) info.bdid_long = base::parse_hex(*value);
    if (const auto value = value_of(text, "ECID"))
        if (const auto ecid = base::parse_hex(*value); ecid && *ecid != 0) info.ecid = Ecid{*ecid};
    info.srtg = printable(value_of(text, "SRTG"));
    info.srnm = printable(value_of(text, "SRNM"));
    info.imei = printable(value_of(text, "IMEI"));
    info.pwnd = printable(value_of(text, "PWND"));
    return info;
}

void parse_nonce_string(std::string_view text, IbootInfo& into) {
    text = text.substr(0, kLongestText);
    into.ap_nonce = nonce_of(text, "NONC");
    into.sep_nonce = nonce_of(text, "SNON");
}

}  // namespace unbrick::device
