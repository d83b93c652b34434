// The knowledge base for reading: search and explain, for the command line and the window.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "src/knowledge/devices.h"
#include "src/knowledge/knowledge.h"
#include "src/knowledge/texts.h"

namespace unbrick::knowledge {

struct Source {
    std::string id;
    std::string url;       // may be empty: then the entry carries no weight for its sake
    std::string kind;
    std::string quality;   // "high", "medium", "low"
};

struct LikelyCause {
    std::string cause;     // id of knowledge/causes.json
    std::string text;
    double weight = 0;     // 0: named, without weight
};

// One entry, made ready to be read: sentences in the catalogue's language.
struct Entry {
    std::string kind;      // "code", "panic", "symptom", "model", "article", "checkpoint", "operation"
    std::string id;        // "AMRestoreErrorDomain/14", "smc_13_800", "recovery-loop", "iPhone12,1", "myths", "0x065B"
    std::string title;
    std::vector<std::string> paragraphs;
    std::vector<std::pair<std::string, std::string>> facts;   // name and value
    std::vector<LikelyCause> causes;
    std::vector<std::string> steps;                           // what to do, gentlest first
    std::string sureness;                                     // id: "documented", "name-only", "high" ...
    std::vector<Source> sources;

    base::OrderedJson to_json() const;
    std::string to_text(const Texts& texts) const;
};

struct Hit {
    std::string kind;
    std::string id;
    std::string title;
    double score = 0;
};

// Reads documents when first asked. Thread-safe as Knowledge is; `knowledge` and `texts` must outlive it.
class Library {
public:
    Library(const Knowledge& knowledge, const Texts& texts);

    static const std::vector<std::string>& kinds();
    // All of a kind, in the order of their document. Errors: Usage when there is no such kind.
    base::Result<std::vector<Hit>> list(std::string_view kind) const;
    // The best first. Every word of the query must be found.
    std::vector<Hit> search(std::string_view query, std::size_t most = 40) const;
    std::optional<Entry> entry(std::string_view kind, std::string_view id) const;
    // "4013", "0xE", "-50", "AMRestoreErrorDomain/14", "panic <text of a panic>", "0x0655" with "checkpoint",
    // or the id or name of any entry. Several when domains share a number; none when nothing is known.
    std::vector<Entry> explain(std::string_view query) const;
    // Signatures that a panic text shows, the specific before the general.
    std::vector<Entry> explain_panic(std::string_view text) const;

private:
    struct Item {
        Hit hit;
        std::string haystack;   // lower case
    };
    const std::vector<Item>& items() const;
    std::vector<Entry> explain_code(std::string_view domain, std::int64_t code) const;
    Entry code_entry(const base::Json& code) const;
    Entry panic_entry(const base::Json& signature) const;
    Entry symptom_entry(const base::Json& symptom) const;
    Entry model_entry(const Model& model) const;
    Entry article_entry(const base::Json& article) const;
    Entry checkpoint_entry(const base::Json& checkpoint) const;
    Entry operation_entry(const base::Json& operation) const;
    void add_common(Entry& entry, const base::Json& from) const;
    void add_stage(Entry& entry, const base::Json& from) const;
    std::string cause_text(const std::string& id) const;

    const Knowledge& knowledge_;
    const Texts& texts_;
    Devices devices_;
    std::unordered_map<std::string, Source> sources_;
    std::unordered_map<std::string, std::string> action_keys_;   // of the actions in errors.json
    mutable std::once_flag once_;
    mutable std::vector<Item> items_;
};

}  // namespace unbrick::knowledge
