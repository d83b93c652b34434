#include "diagnostics/readers/device_facts.h"

#include <re2/re2.h>

#include <algorithm>

#include "src/base/text.h"

namespace unbrick::diagnostics {
namespace {

RE2::Options quiet() {
    RE2::Options options;
    options.set_case_sensitive(false);
    options.set_log_errors(false);
    return options;
}

bool is_name_end(std::string_view text, std::size_t at) {
    if (at >= text.size()) return true;
    const auto c = static_cast<unsigned char>(text[at]);
    return !(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'z');
}

}  // namespace

int compare_versions(std::string_view left, std::string_view right) {
    const auto a = base::split(left, '.'), b = base::split(right, '.');
    for (std::size_t i = 0; i < std::max(a.size(), b.size()); ++i) {
        const auto x = i < a.size() ? base::parse_int(a[i]).value_or(0) : 0;
        const auto y = i < b.size() ? base::parse_int(b[i]).value_or(0) : 0;
        if (x != y) return x < y ? -1 : 1;
    }
    return 0;
}

DeviceFacts find_device_facts(std::string_view text, const knowledge::Knowledge& knowledge) {
    DeviceFacts facts;
    static const RE2 product(R"(\b((?:iPhone|iPad|iPod|AppleTV|AudioAccessory|Watch|RealityDevice|Mac|MacBookPro|iBridge)\d{1,2},(?:\d{1,2}|x))\b)", quiet());
    static const RE2 version(R"(\b(?:iOS|iPadOS|iPhone OS|iPhone Software|tvOS|firmware|version|Product Version:?|OS_version\D{0,14})\s*(\d{1,2}(?:\.\d{1,2}){0,3})\b)", quiet());
    static const RE2 day(R"(\bseen on (\d{4}-\d{2}-\d{2}))", quiet());
    std::string word;
    const re2::StringPiece piece(text.data(), text.size());
    if (RE2::PartialMatch(piece, product, &word)) {
        // "iPhone10,x" names a generation: rules match it with a pattern of their own.
        facts.models.push_back(word);
    }
    re2::StringPiece rest = piece;
    while (facts.versions.size() < 8 && RE2::FindAndConsume(&rest, version, &word)) facts.versions.push_back(word);
    RE2::PartialMatch(piece, day, &facts.date);

    const auto& devices = base::json_at(knowledge.document("devices"), "devices");
    if (!devices.is_array()) return facts;
    const auto lower = base::to_lower(text);
    std::size_t best_length = 0, best_at = std::string::npos;
    for (const auto& device : devices) {
        // "iPhone 7 (GSM)": people leave out what is in brackets.
        auto name = base::json_string(device, "name").value_or("");
        if (const auto bracket = name.find(" ("); bracket != std::string::npos) name.resize(bracket);
        const auto type = base::json_string(device, "product_type").value_or("");
        if (!facts.models.empty()) {
            if (type == facts.models.front()) facts.name = name;
            continue;
        }
        if (name.size() < 6) continue;
        const auto wanted = base::to_lower(name);
        const auto at = lower.find(wanted);
        if (at == std::string::npos || !is_name_end(lower, at + wanted.size())) continue;
        if (best_at == std::string::npos || at < best_at || (at == best_at && wanted.size() > best_length)) {
            best_at = at;
            best_length = wanted.size();
            facts.name = name;
        }
    }
    if (facts.models.empty() && !facts.name.empty())
        for (const auto& device : devices)
            if (base::json_string(device, "name") == facts.name || base::starts_with(base::json_string(device, "name").value_or(""), facts.name + " ("))
                facts.models.push_back(base::json_string(device, "product_type").value_or(""));
    return facts;
}

}  // namespace unbrick::diagnostics
