// A usbmuxd on a unix socket for virtual phones.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "simulator/mux/pair_records.h"
#include "simulator/mux/stream.h"

namespace unbrick::simulator::mux {

// Something inside a phone that listens on a port. Runs on the connection's own thread; the
// connection ends when it returns. It must end soon after its stream was interrupted.
using Service = std::function<void(Stream&)>;

// A phone as usbmuxd shows it. `connect` may be called from several threads; an empty service means
// that the phone refuses the port.
struct Attachment {
    std::string udid;
    std::uint16_t product_id = 0x12a8;
    std::uint32_t location = 0x01100000;
    std::function<Service(std::uint16_t port)> connect;
};

// start() and stop() may alternate: Debian's daemon comes with the first phone and goes with the last.
// All members may be called from any thread.
class Server {
public:
    Server(std::filesystem::path socket, std::shared_ptr<PairRecords> records);
    Server(const Server&) = delete;
    ~Server();

    base::Status start();
    // Ends every connection and removes the socket; attachments are forgotten.
    void stop();
    bool running() const;

    // Announces a phone to every listener and returns its device id.
    std::uint32_t attach(Attachment attachment);
    // Ends the phone's connections (as a pulled cable does), then tells the listeners.
    void detach(std::uint32_t device_id);
    // Ends the phone's connections and keeps it attached.
    void drop_connections(std::uint32_t device_id);

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace unbrick::simulator::mux
