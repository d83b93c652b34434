// Sentences for users: knowledge/texts/<language>/*.json, merged; one flat map from key to text.
#pragma once

#include <filesystem>
#include <initializer_list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "src/base/result.h"

namespace unbrick::knowledge {

class Texts {
public:
    // English first, then `language` over it, so that a missing translation falls back. "xx" is the
    // pseudo-locale: every English text, accented and a third longer, to find what does not fit.
    static base::Result<Texts> load(const std::filesystem::path& knowledge_folder, std::string_view language);
    // $UNBRICK_LANGUAGE, else LC_ALL, LC_MESSAGES, LANG; "en" when there is no folder for it.
    static std::string preferred_language(const std::filesystem::path& knowledge_folder);

    // The text; {name} in it is replaced by the value of that name. An unknown key comes back as itself
    // in brackets, so that it is seen.
    std::string get(std::string_view key,
                    std::initializer_list<std::pair<std::string_view, std::string>> values = {}) const;
    bool has(std::string_view key) const;
    const std::string& language() const { return language_; }

private:
    std::string language_;
    std::unordered_map<std::string, std::string> texts_;
};

}  // namespace unbrick::knowledge
