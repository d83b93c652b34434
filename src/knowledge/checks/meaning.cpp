#include <fmt/core.h>

#include <regex>

#include "src/knowledge/checks/index.h"

namespace unbrick::knowledge::checks {

namespace {

// Which member names what. A value is an id, or a list of ids.
const std::map<std::string, std::string, std::less<>> kReferences = {
    {"cause", "causes"},       {"causes", "causes"},         {"stage", "stages"},     {"sources", "sources"},
    {"domain", "domains"},     {"button_class", "button-classes"}, {"question", "questions"}, {"questions", "questions"},
    {"plan", "plans"},         {"plans", "plans"},           {"symptoms", "symptoms"}, {"articles", "articles"},
};
// Members whose value is a text key although their name does not end in _key.
const std::set<std::string, std::less<>> kTextMembers = {"title", "summary", "text", "stop", "heading", "because"};

bool ends_with_key(const std::string& name) { return name.size() > 4 && name.compare(name.size() - 4, 4, "_key") == 0; }

class Walk {
public:
    Walk(const Index& index, const std::string& name, Findings& findings)
        : index_(index), kind_(kind_of(name)), file_(name + ".json"), findings_(findings) {}

    void value(const base::Json& value, const std::string& pointer, const base::Json* sources, bool name_only) {
        if (value.is_array()) {
            for (std::size_t i = 0; i < value.size(); ++i) this->value(value[i], fmt::format("{}/{}", pointer, i), sources, name_only);
            return;
        }
        if (!value.is_object()) return;
        if (const auto& own = base::json_at(value, "sources"); own.is_array()) sources = &own;
        if (base::json_string(value, "sureness") == "name-only") name_only = true;
        if (base::json_at(value, "weight").is_number()) weight(pointer, sources, name_only);
        for (const auto& [member, content] : value.items()) {
            const auto place = pointer + "/" + member;
            reference(member, content, place);
            if (is_pattern(member)) regular_expression(content, place);
            this->value(content, place, sources, name_only);
        }
    }

private:
    void add(const std::string& pointer, std::string reason) { findings_.push_back({file_, pointer, std::move(reason)}); }

    void lookup(const std::string& kind, const base::Json& id, const std::string& pointer) {
        if (id.is_array()) {
            for (std::size_t i = 0; i < id.size(); ++i)
                if (id[i].is_string()) lookup(kind, id[i], fmt::format("{}/{}", pointer, i));
            return;
        }
        if (!id.is_string() || id.get_ref<const std::string&>().empty()) return;
        const auto& text = id.get_ref<const std::string&>();
        // A folder without any document of a kind is a part of a knowledge base; what may not lack is said once.
        if (!index_.has_any(kind)) return;
        if (!index_.knows(kind, text)) add(pointer, fmt::format("there is no \"{}\" in {}", text, kind));
    }

    bool is_pattern(const std::string& member) const {
        return member == "regex" || member == "pattern" || (kind_ == "readers" && (member == "match" || member == "unless" || member == "recognise"));
    }

    void reference(const std::string& member, const base::Json& content, const std::string& place) {
        // A rule cites freely (a document's section, an issue, a case): that it does is checked below.
        if (kind_ == "rules" && member == "sources") return;
        if (const auto found = kReferences.find(member); found != kReferences.end()) {
            // A log line's or a question's own words may bear these names elsewhere: only ids are strings or lists of them.
            if (!(member == "domain" && kind_ != "errors")) lookup(found->second, content, place);
        } else if (ends_with_key(member) || (kTextMembers.contains(member) && (kind_ == "plans" || kind_ == "articles"))) {
            lookup("texts", content, place);
        } else if (member == "action" && kind_ != "errors") {
            lookup("actions", content, place);
        } else if (member == "actions" && kind_ == "errors") {
            lookup("error-actions", content, place);
        } else if (member == "related" && (kind_ == "symptoms" || kind_ == "articles")) {
            lookup(kind_, content, place);
        } else if (member == "suppresses") {
            lookup("panics", content, place);
        } else if (member == "part" || member == "parts") {
            part(content, place);
        } else if (member == "models") {
            models(content, place);
        }
    }

    void part(const base::Json& content, const std::string& place) {
        if (content.is_array()) {
            for (std::size_t i = 0; i < content.size(); ++i) part(content[i], fmt::format("{}/{}", place, i));
        } else if (content.is_string() && !index_.knows("texts", "part." + content.get<std::string>())) {
            add(place, fmt::format("there is no text \"part.{}\"", content.get<std::string>()));
        }
    }

    // Product types, or beginnings of them ("iPhone14", "iPad").
    void models(const base::Json& content, const std::string& place) {
        const auto known = index_.ids.find("models");
        if (!content.is_array() || known == index_.ids.end()) return;
        for (std::size_t i = 0; i < content.size(); ++i) {
            if (!content[i].is_string()) continue;
            const auto& text = content[i].get_ref<const std::string&>();
            const auto found = known->second.lower_bound(text);
            if (found == known->second.end() || found->compare(0, text.size(), text) != 0)
                add(fmt::format("{}/{}", place, i), fmt::format("no model begins with \"{}\"", text));
        }
    }

    void regular_expression(const base::Json& content, const std::string& place) {
        if (content.is_array()) {
            for (std::size_t i = 0; i < content.size(); ++i) regular_expression(content[i], fmt::format("{}/{}", place, i));
            return;
        }
        if (!content.is_string()) return;
        constexpr std::size_t kLongest = 2000;   // std::regex recurses over its text
        if (content.get_ref<const std::string&>().size() > kLongest) {
            add(place, "is longer than a regular expression should be");
            return;
        }
        try {
            const std::regex compiled(content.get_ref<const std::string&>(), std::regex::ECMAScript);
        } catch (const std::regex_error& trouble) {
            add(place, fmt::format("does not compile: {}", trouble.what()));
        }
    }

    void weight(const std::string& pointer, const base::Json* sources, bool name_only) {
        if (name_only) add(pointer, "carries a weight although only a name is known");
        if (sources == nullptr || sources->empty()) {
            add(pointer, "carries a weight without a source");
            return;
        }
        for (const auto& source : *sources)
            if (source.is_string() && index_.addressed_sources.contains(source.get<std::string>())) return;
        add(pointer, "carries a weight, and none of its sources has an address");
    }

    const Index& index_;
    std::string kind_;
    std::string file_;
    Findings& findings_;
};

void unknown_names(const Index& index, const base::Json& object, const std::string& kind, const std::string& file, const std::string& pointer, Findings& findings) {
    if (!object.is_object()) return;
    for (const auto& [name, weight] : object.items())
        if (!index.knows(kind, name)) findings.push_back({file, pointer + "/" + name, fmt::format("there is no \"{}\" in {}", name, kind)});
}

// Signatures, symptoms and codes count like rules: "panics/<id>".
bool knows_rule(const Index& index, const std::string& id) {
    const auto slash = id.find('/');
    return slash == std::string::npos ? index.knows("rules", id) : index.knows(id.substr(0, slash), id.substr(slash + 1));
}

// A rule proves itself by examples, at least one that it speaks for and one that it keeps out of, and
// says where it has its weights from.
void check_rules(const Index& index, const std::string& name, const base::Json& document, Findings& findings) {
    const auto file = name + ".json";
    std::size_t at = 0;
    for (const auto& rule : base::json_at(document, "rules")) {
        const auto pointer = fmt::format("/rules/{}", at++);
        const auto& tests = base::json_at(rule, "tests");
        for (const auto* side : {"for", "against"})
            if (base::json_at(tests, side).empty()) findings.push_back({file, pointer + "/tests", fmt::format("has no test \"{}\"", side)});
        const auto& causes = base::json_at(rule, "causes");
        unknown_names(index, causes, "causes", file, pointer + "/causes", findings);
        unknown_names(index, base::json_at(rule, "actions"), "actions", file, pointer + "/actions", findings);
        if (!causes.empty() && base::json_at(rule, "sources").empty()) findings.push_back({file, pointer, "carries a weight without a source"});
        if (!causes.empty() && base::json_string(rule, "sureness") == "name-only")
            findings.push_back({file, pointer, "carries a weight although only a name is known"});
        for (const auto& permitted : base::json_at(rule, "permits"))
            if (permitted.is_string() && !index.knows("actions", permitted.get<std::string>()))
                findings.push_back({file, pointer + "/permits", fmt::format("there is no \"{}\" in actions", permitted.get<std::string>())});
        for (const auto& other : base::json_at(rule, "excludes"))
            if (other.is_string() && !knows_rule(index, other.get<std::string>()))
                findings.push_back({file, pointer + "/excludes", fmt::format("there is no rule \"{}\"", other.get<std::string>())});
    }
}

}  // namespace

void check_meaning(const Documents& documents, Findings& findings) {
    if (documents.data.empty()) return;
    const auto index = index_documents(documents, findings);
    for (const auto* name : {"actions", "causes", "sources", "stages"})
        if (!documents.data.contains(name)) findings.push_back({std::string(name) + ".json", "", "is missing or cannot be read"});
    for (const auto& [name, document] : documents.data) {
        Walk(index, name, findings).value(document, "", nullptr, false);
        if (kind_of(name) == "rules") check_rules(index, name, document, findings);
    }
}

}  // namespace unbrick::knowledge::checks
