#include "diagnostics/readers/error_numbers.h"

#include <re2/re2.h>

#include <algorithm>

#include "src/base/text.h"

namespace unbrick::diagnostics {
namespace {

std::optional<std::int64_t> number(std::string_view text) {
    if (text.starts_with("0x") || text.starts_with("0X")) {
        const auto value = base::parse_hex(text);
        if (!value) return std::nullopt;
        return static_cast<std::int64_t>(*value);
    }
    return base::parse_int(text);
}

RE2::Options quiet() {
    RE2::Options options;
    options.set_case_sensitive(false);
    options.set_log_errors(false);
    return options;
}

bool contains_any(std::string_view text, std::initializer_list<std::string_view> parts) {
    return std::any_of(parts.begin(), parts.end(), [&](std::string_view part) { return base::contains(text, part); });
}

}  // namespace

ErrorTable::ErrorTable(const knowledge::Knowledge& knowledge) : document_(&knowledge.document("errors")) {
    const auto& codes = base::json_at(*document_, "codes");
    if (codes.is_array())
        for (const auto& entry : codes)
            if (const auto code = base::json_int(entry, "code")) by_code_.emplace(*code, &entry);
    const auto& domains = base::json_at(*document_, "domains");
    if (!domains.is_array()) return;
    for (const auto& entry : domains) {
        Domain domain;
        domain.id = base::json_string(entry, "id").value_or("");
        domain.priority = base::json_int(entry, "priority").value_or(0);
        const auto& aliases = base::json_at(entry, "aliases");
        if (aliases.is_array())
            for (const auto& alias : aliases)
                if (alias.is_string()) domain.aliases.push_back(base::to_lower(alias.get<std::string>()));
        domains_.push_back(std::move(domain));
    }
    std::stable_sort(domains_.begin(), domains_.end(), [](const Domain& a, const Domain& b) { return a.priority > b.priority; });
}

std::string ErrorTable::domain_id(std::string_view written) const {
    auto lower = base::to_lower(written);
    for (const auto& domain : domains_)
        if (base::to_lower(domain.id) == lower) return domain.id;
    if (base::ends_with(lower, "errordomain")) lower.resize(lower.size() - 11);
    if (lower == "amr") return "AMRestoreErrorDomain";
    for (const auto& domain : domains_) {
        if (base::to_lower(domain.id) == lower) return domain.id;
        if (std::find(domain.aliases.begin(), domain.aliases.end(), lower) != domain.aliases.end()) return domain.id;
    }
    return {};
}

std::optional<ErrorEntry> ErrorTable::find(const ErrorNumber& wanted) const {
    std::optional<ErrorEntry> best;
    std::int64_t best_priority = -1;
    const auto [first, last] = by_code_.equal_range(wanted.code);
    for (auto at = first; at != last; ++at) {
        const auto& entry = *at->second;
        const auto domain = base::json_string(entry, "domain").value_or("");
        if (!wanted.domain.empty() && domain != wanted.domain) continue;
        std::int64_t priority = 0;
        for (const auto& one : domains_)
            if (one.id == domain) priority = one.priority;
        // An entry that knows a cause says more than one that knows a name.
        priority = priority * 2 + (entry.contains("causes") ? 15 : 0);
        if (priority <= best_priority) continue;
        best_priority = priority;
        best = ErrorEntry{domain, wanted.code, base::json_string(entry, "stage").value_or(""),
                          base::json_string(entry, "sureness").value_or(""), &entry};
    }
    return best;
}

bool ErrorTable::is_dialog_code(std::int64_t code) const {
    for (const auto* domain : {"AMRestoreErrorDomain", "com.apple.MobileDevice.MobileRestore", "iTunes"})
        if (find({domain, code, true})) return true;
    return false;
}

std::vector<ErrorNumber> find_error_numbers(std::string_view line, const ErrorTable& table, bool prose) {
    std::vector<ErrorNumber> found;
    const auto lower = base::to_lower(line);
    const auto add = [&](std::string domain, std::int64_t code, bool certain) {
        for (const auto& one : found)
            if (one.code == code && (domain.empty() || one.domain == domain)) return;
        found.push_back({std::move(domain), code, certain});
    };
    std::string word, digits;
    if (base::contains(lower, "domain") || base::contains(lower, "com.apple.mobiledevice")) {
        static const RE2 explicit_domain(R"(Domain\s*=\s*([A-Za-z.]+)[\s,]+Code\s*=\s*(-?\d+))", quiet());
        static const RE2 named_domain(R"(([A-Za-z]+ErrorDomain)\s*(?:/|error|:|\(|,)?\s*\(?(-?\d+|0x[0-9a-f]+))", quiet());
        static const RE2 bracketed(R"((com\.apple\.MobileDevice\.MobileRestore)\s*-?\s*(0x[0-9a-f]+|\d+))", quiet());
        for (const auto* expression : {&explicit_domain, &named_domain, &bracketed}) {
            re2::StringPiece rest(line.data(), line.size());
            while (RE2::FindAndConsume(&rest, *expression, &word, &digits))
                if (const auto value = number(digits)) {
                    const auto id = table.domain_id(word);
                    add(id.empty() ? word : id, *value, true);
                }
        }
    }
    if (base::contains(lower, "status")) {
        static const RE2 signing(R"(\bSTATUS\s*=\s*(\d{1,4})\b)", quiet());
        re2::StringPiece rest(line.data(), line.size());
        while (RE2::FindAndConsume(&rest, signing, &digits))
            if (const auto value = number(digits); value && *value != 0) add("TSS", *value, true);
    }
    if (base::contains(lower, "errorcode=")) {
        static const RE2 futurerestore(R"(errorcode=(-?\d+))", quiet());
        re2::StringPiece rest(line.data(), line.size());
        while (RE2::FindAndConsume(&rest, futurerestore, &digits))
            if (const auto value = number(digits)) add("futurerestore", *value, true);
    }
    if (!found.empty()) return found;
    if (contains_any(lower, {"error", "fehler", "erreur", "errore", "erro ", "hata", "\xd0\xbe\xd1\x88\xd0\xb8\xd0\xb1\xd0\xba", "\xe9\x94\x99\xe8\xaf\xaf", "\xe9\x8c\xaf\xe8\xaa\xa4", "\xe3\x82\xa8\xe3\x83\xa9\xe3\x83\xbc", "\xec\x98\xa4\xeb\xa5\x98", "code", "\xd0\xba\xd0\xbe\xd0\xb4"})) {
        static const RE2 dialog(
            R"((?:errors?|fehler|erreur|errore|erro|hata|ошибк[аиу]|错误|錯誤|エラー|오류|error code|code|kodu?|код)\s*(?:occurred|aufgetreten|s'est produite|code|codes|number|no\.?|nr\.?|n°|with|numarası|ошибки|代码|：|kod|was|is)?\s*[:#=-]?\s*[(（]?\s*(-?\d{1,5}|0x[0-9a-f]{1,8})\s*(?:[)）]|\b))",
            quiet());
        re2::StringPiece rest(line.data(), line.size());
        while (RE2::FindAndConsume(&rest, dialog, &digits)) {
            // "error 9.3" is a version, "error 2017-" a date.
            if (rest.size() > 1 && (rest[0] == '.' || rest[0] == '-') && rest[1] >= '0' && rest[1] <= '9') continue;
            if (const auto value = number(digits)) add("", *value, true);
        }
        static const RE2 in_brackets(R"((?:error|fehler|erreur|ошибка|错误|occurred|aufgetreten)[^()]{0,60}[(（]\s*(-?\d{1,5}|0x[0-9a-f]{1,8})\s*[)）])", quiet());
        re2::StringPiece again(line.data(), line.size());
        if (prose)
            while (RE2::FindAndConsume(&again, in_brackets, &digits))
                if (const auto value = number(digits)) add("", *value, true);
    }
    if (prose) {
        static const RE2 brackets(R"([(（](-?\d{1,4})[)）])", quiet());
        static const RE2 distinct(R"(\b(40(?:05|10|13|14|17|37|41|42)|3194|3004|3014|16[0-9][0-9]|1015|1013|1011|1012|9006|1109|3200|3503)\b)", quiet());
        for (const auto* expression : {&brackets, &distinct}) {
            re2::StringPiece rest(line.data(), line.size());
            while (RE2::FindAndConsume(&rest, *expression, &digits))
                if (const auto value = number(digits); value && table.is_dialog_code(*value)) add("", *value, false);
        }
    }
    return found;
}

std::optional<ErrorNumber> parse_error_number(std::string_view text, const ErrorTable& table) {
    text = base::trim(text);
    static const RE2 with_domain(R"(([A-Za-z][A-Za-z. ]*?)\s*[/:# ]\s*\(?(-?\d+|0x[0-9a-f]+)\)?)", quiet());
    static const RE2 bare(R"(\(?\s*(-?\d+|0x[0-9a-f]+)\s*\)?)", quiet());
    std::string word, digits;
    const re2::StringPiece piece(text.data(), text.size());
    if (RE2::FullMatch(piece, bare, &digits)) {
        if (const auto value = number(digits)) return ErrorNumber{"", *value, true};
        return std::nullopt;
    }
    if (RE2::FullMatch(piece, with_domain, &word, &digits))
        if (const auto value = number(digits)) return ErrorNumber{table.domain_id(word), *value, true};
    const auto found = find_error_numbers(text, table, true);
    if (found.empty()) return std::nullopt;
    return found.front();
}

}  // namespace unbrick::diagnostics
