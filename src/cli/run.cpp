#include "src/cli/run.h"

#include <CLI/CLI.hpp>
#include <cstdio>

#include "src/base/file.h"
#include "src/base/log.h"
#include "src/cli/diagnose_command.h"
#include "src/cli/firmware_command.h"
#include "src/cli/kb_command.h"
#include "src/cli/recover_command.h"
#include "src/cli/restore_command.h"
#include "src/cli/simple_commands.h"

namespace unbrick::cli {

namespace {

// Words of an option list of CLI11 are for the --help of developers and scripts; everything that is said to an
// owner comes from the catalogue.
struct Line {
    GlobalOptions global;
    DiagnoseOptions diagnose;
    RecoverOptions recover;
    RestoreOptions restore;
    std::string device, file, case_id, scenario;
    bool json = false, watch = false, show_identifiers = false;
    int seconds = 10;
    unsigned threads = 0;
    std::vector<std::string> rest;
};

int diagnose_all(const Line& line) {
    const bool from_phone = line.diagnose.evidence.empty() && line.diagnose.errors.empty() && line.diagnose.symptoms.empty() && line.diagnose.about.empty();
    if (from_phone || !line.device.empty()) return diagnose_device(line.global, line.device, line.diagnose.explain, line.diagnose.json);
    const auto folder = knowledge_of(line.global);
    if (!folder) return complain(folder.error());
    const auto texts = texts_of(line.global);
    if (!texts) return complain(texts.error());
    const auto knowledge = knowledge::Knowledge::load(*folder);
    if (!knowledge) return complain(knowledge.error());
    return static_cast<int>(diagnose(*knowledge, *texts, line.diagnose));
}

}  // namespace

int run(int argc, char** argv) {
    // rehearse and replay are programs of their own; their words are theirs.
    if (argc > 1 && (std::string_view(argv[1]) == "rehearse" || std::string_view(argv[1]) == "replay")) {
        std::vector<std::string> words;
        if (std::string_view(argv[1]) == "replay") words.emplace_back("--replay");
        for (int i = 2; i < argc; ++i) words.emplace_back(argv[i]);
        return run_beside("unbrick-rehearse", words);
    }
    block_signals();
    Line line;
    int exit = 0;
    CLI::App app{"unbrick finds out why an iPhone or iPad does not start, and gets it back with the least loss.", "unbrick"};
    app.set_version_flag("--version", "unbrick 0.1.0");
    app.add_option("--knowledge", line.global.knowledge, "The knowledge folder");
    app.add_option("--language", line.global.language, "Language of the texts (en, xx ...)");
    app.add_flag("-v,--verbose", line.global.verbose, "More talk on standard error; twice: all");
    app.require_subcommand(0, 1);
    app.footer("Without a command: the window. unbrick rehearse [--list] [SCENARIO] [--verdict FILE] [-- COMMAND...] runs a\n"
               "rehearsal with a virtual phone, unbrick replay FILE [-- COMMAND...] plays a recording back as a phone.");
    const auto device = [&](CLI::App* command) { command->add_option("--device", line.device, "ECID of the phone (or its UDID, or its port such as 1-4)"); };
    const auto json = [&](CLI::App* command) { command->add_flag("--json", line.json, "JSON on standard output"); };

    auto* devices_command = app.add_subcommand("devices", "The phones that are here, and why one cannot be asked");
    devices_command->add_flag("--watch", line.watch, "Go on telling what changes");
    json(devices_command);
    devices_command->callback([&] { exit = devices(line.global, line.watch, line.json); });

    auto* diagnose_command = app.add_subcommand("diagnose", "Find out what is wrong: from the phone, or from what you have");
    device(diagnose_command);
    diagnose_command->add_option("--evidence", line.diagnose.evidence, "A log, a report or a text; - is standard input");
    diagnose_command->add_option("--error", line.diagnose.errors, "An error number");
    diagnose_command->add_option("--symptom", line.diagnose.symptoms, "The id of a symptom");
    diagnose_command->add_option("--about", line.diagnose.about, "What is known of the phone");
    diagnose_command->add_flag("--explain", line.diagnose.explain, "The whole reasoning");
    diagnose_command->add_flag("--json", line.diagnose.json, "One JSON document");
    diagnose_command->add_option("--leave-out", line.diagnose.leave_out, "Rules that shall not count")->group("");
    diagnose_command->callback([&] { exit = diagnose_all(line); });

    auto* recover_command = app.add_subcommand("recover", "Do what the diagnosis puts first, gentlest first");
    device(recover_command);
    recover_command->add_option("--plan", line.recover.plan, "This plan instead");
    recover_command->add_option("--firmware", line.recover.firmware, "The firmware file (IPSW) for plans that need one");
    recover_command->add_option("--case", line.recover.case_id, "Go on with this interrupted case");
    json(recover_command);
    recover_command->callback([&] {
        line.recover.device = line.device;
        line.recover.json = line.json;
        exit = recover(line.global, line.recover);
    });

    auto* restore_command = app.add_subcommand("restore", "Put a firmware on a phone");
    device(restore_command);
    restore_command->add_option("--firmware", line.restore.firmware, "The firmware (IPSW file or folder)")->required();
    restore_command->add_flag("--update", line.restore.update, "Meant to keep the data");
    restore_command->add_flag("--erase", line.restore.erase, "Erases everything; asks for a typed word while it waits");
    restore_command->add_option("--engine", line.restore.engine, "own or idevicerestore")->check(CLI::IsMember({"own", "idevicerestore"}));
    restore_command->add_option("--signing-server", line.restore.signing_server, "This signing server instead of the maker's");
    restore_command->add_flag("--dry-run", line.restore.dry_run, "As far as the restore system's start; nothing is written");
    restore_command->add_flag("--own-engine-on-real-phone", line.restore.own_engine_on_real_phone, "Let unbrick's own engine, which has never run on a real phone, write to one");
    json(restore_command);
    restore_command->callback([&] {
        line.restore.device = line.device;
        line.restore.json = line.json;
        exit = restore(line.global, line.restore);
    });

    auto* firmware_command = app.add_subcommand("firmware", "What a firmware file is for, and whether it is whole");
    firmware_command->require_subcommand(1);
    auto* info_command = firmware_command->add_subcommand("info", "Version, phones and variants");
    auto* verify_command = firmware_command->add_subcommand("verify", "Every component against the digests of the manifest");
    for (auto* command : {info_command, verify_command}) {
        command->add_option("FILE", line.file, "IPSW file or folder")->required();
        json(command);
    }
    verify_command->add_option("--threads", line.threads, "At most so many at once; 0: all cores");
    info_command->callback([&] { exit = firmware_info(line.file, line.json); });
    verify_command->callback([&] { exit = firmware_verify(line.file, line.threads, line.json); });

    const auto fixed = [&](const char* name, const char* what, const char* plan) {
        auto* command = app.add_subcommand(name, what);
        device(command);
        json(command);
        command->callback([&line, &exit, plan] {
            line.recover.device = line.device;
            line.recover.json = line.json;
            line.recover.plan = plan;
            exit = recover(line.global, line.recover);
        });
    };
    fixed("exit-recovery", "Lead a phone out of recovery mode; nothing is written", "exit-recovery");
    fixed("enter-recovery", "Ask a running phone to restart into recovery mode", "enter-recovery");
    fixed("enter-dfu", "Be guided through the buttons for DFU mode", "enter-dfu");

    auto* link_command = app.add_subcommand("link", "Measure the connection to a phone");
    device(link_command);
    json(link_command);
    link_command->add_option("--seconds", line.seconds, "How long")->check(CLI::Range(1, 600));
    link_command->callback([&] { exit = link(line.global, line.device, line.seconds, line.json); });

    auto* report_command = app.add_subcommand("report", "The report of a case; without --out a preview");
    report_command->add_option("--case", line.case_id, "Its id, or last");
    report_command->add_option("--out", line.file, "FILE.html, FILE.json or FILE.zip");
    report_command->add_flag("--show-identifiers", line.show_identifiers, "Do not replace identifiers by pseudonyms");
    report_command->callback([&] { exit = report(line.global, line.case_id, line.file, line.show_identifiers); });

    auto* cases_command = app.add_subcommand("cases", "The cases of this user, newest first");
    json(cases_command);
    cases_command->callback([&] { exit = cases(line.global, line.json); });

    auto* watch_command = app.add_subcommand("watch-log", "Read a log while another tool writes it, and say what it means");
    watch_command->add_option("FILE", line.file, "The log; - is standard input")->required();
    json(watch_command);
    watch_command->callback([&] { exit = watch_log(line.global, line.file, line.json); });

    add_kb_command(app, [&exit](int code) { exit = code; });

    app.parse_complete_callback([&] {
        const auto level = line.global.verbose == 0 ? base::log::Level::Warning : line.global.verbose == 1 ? base::log::Level::Info : base::log::Level::Debug;
        base::log::start(level, !app.get_subcommands().empty());
    });
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& trouble) {
        const int code = app.exit(trouble, std::cout, std::cerr);
        return code == 0 ? 0 : static_cast<int>(base::ExitCode::Usage);
    }
    if (app.get_subcommands().empty()) exit = start_window(line.global);
    return exit;
}

}  // namespace unbrick::cli
