#include "diagnostics/text/literal_set.h"

#include <algorithm>

#include "src/base/text.h"

namespace unbrick::diagnostics {

void LiteralSet::add(std::string_view literal, std::uint32_t id) {
    literals_.push_back({base::to_lower(literal.substr(0, kUsed)), id});
}

void LiteralSet::build() {
    // Bytes that no literal uses share class 0; upper case has the class of lower case.
    classes_.fill(0);
    std::uint32_t count = 1;
    for (const auto& literal : literals_)
        for (const char c : literal.text) {
            auto& one = classes_[static_cast<unsigned char>(c)];
            if (one == 0 && count < 255) one = static_cast<std::uint8_t>(count++);
        }
    for (int c = 'a'; c <= 'z'; ++c) classes_[static_cast<std::size_t>(c - 'a' + 'A')] = classes_[static_cast<std::size_t>(c)];
    width_ = count;

    std::size_t longest = 1;
    for (const auto& literal : literals_) longest += literal.text.size();
    std::vector<std::uint32_t> go;
    go.reserve(longest / 2 * width_);               // literals share about half of their beginnings
    go.resize(width_, 0);       // 0 = no edge; the root is state 0 and has no parent
    std::vector<std::vector<std::uint32_t>> out(1);
    for (const auto& literal : literals_) {
        std::uint32_t state = 0;
        for (const char c : literal.text) {
            const auto edge = state * width_ + classes_[static_cast<unsigned char>(c)];
            if (go[edge] == 0) {
                go[edge] = static_cast<std::uint32_t>(out.size());
                out.emplace_back();
                go.resize(go.size() + width_, 0);
            }
            state = go[edge];
        }
        out[state].push_back(literal.id);
    }
    const auto states = static_cast<std::uint32_t>(out.size());
    std::vector<std::uint32_t> fail(states, 0), order;
    order.reserve(states);
    for (std::uint32_t c = 0; c < width_; ++c)
        if (go[c] != 0) order.push_back(go[c]);
    for (std::size_t head = 0; head < order.size(); ++head) {
        const auto state = order[head];
        const auto& inherited = out[fail[state]];
        out[state].insert(out[state].end(), inherited.begin(), inherited.end());
        for (std::uint32_t c = 0; c < width_; ++c) {
            auto& edge = go[state * width_ + c];
            const auto other = go[fail[state] * width_ + c];
            if (edge != 0) {
                fail[edge] = other;
                order.push_back(edge);
            } else {
                edge = other;
            }
        }
    }
    first_.assign(states + 1, 0);
    ids_.clear();
    for (std::uint32_t state = 0; state < states; ++state) {
        auto& list = out[state];
        std::sort(list.begin(), list.end());
        list.erase(std::unique(list.begin(), list.end()), list.end());
        first_[state] = static_cast<std::uint32_t>(ids_.size());
        ids_.insert(ids_.end(), list.begin(), list.end());
    }
    first_[states] = static_cast<std::uint32_t>(ids_.size());
    for (auto& edge : go)
        if (first_[edge] != first_[edge + 1]) edge |= kHit;
    next_ = std::move(go);
    literals_.clear();
}

}  // namespace unbrick::diagnostics
