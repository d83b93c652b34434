// How each kind of entry becomes something to read.
#include <fmt/core.h>

#include "src/base/text.h"
#include "src/knowledge/library.h"
#include "src/knowledge/numbers.h"

namespace unbrick::knowledge {

namespace {

std::string text_of(const base::Json& object, std::string_view key) { return base::json_string(object, key).value_or(""); }

// "kAMRestoreErrorNANDTimeoutError" -> "NAND Timeout": what a name alone says.
std::string words_of_symbol(std::string_view symbol) {
    for (const auto* prefix : {"kAMRestoreError", "kAMRestore", "kAMAuthInstallError", "kAMAuthInstall", "kAMD", "MSU_ERR_", "LOCKDOWN_E_", "IRECV_E_", "RESTORE_E_"})
        if (base::starts_with(symbol, prefix)) { symbol.remove_prefix(std::string_view(prefix).size()); break; }
    if (symbol.size() > 5 && base::ends_with(symbol, "Error")) symbol.remove_suffix(5);
    std::string words;
    for (std::size_t i = 0; i < symbol.size(); ++i) {
        const auto is_upper = [&](std::size_t at) { return at < symbol.size() && symbol[at] >= 'A' && symbol[at] <= 'Z'; };
        const auto is_lower = [&](std::size_t at) { return at < symbol.size() && symbol[at] >= 'a' && symbol[at] <= 'z'; };
        if (i > 0 && is_upper(i) && (is_lower(i - 1) || (is_upper(i - 1) && is_lower(i + 1)))) words += ' ';
        words += symbol[i] == '_' ? ' ' : symbol[i];
    }
    return words;
}

}  // namespace

base::OrderedJson Entry::to_json() const {
    base::OrderedJson json{{"kind", kind}, {"id", id}, {"title", title}, {"text", paragraphs}};
    auto& named = json["facts"] = base::OrderedJson::object();
    for (const auto& [name, value] : facts) named[name] = value;
    auto& likely = json["causes"] = base::OrderedJson::array();
    for (const auto& cause : causes) {
        base::OrderedJson one{{"cause", cause.cause}, {"text", cause.text}};
        if (cause.weight > 0) one["weight"] = cause.weight;
        likely.push_back(std::move(one));
    }
    json["steps"] = steps;
    json["sureness"] = sureness;
    auto& from = json["sources"] = base::OrderedJson::array();
    for (const auto& source : sources) {
        base::OrderedJson one{{"id", source.id}, {"kind", source.kind}, {"quality", source.quality}};
        if (!source.url.empty()) one["url"] = source.url;
        from.push_back(std::move(one));
    }
    return json;
}

std::string Entry::to_text(const Texts& texts) const {
    std::string out = fmt::format("{}  [{}]\n", title, id);
    for (const auto& paragraph : paragraphs) out += "  " + base::replace_all(paragraph, "\n", "\n  ") + "\n";
    for (const auto& [name, value] : facts) out += fmt::format("  {}: {}\n", texts.get("kb.fact." + name), value);
    if (!causes.empty()) {
        out += "  " + texts.get("kb.causes") + "\n";
        for (const auto& cause : causes)
            out += cause.weight > 0 ? fmt::format("    {:.2f}  {}\n", cause.weight, cause.text) : fmt::format("    -     {}\n", cause.text);
    }
    if (!steps.empty()) {
        out += "  " + texts.get("kb.steps") + "\n";
        for (std::size_t i = 0; i < steps.size(); ++i) out += fmt::format("    {}. {}\n", i + 1, steps[i]);
    }
    if (!sureness.empty()) out += fmt::format("  {}: {}\n", texts.get("kb.sureness"), texts.get("kb.sureness." + sureness));
    if (!sources.empty()) {
        out += "  " + texts.get("kb.sources") + "\n";
        for (const auto& source : sources)
            out += fmt::format("    {}  {}\n", source.url.empty() ? texts.get("kb.no-address") : source.url, source.kind);
    }
    return out;
}

std::string Library::cause_text(const std::string& id) const {
    for (const auto& cause : base::json_at(knowledge_.document("causes"), "causes")) {
        if (base::json_string(cause, "id") != id) continue;
        for (const auto* member : {"name_key", "title_key", "text_key", "name", "title", "text"})
            if (const auto key = base::json_string(cause, member); key && texts_.has(*key)) return texts_.get(*key);
    }
    return id;
}

// Sources, causes and sureness, which most kinds have.
void Library::add_common(Entry& entry, const base::Json& from) const {
    entry.sureness = text_of(from, "sureness");
    for (const auto& cause : base::json_at(from, "causes"))
        if (const auto id = base::json_string(cause, "cause")) entry.causes.push_back({*id, cause_text(*id), base::json_double(cause, "weight").value_or(0)});
    for (const auto& id : base::json_at(from, "sources"))
        if (const auto found = id.is_string() ? sources_.find(id.get<std::string>()) : sources_.end(); found != sources_.end())
            entry.sources.push_back(found->second);
}

void Library::add_stage(Entry& entry, const base::Json& from) const {
    const auto stage = text_of(from, "stage");
    if (!stage.empty()) entry.facts.emplace_back("stage", texts_.has("stage." + stage + ".name") ? texts_.get("stage." + stage + ".name") : stage);
}

Entry Library::code_entry(const base::Json& code) const {
    Entry entry;
    const auto domain = text_of(code, "domain");
    const auto number = base::json_int(code, "code").value_or(0);
    entry.kind = "code";
    entry.id = fmt::format("{}/{}", domain, number);
    const auto symbol = text_of(code, "symbol");
    if (const auto key = base::json_string(code, "meaning_key")) {
        entry.title = texts_.get("kb.code-title", {{"code", fmt::format("{}", number)}, {"meaning", texts_.get(*key)}});
    } else {
        const auto words = symbol.empty() ? text_of(code, "words") : words_of_symbol(symbol);
        entry.title = texts_.get("kb.code-title", {{"code", fmt::format("{}", number)}, {"meaning", words}});
        entry.paragraphs.push_back(texts_.get("error.name-only", {{"symbol", symbol.empty() ? words : symbol}}));
    }
    for (const auto& known : base::json_at(knowledge_.document("errors"), "domains"))
        if (base::json_string(known, "id") == domain) entry.facts.emplace_back("said-by", texts_.get(text_of(known, "name_key")));
    if (!symbol.empty()) entry.facts.emplace_back("symbol", symbol);
    if (number > 9 || number < 0) entry.facts.emplace_back("hexadecimal", hexadecimal(number));
    add_stage(entry, code);
    for (const auto& id : base::json_at(code, "actions"))
        if (const auto found = id.is_string() ? action_keys_.find(id.get<std::string>()) : action_keys_.end(); found != action_keys_.end())
            entry.steps.push_back(texts_.get(found->second));
    add_common(entry, code);
    return entry;
}

Entry Library::panic_entry(const base::Json& signature) const {
    Entry entry;
    entry.kind = "panic";
    entry.id = text_of(signature, "id");
    entry.title = texts_.get(text_of(signature, "meaning_key"));
    std::string parts;
    for (const auto& part : base::json_at(signature, "parts"))
        if (part.is_string()) parts += (parts.empty() ? "" : ", ") + texts_.get("part." + part.get<std::string>());
    if (!parts.empty()) entry.facts.emplace_back("part", parts);
    if (const auto mask = base::json_int(base::json_at(signature, "match"), "smc_mask")) entry.facts.emplace_back("hexadecimal", hexadecimal(*mask));
    std::string models;
    for (const auto& id : base::json_at(signature, "models"))
        if (id.is_string()) {
            const auto* model = devices_.by_product_type(id.get<std::string>());
            models += (models.empty() ? "" : ", ") + (model == nullptr ? id.get<std::string>() : model->name);
        }
    if (!models.empty()) entry.facts.emplace_back("models", models);
    add_common(entry, signature);
    return entry;
}

Entry Library::symptom_entry(const base::Json& symptom) const {
    Entry entry;
    entry.kind = "symptom";
    entry.id = text_of(symptom, "id");
    entry.title = texts_.get(text_of(symptom, "name_key"));
    entry.paragraphs.push_back(texts_.get(text_of(symptom, "advice_key")));
    entry.facts.emplace_back("words", texts_.get(text_of(symptom, "words_key")));
    add_common(entry, symptom);
    return entry;
}

Entry Library::model_entry(const Model& model) const {
    Entry entry;
    entry.kind = "model";
    entry.id = model.product_type;
    entry.title = model.name;
    std::string boards;
    for (const auto& board : model.boards)
        boards += fmt::format("{}{} (CPID 0x{:04X}, BDID 0x{:02X})", boards.empty() ? "" : ", ", board.name, board.cpid, board.bdid);
    entry.facts.emplace_back("boards", boards);
    entry.facts.emplace_back("soc", model.soc);
    entry.facts.emplace_back("connector", model.connector);
    entry.facts.emplace_back("ios", fmt::format("{} - {}", model.first_ios, model.last_ios));
    for (const auto& [goal, key] : {std::pair{"force-restart", "kb.buttons.force-restart"}, std::pair{"recovery", "kb.buttons.recovery"}, std::pair{"dfu", "kb.buttons.dfu"}}) {
        std::string sentence = texts_.get(key);
        for (const auto& step : devices_.sequence(model, goal)) {
            sentence += " " + step_text(step, &model, texts_);
            if (!step.tap && step.seconds > 0) sentence += fmt::format(" ({} s)", step.seconds);
        }
        entry.paragraphs.push_back(std::move(sentence));
    }
    for (const auto& feature : model.features) entry.paragraphs.push_back(texts_.get("kb.feature." + feature));
    entry.sureness = model.sureness;
    for (const auto& one : base::json_at(knowledge_.document("devices"), "devices"))
        if (base::json_string(one, "product_type") == model.product_type) add_common(entry, one);
    return entry;
}

Entry Library::article_entry(const base::Json& article) const {
    Entry entry;
    entry.kind = "article";
    entry.id = text_of(article, "id");
    entry.title = texts_.get(text_of(article, "title_key"));
    entry.paragraphs.push_back(texts_.get(text_of(article, "summary_key")));
    for (const auto& section : base::json_at(article, "sections"))
        entry.paragraphs.push_back(texts_.get(text_of(section, "heading_key")) + "\n" + texts_.get(text_of(section, "body_key")));
    add_common(entry, article);
    return entry;
}

Entry Library::checkpoint_entry(const base::Json& checkpoint) const {
    Entry entry;
    entry.kind = "checkpoint";
    entry.id = text_of(checkpoint, "id");
    entry.title = texts_.get("kb.checkpoint-title", {{"name", base::replace_all(text_of(checkpoint, "name"), "_", " ")}});
    entry.facts.emplace_back("name", text_of(checkpoint, "name"));
    add_stage(entry, checkpoint);
    if (const auto part = base::json_string(checkpoint, "part")) entry.facts.emplace_back("part", texts_.get("part." + *part));
    if (const auto cause = base::json_string(checkpoint, "cause")) entry.causes.push_back({*cause, cause_text(*cause), 0});
    entry.paragraphs.push_back(texts_.get(base::json_bool(checkpoint, "storage_written").value_or(true) ? "kb.storage-written" : "kb.storage-untouched"));
    return entry;
}

Entry Library::operation_entry(const base::Json& operation) const {
    Entry entry;
    entry.kind = "operation";
    entry.id = fmt::format("{}", base::json_int(operation, "number").value_or(0));
    entry.title = texts_.get(text_of(operation, "text_key"));
    entry.facts.emplace_back("name", text_of(operation, "name"));
    add_stage(entry, operation);
    return entry;
}

}  // namespace unbrick::knowledge
