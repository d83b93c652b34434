// notification_proxy: hosts say what they want to hear of. A virtual phone posts nothing by itself.
#include "simulator/services/service_table.h"

namespace unbrick::simulator::services {

void serve_notification_proxy(System&, mux::Stream& stream) {
    while (true) {
        auto message = stream.read_plist(mux::idle_deadline());
        if (!message) return;
        const std::string command = message->string_at("Command").value_or("");
        if (command == "Shutdown") {
            if (!stream.write_plist(base::Plist::dict().set("Command", "ProxyDeath"))) return;
            return;
        }
        if (command == "PostNotification") {
            // Whoever observes the same name on this connection hears it.
            if (!stream.write_plist(base::Plist::dict()
                                        .set("Command", "RelayNotification")
                                        .set("Name", message->string_at("Name").value_or(""))))
                return;
        }
    }
}

}  // namespace unbrick::simulator::services
