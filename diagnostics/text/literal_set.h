// Finds which of many fixed texts occur in a line, in one pass (Aho-Corasick over lower-cased ASCII).
// The filter in front of the regular expressions: without it every line would meet every expression.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace unbrick::diagnostics {

class LiteralSet {
public:
    // Only the first kUsed bytes of a literal are used: enough to filter, and the tables stay small.
    static constexpr std::size_t kUsed = 7;
    void add(std::string_view literal, std::uint32_t id);   // before build()
    void build();
    // Calls found(id) for each occurrence; the same id may come more than once.
    template <class Found>
    void scan(std::string_view text, Found&& found) const {
        std::uint32_t state = 0;
        for (const char c : text) {
            state = next_[state * width_ + classes_[static_cast<unsigned char>(c)]];
            if (state & kHit) {
                state &= ~kHit;
                for (auto at = first_[state]; at < first_[state + 1]; ++at) found(ids_[at]);
            }
        }
    }

private:
    static constexpr std::uint32_t kHit = 1U << 31;
    struct Literal { std::string text; std::uint32_t id; };
    std::vector<Literal> literals_;
    std::array<std::uint8_t, 256> classes_{};
    std::uint32_t width_ = 1;
    std::vector<std::uint32_t> next_{0};
    std::vector<std::uint32_t> first_{0, 0};
    std::vector<std::uint32_t> ids_;
};

}  // namespace unbrick::diagnostics
