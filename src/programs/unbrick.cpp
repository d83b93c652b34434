// The command line's entry.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "src/base/file.h"
#include "src/cli/diagnose_command.h"

int main(int argc, char** argv) {
    CLI::App app{"unbrick"};
    app.require_subcommand(1);
    unbrick::cli::DiagnoseOptions options;
    auto* diagnose = app.add_subcommand("diagnose", "Find out what is wrong");
    diagnose->add_option("--evidence", options.evidence, "A log, a report or a text; - is standard input");
    diagnose->add_option("--error", options.errors, "An error number");
    diagnose->add_option("--symptom", options.symptoms, "The id of a symptom");
    diagnose->add_option("--about", options.about, "What is known of the phone");
    diagnose->add_flag("--explain", options.explain, "The whole reasoning");
    diagnose->add_flag("--json", options.json, "One JSON document");
    diagnose->add_option("--leave-out", options.leave_out, "Rules that shall not count (reports on the knowledge)")->group("");
    CLI11_PARSE(app, argc, argv);
    const auto folder = unbrick::base::knowledge_folder();
    if (!folder) { std::fprintf(stderr, "unbrick: %s\n", folder.error().to_string().c_str()); return 1; }
    const auto knowledge = unbrick::knowledge::Knowledge::load(*folder);
    if (!knowledge) { std::fprintf(stderr, "unbrick: %s\n", knowledge.error().to_string().c_str()); return 1; }
    const auto texts = unbrick::knowledge::Texts::load(*folder, unbrick::knowledge::Texts::preferred_language(*folder));
    if (!texts) { std::fprintf(stderr, "unbrick: %s\n", texts.error().to_string().c_str()); return 1; }
    return static_cast<int>(unbrick::cli::diagnose(*knowledge, *texts, options));
}
