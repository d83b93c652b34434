#include "src/core/report.h"

#include <fmt/core.h>
#include <zip.h>

#include <kainjow/mustache.hpp>

#include "recovery/journal.h"
#include "src/base/text.h"
#include "src/core/redact.h"

namespace unbrick::core {

namespace {

constexpr std::size_t kLargestLog = 16u << 20;

std::string word(const base::Json& entry, std::string_view key) { return base::json_string(entry, key).value_or(""); }

// One line of the journal, as a person would tell it. Empty: nothing worth telling.
std::string told(const base::Json& entry, const knowledge::Texts& texts, const recovery::LastRun& last) {
    const auto kind = word(entry, "entry");
    const auto step = word(entry, "step");
    const auto key = [&]() -> std::string {
        if (last.plan)
            for (const auto& known : last.plan->steps)
                if (known.id == step) return texts.get(known.text_key);
        return step;
    };
    if (kind == "run") {
        const auto plan = base::json_at(entry, "plan");
        return texts.get(entry.contains("goes_on_for") ? "report.goes_on" : "report.run", {{"plan", texts.get(word(plan, "title"))}});
    }
    if (kind == "step") {
        const auto state = word(entry, "state");
        if (state == "running") return key();
        return fmt::format("{}: {}{}", key(), texts.get(fmt::format("state.{}", state)), entry.contains("error") ? " (" + word(entry, "error") + ")" : "");
    }
    if (kind == "act") {
        auto data = base::json_at(entry, "data");
        return texts.get("report.act", {{"act", word(entry, "act") + (data.is_null() ? "" : " " + base::dump_json(data))}});
    }
    if (kind == "phone") return texts.get("report.phone", {{"text", word(entry, "text")}});
    if (kind == "ask") return texts.get("report.ask", {{"phrase", word(entry, "phrase")}});
    if (kind == "consent") return texts.get("report.consent", {{"typed", word(entry, "typed")}});
    if (kind == "no-consent") return texts.get("report.no_consent", {{"typed", word(entry, "typed")}});
    if (kind == "end") return texts.get(fmt::format("outcome.{}", word(entry, "outcome")));
    return {};
}

base::Result<std::string> redacted_file(const std::filesystem::path& file, const Redactor& redactor) {
    UB_TRY(const auto content, base::read_text_file(file, kLargestLog));
    return redactor.text(base::to_valid_utf8(content));
}

void learn_case(Redactor& redactor, const std::filesystem::path& folder, const base::Json& about) {
    redactor.learn_from(about);
    if (const auto diagnosis = base::load_json(folder / "diagnosis.json")) redactor.learn_from(*diagnosis);
    if (const auto story = recovery::read_journal(folder))
        for (const auto& entry : story->entries) redactor.learn_from(entry);
}

base::Status write_zip(const std::filesystem::path& out, const std::filesystem::path& folder, const std::string& html, const std::string& json,
                       const Redactor& redactor) {
    std::vector<std::pair<std::string, std::string>> files{{"report.html", html}, {"report.json", json}};
    std::error_code error;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder, error)) {
        if (!entry.is_regular_file(error) || entry.path().filename() == "lock" || entry.path().filename() == "case.json") continue;
        const auto extension = entry.path().extension();
        if (extension != ".jsonl" && extension != ".json" && extension != ".log" && extension != ".ips" && extension != ".txt" && extension != ".panic") continue;
        if (auto content = redacted_file(entry.path(), redactor))
            files.emplace_back(redactor.text(entry.path().lexically_relative(folder).string()), std::move(*content));
    }
    int trouble = 0;
    std::filesystem::remove(out, error);
    zip_t* archive = zip_open(out.c_str(), ZIP_CREATE | ZIP_EXCL, &trouble);
    if (archive == nullptr) return base::fail(base::ErrorCode::Io, fmt::format("{}: cannot be written (zip {})", out.string(), trouble));
    for (const auto& [name, content] : files) {
        zip_source_t* source = zip_source_buffer(archive, content.data(), content.size(), 0);
        if (source == nullptr || zip_file_add(archive, name.c_str(), source, ZIP_FL_ENC_UTF_8) < 0) {
            if (source != nullptr) zip_source_free(source);
            zip_discard(archive);
            return base::fail(base::ErrorCode::Io, fmt::format("{}: {} cannot be added", out.string(), name));
        }
    }
    if (zip_close(archive) != 0) {
        zip_discard(archive);
        return base::fail(base::ErrorCode::Io, fmt::format("{}: cannot be written", out.string()));
    }
    return {};
}

}  // namespace

base::Result<base::OrderedJson> make_report(const CaseStore& cases, const knowledge::Knowledge& knowledge, const knowledge::Texts& texts,
                                            const std::string& case_id, bool show_identifiers) {
    UB_TRY(const auto about, cases.read(case_id));
    const auto folder = cases.folder_of(case_id);
    Redactor redactor(show_identifiers);
    learn_case(redactor, folder, about);
    base::OrderedJson report;
    report["case"] = case_id;
    report["title"] = word(about, "title");
    report["phone"] = word(about, "phone");
    report["begun"] = word(about, "begun");
    report["plan"] = word(about, "plan");
    report["rehearsal"] = word(about, "rehearsal");
    report["identifiers"] = show_identifiers ? "shown" : "replaced";
    report["knowledge"] = {{"version", knowledge.version()}, {"digest", knowledge.digest()}};
    report["causes"] = base::OrderedJson::array();
    if (const auto diagnosis = base::load_json(folder / "diagnosis.json")) {
        constexpr std::size_t kShown = 5;
        for (const auto& hypothesis : base::json_at(*diagnosis, "hypotheses")) {
            if (report["causes"].size() >= kShown) break;
            const auto cause = word(hypothesis, "cause");
            report["causes"].push_back({{"cause", cause}, {"name", texts.get(fmt::format("cause.{}.name", cause))},
                                        {"probability", base::json_double(hypothesis, "probability").value_or(0)}});
        }
        report["stage"] = word(*diagnosis, "stage");
    }
    report["story"] = base::OrderedJson::array();
    std::string outcome = word(about, "outcome");
    if (const auto story = recovery::read_journal(folder)) {
        const auto last = recovery::last_run(*story).value_or(recovery::LastRun{});
        if (!last.run.empty() && !last.ended) outcome.clear();
        for (const auto& entry : story->entries)
            if (auto text = told(entry, texts, last); !text.empty())
                report["story"].push_back({{"time", word(entry, "time")}, {"entry", word(entry, "entry")}, {"text", std::move(text)}});
        if (story->damaged > 0) report["damaged_lines"] = story->damaged;
    }
    report["outcome"] = outcome;
    report["outcome_text"] = outcome.empty() ? texts.get("report.unfinished") : texts.get(fmt::format("outcome.{}", outcome));
    report["error"] = word(about, "error");
    return redactor.json(report);
}

std::string report_as_html(const base::OrderedJson& report, const knowledge::Texts& texts, const std::string& page) {
    namespace m = kainjow::mustache;
    const base::Json plain = report;
    m::data data;
    data.set("language", texts.language());
    data.set("title", texts.get("report.title", {{"phone", word(plain, "title")}, {"case", word(plain, "case")}}));
    if (const auto name = word(plain, "rehearsal"); !name.empty()) data.set("rehearsal", texts.get("report.rehearsal", {{"name", name}}));
    data.set("hidden", texts.get(word(plain, "identifiers") == "shown" ? "report.identifiers_shown" : "report.identifiers_replaced"));
    data.set("outcome", word(plain, "outcome_text"));
    if (const auto error = word(plain, "error"); !error.empty()) data.set("error", error);
    for (const auto* name : {"heading_outcome", "heading_phone", "heading_causes", "heading_story", "column_cause", "column_probability", "column_time", "column_what"})
        data.set(name, texts.get(fmt::format("report.{}", name)));
    m::data facts{m::data::type::list};
    for (const auto* name : {"title", "phone", "begun", "plan", "stage"}) {
        const auto value = word(plain, name);
        if (value.empty()) continue;
        m::data fact;
        fact.set("name", texts.get(fmt::format("report.fact_{}", name)));
        fact.set("value", value);
        facts.push_back(fact);
    }
    data.set("facts", facts);
    m::data causes{m::data::type::list};
    for (const auto& item : base::json_at(plain, "causes")) {
        m::data cause;
        cause.set("name", word(item, "name"));
        cause.set("percent", fmt::format("{:.0f}", base::json_double(item, "probability").value_or(0) * 100));
        causes.push_back(cause);
    }
    data.set("causes", causes);
    m::data story{m::data::type::list};
    for (const auto& item : base::json_at(plain, "story")) {
        m::data line;
        line.set("time", word(item, "time"));
        line.set("text", word(item, "text"));
        story.push_back(line);
    }
    data.set("story", story);
    m::mustache mustache(page);
    return mustache.render(data);
}

base::Status write_report(const CaseStore& cases, const knowledge::Knowledge& knowledge, const knowledge::Texts& texts,
                          const std::string& case_id, const std::filesystem::path& out, bool show_identifiers) {
    const auto extension = base::to_lower(out.extension().string());
    if (extension != ".html" && extension != ".json" && extension != ".zip")
        return base::fail(base::ErrorCode::Usage, fmt::format("{}: a report ends in .html, .json or .zip", out.string()));
    UB_TRY(const auto report, make_report(cases, knowledge, texts, case_id, show_identifiers));
    const auto json = base::dump_json(report, 2) + "\n";
    if (extension == ".json") return base::write_file_atomically(out, json);
    UB_TRY(const auto page, base::read_text_file(knowledge.folder() / "report" / "page.mustache"));
    const auto html = report_as_html(report, texts, page);
    if (extension == ".html") return base::write_file_atomically(out, html);
    UB_TRY(const auto about, cases.read(case_id));
    Redactor redactor(show_identifiers);
    learn_case(redactor, cases.folder_of(case_id), about);
    return write_zip(out, cases.folder_of(case_id), html, json, redactor);
}

}  // namespace unbrick::core
