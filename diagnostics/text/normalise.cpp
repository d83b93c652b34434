#include "diagnostics/text/normalise.h"

#include <array>
#include <utility>

namespace unbrick::diagnostics {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f'; }

// ESC [ ... letter, as terminals get it, and the same with the escape character lost ("[0;32m").
std::size_t colour_length(std::string_view text) {
    std::size_t at = 0;
    const bool escape = text[0] == '\x1b';
    if (escape) at = 1;
    if (at >= text.size() || text[at] != '[') return escape ? 1 : 0;
    ++at;
    const auto begin = at;
    while (at < text.size() && at < 16 && ((text[at] >= '0' && text[at] <= '9') || text[at] == ';' || text[at] == '?')) ++at;
    if (at >= text.size()) return escape ? at : 0;
    if (escape) return at + 1;
    return text[at] == 'm' && at > begin ? at + 1 : 0;
}

constexpr std::array<std::pair<std::string_view, std::string_view>, 17> kReplacements{{
    {"\u2019", "'"}, {"\u2018", "'"}, {"\u201c", "\""}, {"\u201d", "\""}, {"\u201e", "\""}, {"\u00ab", "\""},
    {"\u00bb", "\""}, {"\u2013", "-"}, {"\u2014", "-"}, {"\u2026", "..."}, {"\u00a0", " "}, {"\u202f", " "},
    {"\u200b", ""}, {"\u200e", ""}, {"\ufeff", ""}, {"\u2011", "-"}, {"\uff1a", ":"},
}};
constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kEntities{{
    {"&lt;", "<"}, {"&gt;", ">"}, {"&amp;", "&"}, {"&quot;", "\""}, {"&#39;", "'"}, {"&nbsp;", " "},
}};

}  // namespace

bool is_plain(std::string_view raw) {
    if (raw.empty()) return true;
    if (is_blank(raw.front()) || raw.front() == '>' || raw.front() == '|' || is_blank(raw.back())) return false;
    for (const char c : raw) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 0x80 || byte < 0x20 || c == '[' || c == '&' || c == '*') return false;
    }
    return true;
}

void normalise_line(std::string_view raw, std::string& out) {
    out.clear();
    // Quotes come nested and with blanks between: "> > text".
    bool quoted = true;
    while (quoted) {
        quoted = false;
        while (!raw.empty() && is_blank(raw.front())) raw.remove_prefix(1);
        if (raw.starts_with("&gt;")) { raw.remove_prefix(4); quoted = true; }
        else if (!raw.empty() && (raw.front() == '>' || raw.front() == '|')) { raw.remove_prefix(1); quoted = true; }
    }
    while (!raw.empty() && is_blank(raw.back())) raw.remove_suffix(1);
    for (std::size_t at = 0; at < raw.size();) {
        const char c = raw[at];
        const auto byte = static_cast<unsigned char>(c);
        const auto rest = raw.substr(at);
        if (c == '\x1b' || c == '[') {
            if (const auto length = colour_length(rest)) { at += length; continue; }
        } else if (byte >= 0x80) {
            bool replaced = false;
            for (const auto& [from, to] : kReplacements)
                if (rest.starts_with(from)) { out += to; at += from.size(); replaced = true; break; }
            if (replaced) continue;
        } else if (c == '&') {
            bool replaced = false;
            for (const auto& [from, to] : kEntities)
                if (rest.starts_with(from)) { out += to; at += from.size(); replaced = true; break; }
            if (replaced) continue;
        } else if (c == '*' && rest.starts_with("**")) {
            at += 2;
            continue;
        } else if (c == '\t') {
            out += ' ';
            ++at;
            continue;
        } else if (byte < 0x20) {
            ++at;
            continue;
        }
        out += c;
        ++at;
    }
}

bool looks_binary(std::string_view head) {
    if (head.size() > 4096) head = head.substr(0, 4096);
    std::size_t odd = 0;
    for (const char c : head) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x09 || (byte > 0x0d && byte < 0x20 && byte != 0x1b)) ++odd;
    }
    return odd * 10 > head.size();
}

}  // namespace unbrick::diagnostics
