// Observation (a raw fact and where it came from) and Evidence (the same, normalised to a key).
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/json.h"

namespace unbrick::diagnostics {

enum class Origin { Probe, Log, Person, EarlierAttempt };
std::string_view to_string(Origin origin);

struct Observation {
    Origin origin = Origin::Probe;
    std::string source;       // probe id, file name, "about", "--error" ...
    std::size_t line = 0;     // 1-based, 0 where there are no lines
    std::string text;         // the line, or what the phone answered; redacted before it is stored
};

// Keys are lower-case dotted words ("phone.mode", "battery.level", "error", "log.marker"); their list
// with types and meanings is knowledge/evidence.json, and the tests keep code and list equal.
struct Evidence {
    std::string key;
    base::Json value;
    Observation from;
    std::optional<std::chrono::system_clock::time_point> when;
};

class EvidenceSet {
public:
    std::size_t add(Evidence evidence);   // its index, which hypotheses refer to
    void append(const EvidenceSet& other);
    const std::vector<Evidence>& all() const { return items_; }
    const Evidence& operator[](std::size_t index) const { return items_[index]; }
    std::size_t size() const { return items_.size(); }
    const Evidence* find(std::string_view key) const;   // the newest of that key
    std::vector<std::size_t> indexes_of(std::string_view key) const;
    base::Json to_json() const;

private:
    std::vector<Evidence> items_;
};

}  // namespace unbrick::diagnostics
