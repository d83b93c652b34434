#include "gui/knowledge_index.h"

#include <algorithm>

#include "gui/vocabulary.h"
#include "src/base/text.h"

namespace unbrick::gui {

namespace {

std::string plain(const base::Json& value) {
    if (value.is_string()) return value.get<std::string>();
    if (value.is_number() || value.is_boolean()) return value.dump();
    return {};
}

}  // namespace

KnowledgeIndex::KnowledgeIndex(const knowledge::Knowledge& knowledge, const knowledge::Texts& texts) : knowledge_(knowledge), texts_(texts) {
    for (const auto& name : knowledge_.documents_in("articles")) {
        const auto& document = knowledge_.document("articles/" + name.substr(name.rfind('/') == std::string::npos ? 0 : name.rfind('/') + 1));
        add("article", name, base::Json::array({document}));
    }
    add("article", "articles", base::json_at(knowledge_.document("articles"), "articles"));
    add("error", "errors", base::json_at(knowledge_.document("errors"), "errors"));
    add("error", "errors", base::json_at(knowledge_.document("errors"), "codes"));
    add("panic", "panics", base::json_at(knowledge_.document("panics"), "signatures"));
    add("symptom", "symptoms", base::json_at(knowledge_.document("symptoms"), "symptoms"));
    add("cause", "causes", base::json_at(knowledge_.document("causes"), "causes"));
    add("device", "devices", base::json_at(knowledge_.document("devices"), "devices"));
}

std::string KnowledgeIndex::resolve(const base::Json& entry, std::initializer_list<const char*> names) const {
    for (const char* name : names) {
        for (const auto& member : {std::string(name) + "_key", std::string(name)}) {
            const auto value = plain(base::json_at(entry, member));
            if (value.empty()) continue;
            if (texts_.has(value)) return texts_.get(value);
            if (!base::ends_with(member, "_key")) return value;
        }
    }
    return {};
}

void KnowledgeIndex::add(std::string_view kind, std::string_view folder, const base::Json& list) {
    if (!list.is_array()) return;
    for (const auto& data : list) {
        if (!data.is_object()) continue;
        KnowledgeEntry entry;
        entry.kind = kind;
        entry.data = nullptr;
        std::string own = resolve(data, {"id", "product_type", "code"});
        if (own.empty()) continue;
        entry.id = std::string(folder) + "/" + own + (data.contains("domain") ? "@" + plain(data["domain"]) : std::string());
        entry.title = resolve(data, {"title", "name"});
        entry.summary = resolve(data, {"meaning", "summary", "text", "words"});
        if (kind == "error") {
            const std::string code = plain(base::json_at(data, "code"));
            entry.title = (code.empty() ? own : code) + (entry.title.empty() ? "" : "  ·  " + entry.title);
        }
        if (kind == "device") entry.summary = own + "  ·  " + plain(base::json_at(data, "soc"));
        if (entry.title.empty()) entry.title = entry.summary.empty() ? own : entry.summary;
        if (kind == "article") entry.id = "article/" + own;
        std::replace(entry.summary.begin(), entry.summary.end(), '\n', ' ');
        entry.haystack = base::to_lower(own + " " + entry.title + " " + entry.summary + " " + data.dump());
        entry.data = &data;
        if (kind == "article") {   // its document was wrapped for add(); the document itself lives in the knowledge base
            const auto& kept = knowledge_.document("articles/" + own);
            if (kept.is_object()) entry.data = &kept;
        }
        const bool known = std::any_of(entries_.begin(), entries_.end(), [&](const auto& other) { return other.id == entry.id; });
        if (!known || kind == "error") {
            if (known) entry.id += "#" + std::to_string(entries_.size());
            entries_.push_back(std::move(entry));
        }
    }
}

const KnowledgeEntry* KnowledgeIndex::find(std::string_view id) const {
    const auto found = std::find_if(entries_.begin(), entries_.end(), [&](const auto& entry) { return entry.id == id; });
    return found == entries_.end() ? nullptr : &*found;
}

const std::vector<const KnowledgeEntry*>& KnowledgeIndex::search(std::string_view words, std::size_t most) {
    if (words == last_words_) return last_found_;
    last_words_ = words;
    last_found_.clear();
    const std::string lower = base::to_lower(base::trim(words));
    const auto parts = base::split(lower, ' ');
    std::vector<std::pair<int, const KnowledgeEntry*>> ranked;
    for (const auto& entry : entries_) {
        if (lower.empty()) {
            if (entry.kind == "article") ranked.emplace_back(0, &entry);
            continue;
        }
        bool all = true;
        for (const auto part : parts) all = all && (part.empty() || base::contains(entry.haystack, part));
        if (!all) continue;
        const std::string title = base::to_lower(entry.title);
        const std::string first = title.substr(0, title.find(' '));
        ranked.emplace_back(first == lower ? 0 : base::starts_with(title, lower) ? 1 : base::contains(title, lower) ? 2 : 3, &entry);
    }
    if (ranked.empty() && lower.empty())
        for (const auto& entry : entries_)
            if (entry.kind == "symptom") ranked.emplace_back(1, &entry);
    std::stable_sort(ranked.begin(), ranked.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    for (const auto& [rank, entry] : ranked)
        if (last_found_.size() < most) last_found_.push_back(entry);
    return last_found_;
}

std::vector<std::pair<std::string, std::string>> KnowledgeIndex::details(const KnowledgeEntry& entry, const Ui& ui) const {
    std::vector<std::pair<std::string, std::string>> parts;
    if (entry.data == nullptr) return parts;
    const auto& data = *entry.data;
    auto add_part = [&](const char* key, std::string value) {
        if (!value.empty() && value != entry.title) parts.emplace_back(key == nullptr ? std::string() : ui.texts->get(key), std::move(value));
    };
    add_part(nullptr, resolve(data, {"meaning", "summary", "words"}));
    add_part(nullptr, resolve(data, {"text", "body"}));
    add_part("gui.knowledge.advice", resolve(data, {"advice", "what_to_do"}));
    const auto& sections = base::json_at(data, "sections");
    for (const auto& section : sections) {
        const std::string title = resolve(section, {"title", "heading"});
        const std::string words = section.is_string() ? (texts_.has(section.get<std::string>()) ? texts_.get(section.get<std::string>()) : section.get<std::string>())
                                                      : resolve(section, {"text", "body"});
        if (!words.empty()) parts.emplace_back(title, words);
    }
    std::string causes;
    for (const auto& cause : base::json_at(data, "causes")) {
        const std::string id = cause.is_string() ? cause.get<std::string>() : base::json_string(cause, "cause").value_or("");
        if (!id.empty()) causes += (causes.empty() ? "" : "\n") + cause_title(ui, knowledge_, id);
    }
    add_part("gui.knowledge.causes", causes);
    if (entry.kind == "device") {
        std::string facts;
        for (const char* name : {"product_type", "soc", "connector", "first_ios", "last_ios", "button_class"}) {
            const std::string value = plain(base::json_at(data, name));
            if (!value.empty()) facts += (facts.empty() ? "" : "\n") + base::replace_all(name, "_", " ") + ": " + value;
        }
        add_part("gui.knowledge.facts", facts);
    }
    const std::string sureness = plain(base::json_at(data, "sureness"));
    if (!sureness.empty()) {
        const std::string key = "gui.knowledge.sureness." + sureness;
        add_part("gui.knowledge.sure", ui.has(key) ? ui.tr(key) : sureness);
    }
    std::string sources;
    const auto& known = knowledge_.document("sources");
    const auto& list = known.is_array() ? known : base::json_at(known, "sources");
    for (const auto& source : base::json_at(data, "sources")) {
        const std::string id = plain(source);
        std::string words = id;
        if (list.is_array())
            for (const auto& each : list)
                if (base::json_string(each, "id") == id) words = base::json_string(each, "url").value_or(base::json_string(each, "note").value_or(id));
        if (list.is_object() && list.contains(id)) words = base::json_string(list[id], "url").value_or(base::json_string(list[id], "note").value_or(id));
        if (!words.empty()) sources += (sources.empty() ? "" : "\n") + words;
    }
    add_part("gui.knowledge.sources", sources);
    return parts;
}

}  // namespace unbrick::gui
