// The system image's own connection (restore-protocol.md 7.1, real-restore.md 3.6): reading and hashing go ahead
// on one thread while another sends.
#pragma once

#include <cstdint>
#include <functional>

#include "recovery/restore/channel.h"
#include "recovery/restore/image_source.h"

namespace unbrick::recovery::restore {

inline constexpr std::uint16_t kDefaultAsrPort = 12345;   // only when the phone names none
inline constexpr std::size_t kAsrChunk = 131072;

struct AsrCallbacks {
    std::function<void(std::uint64_t sent, std::uint64_t total)> progress;
    std::function<void()> payload_begins;
    std::function<bool()> may_close;      // the phone is known to be done with the connection
};

// Errors: Protocol (the phone asks for bytes that are not there, or something unknown), Disconnected, TimedOut,
// Cancelled, FirmwareInvalid (the image cannot be read).
base::Status send_system_image(Channel& channel, ImageSource& image, const AsrCallbacks& callbacks, const base::Deadline& begin,
                               const std::function<base::Deadline()>& silence, const std::stop_token& stop);

}  // namespace unbrick::recovery::restore
