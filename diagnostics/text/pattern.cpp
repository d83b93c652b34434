#include "diagnostics/text/pattern.h"

#include <re2/re2.h>

#include <algorithm>

#include "src/base/text.h"

namespace unbrick::diagnostics {
namespace {

// The alternatives of `expression` at the top level, or of one group around all of it.
std::vector<std::string_view> alternatives(std::string_view expression) {
    std::vector<std::string_view> parts;
    int depth = 0;
    bool in_class = false;
    std::size_t begin = 0;
    for (std::size_t at = 0; at < expression.size(); ++at) {
        const char c = expression[at];
        if (c == '\\') { ++at; continue; }
        if (in_class) { in_class = c != ']'; continue; }
        if (c == '[') { in_class = true; if (at + 1 < expression.size() && expression[at + 1] == ']') ++at; }
        else if (c == '(') ++depth;
        else if (c == ')') --depth;
        else if (c == '|' && depth == 0) { parts.push_back(expression.substr(begin, at - begin)); begin = at + 1; }
    }
    parts.push_back(expression.substr(begin));
    return parts;
}

std::size_t group_end(std::string_view text, std::size_t open) {
    int depth = 0;
    bool in_class = false;
    for (std::size_t at = open; at < text.size(); ++at) {
        const char c = text[at];
        if (c == '\\') { ++at; continue; }
        if (in_class) { in_class = c != ']'; continue; }
        if (c == '[') { in_class = true; if (at + 1 < text.size() && text[at + 1] == ']') ++at; }
        else if (c == '(') ++depth;
        else if (c == ')' && --depth == 0) return at;
    }
    return std::string_view::npos;
}

std::vector<std::string> literals_of(std::string_view part, int level);

// The best run of fixed characters of one alternative, or the literals of one of its groups.
std::vector<std::string> literals_of_sequence(std::string_view part, int level) {
    std::string best, run;
    std::vector<std::string> from_group;
    auto shortest = [](const std::vector<std::string>& list) {
        std::size_t length = 0;
        for (const auto& one : list) length = length == 0 ? one.size() : std::min(length, one.size());
        return length;
    };
    auto end_run = [&] { if (run.size() > best.size()) best = run; run.clear(); };
    auto optional_follows = [&](std::size_t next) {
        return next < part.size() && (part[next] == '?' || part[next] == '*' || part[next] == '{');
    };
    for (std::size_t at = 0; at < part.size(); ++at) {
        const char c = part[at];
        if (c == '(') {
            end_run();
            const auto end = group_end(part, at);
            if (end == std::string_view::npos) return {};
            if (!optional_follows(end + 1) && level < 4) {
                auto inner = part.substr(at + 1, end - at - 1);
                if (inner.starts_with("?:")) inner.remove_prefix(2);
                if (!inner.starts_with("?")) {
                    auto found = literals_of(inner, level + 1);
                    if (shortest(found) > shortest(from_group)) from_group = std::move(found);
                }
            }
            at = end;
        } else if (c == '[') {
            end_run();
            std::size_t end = at + 1;
            if (end < part.size() && part[end] == '^') ++end;
            if (end < part.size() && part[end] == ']') ++end;
            while (end < part.size() && part[end] != ']') end += part[end] == '\\' ? 2 : 1;
            at = end;
        } else if (c == '.' || c == '^' || c == '$' || c == '*' || c == '+' || c == '?' ) {
            end_run();
        } else if (c == '{') {
            end_run();
            while (at < part.size() && part[at] != '}') ++at;
        } else {
            char literal = c;
            std::size_t next = at + 1;
            if (c == '\\') {
                if (next >= part.size()) break;
                literal = part[next];
                ++next;
                // \d, \w, \b ... stand for many characters or none.
                if ((literal >= 'a' && literal <= 'z') || (literal >= 'A' && literal <= 'Z') || (literal >= '0' && literal <= '9')) {
                    end_run();
                    at = next - 1;
                    continue;
                }
            }
            if (optional_follows(next)) end_run();
            else run += literal;
            at = next - 1;
        }
    }
    end_run();
    if (best.size() >= 3 && best.size() + 2 >= shortest(from_group)) return {base::to_lower(best)};
    if (!from_group.empty()) return from_group;
    if (best.size() >= 2) return {base::to_lower(best)};
    return {};
}

std::vector<std::string> literals_of(std::string_view expression, int level) {
    std::vector<std::string> all;
    for (const auto part : alternatives(expression)) {
        auto found = literals_of_sequence(part, level);
        if (found.empty()) return {};
        all.insert(all.end(), found.begin(), found.end());
    }
    return all;
}

}  // namespace

Pattern::Pattern(std::string expression) : expression_(std::move(expression)) {}
Pattern::~Pattern() = default;
Pattern::Pattern(Pattern&&) noexcept = default;
Pattern& Pattern::operator=(Pattern&&) noexcept = default;

const re2::RE2& Pattern::compiled() const {
    if (!compiled_) {
        RE2::Options options;
        options.set_case_sensitive(false);
        options.set_log_errors(false);
        options.set_max_mem(1 << 20);
        compiled_ = std::make_unique<re2::RE2>(expression_, options);
    }
    return *compiled_;
}

bool Pattern::valid() const { return compiled().ok(); }
std::string Pattern::error() const { return compiled().error(); }

bool Pattern::matches(std::string_view text) const {
    return compiled().ok() && RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), compiled());
}

bool Pattern::capture(std::string_view text, std::string& group) const {
    const auto& expression = compiled();
    if (!expression.ok()) return false;
    re2::StringPiece found[2];
    const int wanted = expression.NumberOfCapturingGroups() > 0 ? 2 : 1;
    const re2::StringPiece piece(text.data(), text.size());
    if (!expression.Match(piece, 0, text.size(), RE2::UNANCHORED, found, wanted)) return false;
    const auto& one = wanted == 2 && found[1].data() != nullptr ? found[1] : found[0];
    group.assign(one.data(), one.size());
    return true;
}

std::vector<std::string> Pattern::required_literals() const { return literals_of(expression_, 0); }

}  // namespace unbrick::diagnostics
