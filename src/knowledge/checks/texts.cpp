#include <algorithm>

#include "src/knowledge/checks/documents.h"

namespace unbrick::knowledge::checks {

namespace {

struct Text {
    std::string file;
    std::string text;
};

using Catalogue = std::map<std::string, Text>;

Catalogue catalogue_of(const std::string& language, const std::map<std::string, base::Json>& areas, Findings& findings) {
    Catalogue catalogue;
    for (const auto& [area, document] : areas) {
        const auto file = "texts/" + language + "/" + area + ".json";
        if (!document.is_object()) continue;   // the schema says so
        for (const auto& [key, value] : document.items()) {
            if (!value.is_string()) continue;
            const auto text = value.get<std::string>();
            const auto [there, added] = catalogue.try_emplace(key, Text{file, text});
            if (!added) findings.push_back({file, "/" + key, "is also in " + there->second.file});
        }
    }
    return catalogue;
}

std::vector<std::string> names_in(const std::string& text) {
    std::vector<std::string> names;
    for (auto open = text.find('{'); open != std::string::npos; open = text.find('{', open + 1)) {
        const auto close = text.find('}', open);
        if (close == std::string::npos) break;
        names.push_back(text.substr(open, close - open + 1));
    }
    std::sort(names.begin(), names.end());
    return names;
}

}  // namespace

void check_texts(const Documents& documents, Findings& findings) {
    if (documents.texts.empty()) return;
    const auto english_areas = documents.texts.find("en");
    if (english_areas == documents.texts.end()) {
        findings.push_back({"texts", "", "there is no English"});
        return;
    }
    const auto english = catalogue_of("en", english_areas->second, findings);
    for (const auto& [language, areas] : documents.texts) {
        if (language == "en") continue;
        const auto other = catalogue_of(language, areas, findings);
        for (const auto& [key, text] : english) {
            const auto found = other.find(key);
            if (found == other.end()) findings.push_back({"texts/" + language, "/" + key, "is missing in this language"});
            else if (found->second.text.empty() != text.text.empty()) findings.push_back({found->second.file, "/" + key, "is empty, or English is"});
            else if (names_in(found->second.text) != names_in(text.text))
                findings.push_back({found->second.file, "/" + key, "has other {names} than English"});
        }
        for (const auto& [key, text] : other)
            if (!english.contains(key)) findings.push_back({text.file, "/" + key, "is not in English"});
    }
}

}  // namespace unbrick::knowledge::checks
