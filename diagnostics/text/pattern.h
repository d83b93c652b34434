// One regular expression (RE2 syntax, case does not matter), compiled when it is first needed, with the
// fixed texts of which one must occur before it can match.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace re2 { class RE2; }

namespace unbrick::diagnostics {

class Pattern {
public:
    explicit Pattern(std::string expression);
    ~Pattern();
    Pattern(Pattern&&) noexcept;
    Pattern& operator=(Pattern&&) noexcept;

    bool matches(std::string_view text) const;
    // The text of the first group (of the whole match when there is none); false without a match.
    bool capture(std::string_view text, std::string& group) const;
    const std::string& expression() const { return expression_; }
    bool valid() const;
    std::string error() const;
    // Lower case; empty when none can be derived (then the expression has to be tried on every line).
    std::vector<std::string> required_literals() const;

private:
    const re2::RE2& compiled() const;
    std::string expression_;
    mutable std::unique_ptr<re2::RE2> compiled_;   // one thread at a time
};

}  // namespace unbrick::diagnostics
