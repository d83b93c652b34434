// Asking one phone who it is: blocking, on a thread of its own. Used by the watcher.
#pragma once

#include "src/device/watch/sighting_book.h"

namespace unbrick::device {

// Recovery, DFU, KIS: opens the device and reads its strings; the reason when it may not be opened.
UsbAnswer ask_usb(const UsbSighting& sighting, const std::shared_ptr<Recorder>& recorder, const std::stop_token& stop);
// Normal or Restore: identity and trust.
MuxAnswer ask_mux(std::uint32_t id, const std::string& udid, const std::shared_ptr<Recorder>& recorder, const std::stop_token& stop);

}  // namespace unbrick::device
