// Everything of the knowledge base that a person may look for, in one list that is searched as they type.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gui/widgets/ui.h"
#include "src/knowledge/knowledge.h"
#include "src/knowledge/texts.h"

namespace unbrick::gui {

struct KnowledgeEntry {
    std::string id;          // "errors/<id>": unique
    std::string kind;        // "error", "panic", "symptom", "device", "article", "cause"
    std::string title;
    std::string summary;
    std::string haystack;    // lower case: what is searched
    const base::Json* data = nullptr;
};

class KnowledgeIndex {
public:
    // Reads the documents that it lists; some milliseconds, so made when the view is first opened.
    KnowledgeIndex(const knowledge::Knowledge& knowledge, const knowledge::Texts& texts);

    // All words must be found; exact titles and numbers come first. Without words: the articles.
    const std::vector<const KnowledgeEntry*>& search(std::string_view words, std::size_t most);
    const KnowledgeEntry* find(std::string_view id) const;
    // Name and text of each part, for the eye: texts resolved, causes by their title, sources with address.
    std::vector<std::pair<std::string, std::string>> details(const KnowledgeEntry& entry, const Ui& ui) const;

private:
    void add(std::string_view kind, std::string_view folder, const base::Json& list);
    std::string resolve(const base::Json& entry, std::initializer_list<const char*> names) const;

    knowledge::Knowledge knowledge_;
    const knowledge::Texts& texts_;
    std::vector<KnowledgeEntry> entries_;
    std::string last_words_ = "\x01";
    std::vector<const KnowledgeEntry*> last_found_;
};

}  // namespace unbrick::gui
