#include "src/cli/restore_command.h"

#include <filesystem>

#include "src/base/exit_code.h"

namespace unbrick::cli {

int restore(const GlobalOptions& global, const RestoreOptions& options) {
    if (options.update == options.erase && !options.dry_run)
        return complain(base::Error(base::ErrorCode::Usage, "restore needs exactly one of --update and --erase"));
    RecoverOptions recover_options;
    recover_options.device = options.device;
    recover_options.plan = options.dry_run ? "restore-dry-run" : options.erase ? "restore-erase" : "restore-update";
    std::error_code ignored;
    recover_options.firmware = std::filesystem::absolute(options.firmware, ignored).string();
    recover_options.json = options.json;
    recover_options.inputs["firmware"] = recover_options.firmware;
    if (!options.engine.empty()) recover_options.inputs["engine"] = options.engine;
    if (!options.signing_server.empty()) recover_options.inputs["signing_server"] = options.signing_server;
    if (options.own_engine_on_real_phone) recover_options.inputs["own_engine_on_real_phone"] = true;
    return recover(global, recover_options);
}

}  // namespace unbrick::cli
