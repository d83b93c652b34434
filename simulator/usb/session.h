// Serves one open device node of a client: the ioctls that libumockdev-preload passes on over a socket
// (virtual-phone.md 1.3, 1.4). Ends when the client closes the node.
#pragma once

#include <memory>

#include "simulator/usb/bus_device.h"
#include "src/base/file.h"

namespace unbrick::simulator {

// Blocks until the client closes its end or `socket` is shut down.
void serve_open_file(int socket, const std::shared_ptr<BusDevice>& device, const std::shared_ptr<ReadyPipe>& pipe);

// A file under /dev that is no device of ours: every request is to be done by the real system call.
// false: the client is gone.
bool pass_one_request(int socket);

}  // namespace unbrick::simulator
