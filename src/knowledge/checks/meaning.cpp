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
            if (member == "regex" || member == "pattern") regular_expression(content, place);
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

    void reference(const std::string& member, const base::Json& content, const std::string& place) {
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

// A rule proves itself by examples: at least one that it speaks for and one that it keeps out of.
void check_rule_tests(const std::string& name, const base::Json& document, Findings& findings) {
    std::size_t at = 0;
    for (const auto& rule : base::json_at(document, "rules")) {
        const auto& tests = base::json_at(rule, "tests");
        for (const auto* side : {"for", "against"})
            if (base::json_at(tests, side).empty())
                findings.push_back({name + ".json", fmt::format("/rules/{}/tests", at), fmt::format("has no test \"{}\"", side)});
        ++at;
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
        if (kind_of(name) == "rules") check_rule_tests(name, document, findings);
    }
}

}  // namespace unbrick::knowledge::checks
