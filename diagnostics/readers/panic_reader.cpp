#include "diagnostics/readers/panic_reader.h"

#include <re2/re2.h>

#include <algorithm>

#include "diagnostics/text/pattern.h"
#include "src/base/text.h"

namespace unbrick::diagnostics {
namespace {

RE2::Options quiet() {
    RE2::Options options;
    options.set_case_sensitive(false);
    options.set_log_errors(false);
    options.set_dot_nl(false);
    return options;
}

struct Candidate {
    std::string id;
    std::int64_t priority = 0;
    std::vector<std::string> suppresses;
};

bool model_fits(const base::Json& signature, std::string_view model) {
    const auto& models = base::json_at(signature, "models");
    if (!models.is_array() || models.empty() || model.empty()) return true;
    for (const auto& one : models) {
        if (!one.is_string()) continue;
        const auto& name = one.get_ref<const std::string&>();
        if (name == model) return true;
        // "iPhone14" stands for the generation.
        if (!base::contains(name, ",") && base::starts_with(model, name + ",")) return true;
    }
    return false;
}

bool all_in(const base::Json& list, std::string_view text) {
    return std::all_of(list.begin(), list.end(), [&](const base::Json& item) {
        return item.is_string() && base::contains(text, base::to_lower(item.get_ref<const std::string&>()));
    });
}

bool any_in(const base::Json& list, std::string_view text) {
    return std::any_of(list.begin(), list.end(), [&](const base::Json& item) {
        return item.is_string() && base::contains(text, base::to_lower(item.get_ref<const std::string&>()));
    });
}

bool matches(const base::Json& signature, std::string_view text, std::string_view lower, const PanicFindings& findings) {
    const auto& match = base::json_at(signature, "match");
    if (!match.is_object()) return false;
    if (match.contains("smc_mask")) {
        const auto mask = base::json_int(match, "smc_mask").value_or(0);
        if (std::find(findings.sensor_array.begin(), findings.sensor_array.end(), static_cast<std::uint64_t>(mask)) == findings.sensor_array.end())
            return false;
    }
    if (match.contains("smc_values")) {
        const auto& values = match["smc_values"];
        if (!std::any_of(values.begin(), values.end(), [&](const base::Json& value) {
                return value.is_number_unsigned() && std::find(findings.sensor_array.begin(), findings.sensor_array.end(), value.get<std::uint64_t>()) != findings.sensor_array.end();
            }))
            return false;
    }
    if (match.contains("bug_types")) return false;   // other kinds of reports: markers say what they are
    if (match.contains("all") && !all_in(match["all"], lower)) return false;
    if (match.contains("contains") && !any_in(match["contains"], lower)) return false;
    if (match.contains("not_contains") && any_in(match["not_contains"], lower)) return false;
    if (const auto expression = base::json_string(match, "regex")) {
        const Pattern pattern(*expression);
        const auto literals = pattern.required_literals();
        if (!literals.empty() && std::none_of(literals.begin(), literals.end(), [&](const std::string& one) { return base::contains(lower, one); }))
            return false;
        return pattern.matches(text);
    }
    return true;
}

void read_sensor_array(std::string_view text, PanicFindings& findings) {
    static const RE2 line(R"((?:[SF]\.\s?)?sensor array[^\n]*?\bis\b([^\n]*))", quiet());
    static const RE2 value(R"((0x[0-9a-f]+|\d+))", quiet());
    re2::StringPiece rest(text.data(), text.size());
    re2::StringPiece values;
    std::string one;
    while (RE2::FindAndConsume(&rest, line, &values))
        while (RE2::FindAndConsume(&values, value, &one)) {
            const auto number = base::starts_with(base::to_lower(one), "0x") ? base::parse_hex(one) : std::optional<std::uint64_t>();
            const auto decimal = number ? number : [&]() -> std::optional<std::uint64_t> {
                const auto parsed = base::parse_int(one);
                if (!parsed || *parsed < 0) return std::nullopt;
                return static_cast<std::uint64_t>(*parsed);
            }();
            if (decimal && *decimal != 0 && findings.sensor_array.size() < 32) findings.sensor_array.push_back(*decimal);
        }
}

// SMC mailbox words carry a four-letter key in their first bytes; only those of the mailbox that
// is stuck ("OUTBOX not ready") speak of the fault (panic_signatures.json, parser_rules).
void read_mailboxes(std::string_view text, PanicFindings& findings) {
    static const RE2 word(R"(\[[RT]X\]\s+\S+\s+0x[0-9a-f]+\s+0x([0-9a-f]{16}))", quiet());
    const auto lower = base::to_lower(text);
    std::size_t at = lower.find("mailbox (");
    while (at != std::string::npos) {
        const auto next = lower.find("mailbox (", at + 9);
        const auto block = text.substr(at, next == std::string::npos ? std::string::npos : next - at);
        const bool stuck = base::contains(lower.substr(at, block.size()), "outbox not ready");
        re2::StringPiece rest(block.data(), block.size());
        std::string hex;
        while (RE2::FindAndConsume(&rest, word, &hex)) {
            const auto bytes = base::from_hex(hex);
            if (!bytes || bytes->size() < 4) continue;
            std::string key(bytes->begin(), bytes->begin() + 4);
            if (!std::all_of(key.begin(), key.end(), [](char c) { return c >= '!' && c <= '~'; })) continue;
            auto& list = stuck ? findings.stuck_keys : findings.healthy_keys;
            if (std::find(list.begin(), list.end(), key) == list.end() && list.size() < 32) list.push_back(key);
        }
        at = next;
    }
}

}  // namespace

std::string_view panic_text(std::string_view text) {
    static const RE2 begin(R"((panic\(cpu|"?panicString"?|SMC PANIC|userspace watchdog timeout|AOP PANIC|ANS2? (?:Recoverable )?Panic|kernel data abort))", quiet());
    re2::StringPiece piece(text.data(), text.size()), found;
    if (!RE2::PartialMatch(piece, begin, &found)) return {};
    auto rest = text.substr(static_cast<std::size_t>(found.data() - text.data()));
    for (const auto* end : {"last loaded kext", "loaded kexts", "Loaded kexts", "\"otherString\"", "\"processByPid\"", "\"binaryImages\"", "** Stackshot"}) {
        const auto at = rest.find(end);
        if (at != std::string_view::npos) rest = rest.substr(0, at);
    }
    return rest.substr(0, 64 << 10);
}

PanicFindings read_panic(std::string_view whole, std::string_view model, const knowledge::Knowledge& knowledge) {
    PanicFindings findings;
    auto text = panic_text(whole);
    if (text.empty()) text = whole.substr(0, 64 << 10);
    const auto lower = base::to_lower(text);
    findings.cut_off = !base::contains(lower, "debugger message");
    read_sensor_array(text, findings);
    read_mailboxes(text, findings);

    static const RE2 missing(R"(missing\s+sensors?\s*(?:\(s\))?\s*:?\s*([A-Za-z0-9_, ]+))", quiet());
    re2::StringPiece piece(text.data(), text.size());
    std::string names;
    while (RE2::FindAndConsume(&piece, missing, &names))
        for (const auto name : base::split(names, ' ')) {
            auto one = std::string(base::trim(name));
            while (!one.empty() && one.back() == ',') one.pop_back();
            if (one.empty()) continue;
            if (one.size() > 12 || findings.missing_sensors.size() > 8) break;
            if (base::to_lower(one) == "service" || base::to_lower(one) == "n") break;
            findings.missing_sensors.push_back(one);
        }
    static const RE2 service(R"(no\s+successful\s+checkins\s+from\s+([A-Za-z.]+))", quiet());
    RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), service, &findings.service);

    const auto& signatures = base::json_at(knowledge.document("panics"), "signatures");
    std::vector<Candidate> candidates;
    if (signatures.is_array())
        for (const auto& signature : signatures) {
            if (!model_fits(signature, model) || !matches(signature, text, lower, findings)) continue;
            Candidate candidate;
            candidate.id = base::json_string(signature, "id").value_or("");
            candidate.priority = base::json_int(signature, "priority").value_or(0);
            const auto& list = base::json_at(signature, "suppresses");
            if (list.is_array())
                for (const auto& id : list)
                    if (id.is_string()) candidate.suppresses.push_back(id.get<std::string>());
            candidates.push_back(std::move(candidate));
        }
    std::stable_sort(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) { return a.priority > b.priority; });
    for (const auto& candidate : candidates) {
        const bool suppressed = std::any_of(candidates.begin(), candidates.end(), [&](const Candidate& other) {
            return other.priority >= candidate.priority && std::find(other.suppresses.begin(), other.suppresses.end(), candidate.id) != other.suppresses.end();
        });
        if (!suppressed) findings.signatures.push_back(candidate.id);
    }
    return findings;
}

}  // namespace unbrick::diagnostics
