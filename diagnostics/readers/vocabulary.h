// What readers know of the words of programs and people: knowledge/readers/*.json, one file a reader.
// A marker is one thing that a line can say; it has an id, patterns, and perhaps a stage.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "diagnostics/text/literal_set.h"
#include "diagnostics/text/pattern.h"
#include "src/knowledge/knowledge.h"

namespace unbrick::diagnostics {

enum class StageMark : std::uint8_t { None, Begun, Failed, Done };

struct Marker {
    std::string id;
    std::string key;                 // evidence key: "log.marker", "symptom", "history", "log.kind", "host"
    std::string reader;
    std::vector<Pattern> match;      // any of them
    std::vector<Pattern> unless;     // none of them on the same line
    std::string stage;
    StageMark mark = StageMark::None;
    double strength = 3;             // of the stage, where the marker has one
    bool joined = true;              // may be found over a line break
};

class Vocabulary {
public:
    explicit Vocabulary(const knowledge::Knowledge& knowledge);
    const std::vector<Marker>& markers() const { return markers_; }
    const Marker* find(std::string_view id) const;
    // found(marker index) for each marker that may match: its patterns still have to be tried.
    template <class Found>
    void candidates(std::string_view line, Found&& found) const {
        literals_.scan(line, found);
        for (const auto index : always_) found(index);
    }
    const std::vector<std::string>& errors() const { return errors_; }

private:
    void load(const base::Json& document, const std::string& name);
    std::vector<Marker> markers_;
    std::unordered_map<std::string, std::size_t> by_id_;
    LiteralSet literals_;
    std::vector<std::uint32_t> always_;
    std::vector<std::string> errors_;
};

// "begun", "failed", "done"; anything else is None.
StageMark parse_stage_mark(std::string_view text);

}  // namespace unbrick::diagnostics
