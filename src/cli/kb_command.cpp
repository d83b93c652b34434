#include "src/cli/kb_command.h"

#include <fmt/core.h>

#include <cstdio>
#include <string>
#include <vector>

#include "src/base/exit_code.h"
#include "src/base/file.h"
#include "src/knowledge/check.h"
#include "src/knowledge/library.h"

namespace unbrick::cli {

namespace fs = std::filesystem;

namespace {

struct Options {
    std::string folder;
    std::string language;
    std::string kind;
    std::vector<std::string> words;
    bool json = false;
};

int complain(const base::Error& error) {
    fmt::print(stderr, "unbrick kb: {}\n", error.to_string());
    return static_cast<int>(base::ExitCode::Usage);
}

base::Result<fs::path> folder_of(const Options& options) {
    if (options.folder.empty()) return base::knowledge_folder();
    std::error_code error;
    if (!fs::is_directory(options.folder, error)) return base::fail(base::ErrorCode::NotFound, options.folder + ": is no folder");
    return fs::path(options.folder);
}

base::Result<knowledge::Texts> texts_of(const Options& options, const fs::path& folder) {
    return knowledge::Texts::load(folder, options.language.empty() ? knowledge::Texts::preferred_language(folder) : options.language);
}

std::string joined(const std::vector<std::string>& words) {
    std::string all;
    for (const auto& word : words) all += (all.empty() ? "" : " ") + word;
    return all;
}

base::OrderedJson hits_json(const std::vector<knowledge::Hit>& hits) {
    auto list = base::OrderedJson::array();
    for (const auto& hit : hits) list.push_back({{"kind", hit.kind}, {"id", hit.id}, {"title", hit.title}});
    return list;
}

void print_hits(const std::vector<knowledge::Hit>& hits) {
    for (const auto& hit : hits) fmt::print("{:10}  {:36}  {}\n", hit.kind, hit.id, hit.title);
}

int check(const Options& options) {
    const auto folder = folder_of(options);
    if (!folder) return complain(folder.error());
    const auto result = knowledge::check_knowledge(*folder);
    if (options.json) {
        fmt::print("{}\n", base::dump_json(result.to_json(), 2));
    } else {
        for (const auto& finding : result.findings) fmt::print("{}\n", finding.to_string());
        const auto texts = texts_of(options, *folder);
        const auto* key = result.findings.empty() ? "kb.check-passed" : "kb.check-failed";
        // The knowledge under test may lack its own texts: then the bare figures must do.
        const auto summary = texts && texts->has(key)
                                 ? texts->get(key, {{"documents", fmt::format("{}", result.documents)},
                                                    {"texts", fmt::format("{}", result.texts)},
                                                    {"findings", fmt::format("{}", result.findings.size())}})
                                 : fmt::format("{} / {} / {}", result.documents, result.texts, result.findings.size());
        fmt::print(stderr, "{}\n", summary);
    }
    return static_cast<int>(result.findings.empty() ? base::ExitCode::Done : base::ExitCode::Failed);
}

// What list, search and explain share: the knowledge loaded, or the exit code that says why not.
template <typename Use>
int with_library(const Options& options, Use use) {
    const auto folder = folder_of(options);
    if (!folder) return complain(folder.error());
    const auto loaded = knowledge::Knowledge::load(*folder);
    if (!loaded) return complain(loaded.error());
    const auto texts = texts_of(options, *folder);
    if (!texts) return complain(texts.error());
    const knowledge::Library library(*loaded, *texts);
    const int exit = use(library, *texts);
    const auto errors = loaded->load_errors();
    for (const auto& error : errors) fmt::print(stderr, "unbrick kb: {}\n", error);
    return errors.empty() ? exit : static_cast<int>(base::ExitCode::Usage);
}

int nothing_found(const Options& options, const knowledge::Texts& texts) {
    if (options.json) fmt::print("[]\n");
    fmt::print(stderr, "{}\n", texts.get("kb.nothing-found", {{"query", joined(options.words)}}));
    return static_cast<int>(base::ExitCode::Failed);
}

int list(const Options& options) {
    return with_library(options, [&](const knowledge::Library& library, const knowledge::Texts&) {
        std::vector<knowledge::Hit> all;
        for (const auto& kind : knowledge::Library::kinds()) {
            if (!options.kind.empty() && options.kind != kind) continue;
            const auto hits = library.list(kind);
            if (hits) all.insert(all.end(), hits->begin(), hits->end());
        }
        if (options.json) fmt::print("{}\n", base::dump_json(hits_json(all), 2));
        else print_hits(all);
        return static_cast<int>(base::ExitCode::Done);
    });
}

int search(const Options& options) {
    return with_library(options, [&](const knowledge::Library& library, const knowledge::Texts& texts) {
        const auto hits = library.search(joined(options.words));
        if (hits.empty()) return nothing_found(options, texts);
        if (options.json) fmt::print("{}\n", base::dump_json(hits_json(hits), 2));
        else print_hits(hits);
        return static_cast<int>(base::ExitCode::Done);
    });
}

int explain(const Options& options) {
    return with_library(options, [&](const knowledge::Library& library, const knowledge::Texts& texts) {
        const auto entries = library.explain(joined(options.words));
        if (entries.empty()) return nothing_found(options, texts);
        if (options.json) {
            auto all = base::OrderedJson::array();
            for (const auto& entry : entries) all.push_back(entry.to_json());
            fmt::print("{}\n", base::dump_json(all, 2));
            return static_cast<int>(base::ExitCode::Done);
        }
        std::size_t codes = 0;
        for (const auto& entry : entries) codes += entry.kind == "code" ? 1 : 0;
        if (codes > 1) fmt::print("{}\n\n", texts.get("error.several-domains"));
        for (std::size_t i = 0; i < entries.size(); ++i) fmt::print("{}{}", i == 0 ? "" : "\n", entries[i].to_text(texts));
        return static_cast<int>(base::ExitCode::Done);
    });
}

}  // namespace

void add_kb_command(CLI::App& program, std::function<void(int)> ran) {
    auto options = std::make_shared<Options>();
    auto* kb = program.add_subcommand("kb", "Look things up in the knowledge base, or check it");
    kb->require_subcommand(1);
    const auto add = [&](const char* name, const char* help, int (*run)(const Options&)) {
        auto* command = kb->add_subcommand(name, help);
        command->add_option("--knowledge", options->folder, "Another knowledge folder");
        command->add_option("--language", options->language, "en, de ...");
        command->add_flag("--json", options->json, "One JSON document");
        command->callback([options, run, ran] { ran(run(*options)); });
        return command;
    };
    add("check", "Every mistake of the knowledge base at once", check);
    add("list", "All entries, or those of one kind", list)
        ->add_option("kind", options->kind, "code, panic, symptom, model, article, checkpoint, operation")
        ->check(CLI::IsMember(knowledge::Library::kinds()));
    add("search", "Entries that hold all words", search)->add_option("words", options->words, "Words")->required();
    auto* explaining = add("explain", "An error number (4013, 0xE, AMRestoreErrorDomain/14), panic TEXT, a model, symptom or article", explain);
    // "-50" is a number to explain, no option.
    explaining->allow_extras();
    explaining->add_option("what", options->words, "What to explain")->required();
}

}  // namespace unbrick::cli
