// The phone's side of the image transfer (restore-protocol.md 7.1).
#pragma once

#include "simulator/restore/restore_phone.h"

namespace unbrick::simulator {

struct AsrOutcome {
    std::uint64_t bytes = 0;
    base::Bytes sha256;        // empty for ImageKeeping::Discard
};

struct AsrOptions {
    bool checksums = true;
    bool second_initiate = false;      // iOS 18 and newer ask twice
    bool reads_header = true;          // AEA: small reads at the start
};

// Serves one connection to its end. `progress` gets whole percents. Errors: Protocol (what the host did wrong),
// Disconnected, TimedOut. `fault` is asked after every chunk and may end the transfer.
base::Result<AsrOutcome> receive_image(Channel& host, const RestorePhone& phone, const AsrOptions& options,
                                       const std::function<void(int)>& progress, const std::function<bool(std::uint64_t, std::uint64_t)>& fault);

}  // namespace unbrick::simulator
