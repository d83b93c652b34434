// StartRestore's options and what this host says it can do (restore-protocol.md 6.3).
#pragma once

#include "src/base/plist.h"
#include "src/firmware/manifest.h"

namespace unbrick::recovery::restore {

struct OptionInputs {
    const firmware::BuildIdentity* identity = nullptr;
    const firmware::BuildIdentity* recovery_identity = nullptr;
    const firmware::Archive* archive = nullptr;    // sizes of the recovery OS's components
    base::Plist baseband_preflight;                // FirmwarePreflightInfo, or none
    int build_major = 0;
};
base::Plist restore_options(const OptionInputs& inputs);
base::Plist supported_data_types();
base::Plist supported_message_types();

}  // namespace unbrick::recovery::restore
