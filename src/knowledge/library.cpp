#include "src/knowledge/library.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <regex>
#include <set>

#include "src/base/text.h"
#include "src/knowledge/numbers.h"

namespace unbrick::knowledge {

Library::Library(const Knowledge& knowledge, const Texts& texts)
    : knowledge_(knowledge), texts_(texts), devices_(Devices::read(knowledge)) {
    const auto text = [](const base::Json& object, std::string_view key) { return base::json_string(object, key).value_or(""); };
    for (const auto& source : base::json_at(knowledge_.document("sources"), "sources"))
        sources_.try_emplace(text(source, "id"), Source{text(source, "id"), text(source, "url"), text(source, "kind"), text(source, "quality")});
    for (const auto& action : base::json_at(knowledge_.document("errors"), "actions"))
        action_keys_.try_emplace(text(action, "id"), text(action, "text_key"));
}

const std::vector<std::string>& Library::kinds() {
    static const std::vector<std::string> kinds{"code", "panic", "symptom", "model", "article", "checkpoint", "operation"};
    return kinds;
}

const std::vector<Library::Item>& Library::items() const {
    std::call_once(once_, [this] {
        const auto add = [this](const Entry& entry, std::string more = {}) {
            Item item{{entry.kind, entry.id, entry.title, 0}, entry.id + " " + entry.title + " " + more};
            for (const auto& paragraph : entry.paragraphs) item.haystack += " " + paragraph;
            for (const auto& [name, value] : entry.facts) item.haystack += " " + value;
            item.haystack = base::to_lower(item.haystack);
            items_.push_back(std::move(item));
        };
        for (const auto& code : base::json_at(knowledge_.document("errors"), "codes"))
            if (code.is_object()) add(code_entry(code), hexadecimal(base::json_int(code, "code").value_or(0)));
        for (const auto& signature : base::json_at(knowledge_.document("panics"), "signatures"))
            if (signature.is_object()) add(panic_entry(signature), base::dump_json(base::json_at(signature, "match")));
        for (const auto& symptom : base::json_at(knowledge_.document("symptoms"), "symptoms"))
            if (symptom.is_object()) add(symptom_entry(symptom));
        for (const auto& model : devices_.all()) add(model_entry(model));
        for (const auto& name : knowledge_.documents_in("articles"))
            if (const auto& article = knowledge_.document(name); article.is_object()) add(article_entry(article));
        for (const auto& checkpoint : base::json_at(knowledge_.document("checkpoints"), "checkpoints"))
            if (checkpoint.is_object()) add(checkpoint_entry(checkpoint));
        for (const auto& operation : base::json_at(knowledge_.document("operations"), "operations"))
            if (operation.is_object()) add(operation_entry(operation));
    });
    return items_;
}

base::Result<std::vector<Hit>> Library::list(std::string_view kind) const {
    const auto& known = kinds();
    if (std::find(known.begin(), known.end(), kind) == known.end())
        return base::fail(base::ErrorCode::Usage, fmt::format("there is no kind \"{}\"; kinds: {}", kind, fmt::join(known, ", ")));
    std::vector<Hit> hits;
    for (const auto& item : items())
        if (item.hit.kind == kind) hits.push_back(item.hit);
    return hits;
}

std::vector<Hit> Library::search(std::string_view query, std::size_t most) const {
    std::vector<std::string> words;
    for (const auto word : base::split(query, ' '))
        if (const auto trimmed = base::trim(word); !trimmed.empty()) words.push_back(base::to_lower(trimmed));
    std::vector<Hit> hits;
    if (words.empty()) return hits;
    for (const auto& item : items()) {
        double score = 0;
        const auto title = base::to_lower(item.hit.title);
        const auto id = base::to_lower(item.hit.id);
        for (const auto& word : words) {
            if (!base::contains(item.haystack, word)) { score = 0; break; }
            const bool whole_id = id == word || base::ends_with(id, "/" + word);
            score += whole_id ? 10 : base::contains(title, word) ? 4 : base::contains(id, word) ? 3 : 1;
        }
        if (score <= 0) continue;
        if (item.hit.kind == "article" || item.hit.kind == "symptom") score += 1;   // written for owners
        hits.push_back(item.hit);
        hits.back().score = score;
    }
    std::stable_sort(hits.begin(), hits.end(), [](const Hit& a, const Hit& b) { return a.score > b.score; });
    if (hits.size() > most) hits.resize(most);
    return hits;
}

std::optional<Entry> Library::entry(std::string_view kind, std::string_view id) const {
    const auto find = [&](std::string_view document, std::string_view list, auto make) -> std::optional<Entry> {
        for (const auto& one : base::json_at(knowledge_.document(document), list))
            if (auto made = (this->*make)(one); one.is_object() && made.id == id) return made;
        return std::nullopt;
    };
    if (kind == "code") return find("errors", "codes", &Library::code_entry);
    if (kind == "panic") return find("panics", "signatures", &Library::panic_entry);
    if (kind == "symptom") return find("symptoms", "symptoms", &Library::symptom_entry);
    if (kind == "checkpoint") return find("checkpoints", "checkpoints", &Library::checkpoint_entry);
    if (kind == "operation") return find("operations", "operations", &Library::operation_entry);
    if (kind == "model") {
        const auto* model = devices_.by_product_type(id);
        return model == nullptr ? std::nullopt : std::optional(model_entry(*model));
    }
    if (kind == "article") {
        const auto names = knowledge_.documents_in("articles");
        const auto name = "articles/" + std::string(id);
        // Only a name that is really there: an id is text from outside and no path.
        if (std::find(names.begin(), names.end(), name) == names.end()) return std::nullopt;
        const auto& article = knowledge_.document(name);
        return article.is_object() ? std::optional(article_entry(article)) : std::nullopt;
    }
    return std::nullopt;
}

std::vector<Entry> Library::explain_code(std::string_view domain, std::int64_t code) const {
    struct Ranked {
        std::int64_t priority;
        Entry entry;
    };
    const auto& document = knowledge_.document("errors");
    std::vector<Ranked> found;
    for (const auto& one : base::json_at(document, "codes")) {
        const auto its_domain = base::json_string(one, "domain").value_or("");
        if (!same_code(base::json_int(one, "code").value_or(0), code)) continue;
        std::int64_t priority = 0;
        bool named = domain.empty();
        for (const auto& known : base::json_at(document, "domains")) {
            if (base::json_string(known, "id") != its_domain) continue;
            priority = base::json_int(known, "priority").value_or(0);
            named = named || base::to_lower(its_domain) == base::to_lower(domain);
            for (const auto& alias : base::json_at(known, "aliases"))
                named = named || (alias.is_string() && base::to_lower(alias.get<std::string>()) == base::to_lower(domain));
        }
        if (!named) continue;
        if (base::json_string(one, "sureness") == "name-only") priority -= 5;
        found.push_back({priority, code_entry(one)});
    }
    std::stable_sort(found.begin(), found.end(), [](const Ranked& a, const Ranked& b) { return a.priority > b.priority; });
    std::vector<Entry> entries;
    for (auto& one : found) entries.push_back(std::move(one.entry));
    if (!entries.empty() || !domain.empty()) return entries;
    // A host number that carries a status of the signing server.
    for (const auto& rule : base::json_at(document, "decoding")) {
        const auto from = base::json_int(rule, "from"), to = base::json_int(rule, "to"), subtract = base::json_int(rule, "subtract");
        const auto its_domain = base::json_string(rule, "domain");
        if (!from || !to || !subtract || !its_domain || code < *from || code > *to) continue;
        for (auto& entry : explain_code(*its_domain, code - *subtract)) {
            if (const auto text = base::json_string(rule, "text_key")) entry.paragraphs.insert(entry.paragraphs.begin(), texts_.get(*text));
            entries.push_back(std::move(entry));
        }
    }
    return entries;
}

std::vector<Entry> Library::explain_panic(std::string_view text) const {
    // Only the head of a log speaks of its cause; std::regex recurses over its text, so it gets no more than that.
    constexpr std::size_t kLongestText = 8000;
    const std::string head(text.substr(0, kLongestText));
    const auto lower = base::to_lower(head);
    const auto masks = numbers_in_sensor_array(head);
    const auto holds = [&](const base::Json& texts, bool all) {
        std::size_t there = 0;
        for (const auto& one : texts)
            if (one.is_string() && base::contains(lower, base::to_lower(one.get<std::string>()))) ++there;
        return all ? there == texts.size() : there > 0;
    };
    struct Match {
        std::int64_t priority;
        const base::Json* signature;
    };
    std::vector<Match> matches;
    std::set<std::string> suppressed;
    for (const auto& signature : base::json_at(knowledge_.document("panics"), "signatures")) {
        const auto& match = base::json_at(signature, "match");
        bool fits = match.is_object() && !match.contains("bug_types");
        if (const auto mask = base::json_int(match, "smc_mask")) fits = fits && masks.contains(*mask);
        if (const auto& values = base::json_at(match, "smc_values"); fits && values.is_array())
            fits = std::any_of(values.begin(), values.end(), [&](const base::Json& value) { return value.is_number_integer() && masks.contains(value.get<std::int64_t>()); });
        if (const auto pattern = base::json_string(match, "regex"); fits && pattern) {
            try {
                fits = std::regex_search(head, std::regex(*pattern, std::regex::ECMAScript | std::regex::icase));
            } catch (const std::regex_error&) {
                fits = false;   // `kb check` names it; a bad pattern or too deep a search is no match
            }
        }
        if (const auto& some = base::json_at(match, "contains"); fits && some.is_array()) fits = holds(some, false);
        if (const auto& all = base::json_at(match, "all"); fits && all.is_array()) fits = holds(all, true);
        if (const auto& none = base::json_at(match, "not_contains"); fits && none.is_array()) fits = !holds(none, false);
        if (!fits) continue;
        matches.push_back({base::json_int(signature, "priority").value_or(0), &signature});
        for (const auto& other : base::json_at(signature, "suppresses"))
            if (other.is_string()) suppressed.insert(other.get<std::string>());
    }
    std::stable_sort(matches.begin(), matches.end(), [](const Match& a, const Match& b) { return a.priority > b.priority; });
    std::vector<Entry> entries;
    for (const auto& match : matches)
        if (!suppressed.contains(base::json_string(*match.signature, "id").value_or(""))) entries.push_back(panic_entry(*match.signature));
    return entries;
}

std::vector<Entry> Library::explain(std::string_view query) const {
    const auto text = base::trim(query);
    const auto lower = base::to_lower(text);
    std::vector<Entry> entries;
    const auto after = [&](std::string_view word) -> std::optional<std::string_view> {
        if (!base::starts_with(lower, word) || lower.size() <= word.size() || lower[word.size()] != ' ') return std::nullopt;
        return base::trim(text.substr(word.size()));
    };
    if (const auto panic = after("panic")) return explain_panic(*panic);
    if (const auto word = after("error")) return explain(*word);
    if (const auto number = after("checkpoint")) {
        if (const auto code = code_number(*number))
            if (auto found = entry("checkpoint", fmt::format("0x{:04X}", static_cast<std::uint64_t>(*code) & 0xFFFF))) entries.push_back(std::move(*found));
        return entries;
    }
    if (const auto code = code_number(text)) {
        entries = explain_code("", *code);
        if (base::starts_with(lower, "0x"))
            if (auto found = entry("checkpoint", fmt::format("0x{:04X}", static_cast<std::uint64_t>(*code) & 0xFFFFFFFF))) entries.push_back(std::move(*found));
        return entries;
    }
    if (const auto slash = text.rfind('/'); slash != std::string_view::npos)
        if (const auto code = code_number(text.substr(slash + 1))) return explain_code(text.substr(0, slash), *code);
    for (const auto& kind : kinds())
        if (auto found = entry(kind, text)) entries.push_back(std::move(*found));
    if (!entries.empty()) return entries;
    if (const auto* model = devices_.in_text(text)) return {model_entry(*model)};
    for (const auto& hit : search(text, 3))
        if (auto found = entry(hit.kind, hit.id)) entries.push_back(std::move(*found));
    return entries;
}

}  // namespace unbrick::knowledge
