// usbmuxd's own messages: a header of four little-endian words {length with the header, version,
// message, tag} and a property list (virtual-phone.md section 2).
#pragma once

#include <cstdint>

#include "simulator/mux/stream.h"

namespace unbrick::simulator::mux {

inline constexpr std::uint32_t kPlistVersion = 1;
inline constexpr std::uint32_t kPlistMessage = 8;

struct Frame {
    std::uint32_t version = kPlistVersion;
    std::uint32_t message = kPlistMessage;
    std::uint32_t tag = 0;
    base::Plist body;
};

enum class MuxResult : std::uint32_t { Ok = 0, BadCommand = 1, BadDevice = 2, Refused = 3, BadVersion = 6 };

base::Result<Frame> read_frame(Stream& stream, base::Deadline deadline);
base::Bytes encode_frame(std::uint32_t tag, const base::Plist& body);
base::Bytes encode_result(std::uint32_t tag, MuxResult result);

}  // namespace unbrick::simulator::mux
