#include "src/knowledge/texts.h"

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "src/base/json.h"
#include "src/base/text.h"

namespace unbrick::knowledge {

namespace fs = std::filesystem;

namespace {

base::Status merge(const fs::path& folder, std::unordered_map<std::string, std::string>& into) {
    std::error_code error;
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(folder, error))
        if (entry.path().extension() == ".json") files.push_back(entry.path());
    if (error) return base::fail(base::ErrorCode::KnowledgeInvalid, folder.string() + ": " + error.message());
    std::sort(files.begin(), files.end());
    for (const auto& file : files) {
        UB_TRY(const auto document, base::load_json(file));
        if (!document.is_object()) return base::fail(base::ErrorCode::KnowledgeInvalid, file.string() + ": is not an object of texts");
        for (const auto& [key, value] : document.items())
            if (value.is_string()) into[key] = value.get<std::string>();
    }
    return {};
}

// Keeps {names} and markup as they are, accents the vowels and adds a third of length.
std::string pseudo(const std::string& text) {
    static constexpr std::pair<char, const char*> kAccents[] = {{'a', "á"}, {'e', "é"}, {'i', "í"}, {'o', "ö"}, {'u', "ü"},
                                                                {'A', "Å"}, {'E', "É"}, {'I', "Í"}, {'O', "Ö"}, {'U', "Ü"}};
    std::string out = "[";
    bool in_name = false;
    for (const char c : text) {
        if (c == '{') in_name = true;
        if (c == '}') in_name = false;
        const auto* found = std::find_if(std::begin(kAccents), std::end(kAccents), [&](const auto& pair) { return pair.first == c; });
        if (!in_name && found != std::end(kAccents)) out += found->second;
        else out.push_back(c);
    }
    for (std::size_t i = 0; i < text.size() / 3; ++i) out += "~";
    return out + "]";
}

}  // namespace

base::Result<Texts> Texts::load(const fs::path& knowledge_folder, std::string_view language) {
    Texts texts;
    texts.language_ = language.empty() ? "en" : std::string(language);
    UB_TRY_VOID(merge(knowledge_folder / "texts" / "en", texts.texts_));
    if (texts.language_ == "xx") {
        for (auto& [key, text] : texts.texts_) text = pseudo(text);
    } else if (texts.language_ != "en") {
        UB_TRY_VOID(merge(knowledge_folder / "texts" / texts.language_, texts.texts_));
    }
    return texts;
}

std::string Texts::preferred_language(const fs::path& knowledge_folder) {
    for (const char* variable : {"UNBRICK_LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"}) {
        const char* value = std::getenv(variable);
        if (value == nullptr || value[0] == '\0') continue;
        const auto language = base::to_lower(std::string_view(value).substr(0, std::string_view(value).find_first_of("_.@")));
        std::error_code error;
        if (language == "xx" || (language.find('/') == std::string::npos && fs::is_directory(knowledge_folder / "texts" / language, error)))
            return language;
        return "en";
    }
    return "en";
}

std::string Texts::get(std::string_view key, std::initializer_list<std::pair<std::string_view, std::string>> values) const {
    const auto found = texts_.find(std::string(key));
    if (found == texts_.end()) return "[" + std::string(key) + "]";
    std::string text = found->second;
    for (const auto& [name, value] : values) text = base::replace_all(std::move(text), "{" + std::string(name) + "}", value);
    return text;
}

bool Texts::has(std::string_view key) const { return texts_.contains(std::string(key)); }

}  // namespace unbrick::knowledge
