// Our own engine, from the checks to the phone's last word.
#pragma once

#include "recovery/restore/preparation.h"

namespace unbrick::recovery::restore {

struct OwnEngineEnd { base::Status status; std::string phone_log; };
OwnEngineEnd run_own_engine(device::Watcher& watcher, const knowledge::Knowledge& knowledge, const RestoreRequest& request, Reporter& reporter,
                            const base::PhoneClock& clock, const std::stop_token& stop);

}  // namespace unbrick::recovery::restore
