// `unbrick restore`: one firmware onto one phone, by the plans restore-update, restore-erase and restore-dry-run.
#pragma once

#include "src/cli/recover_command.h"

namespace unbrick::cli {

struct RestoreOptions {
    std::string device, firmware, engine, signing_server;
    bool update = false, erase = false, dry_run = false, own_engine_on_real_phone = false, json = false;
};

int restore(const GlobalOptions& global, const RestoreOptions& options);

}  // namespace unbrick::cli
