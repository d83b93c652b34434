// preboardservice_v2: the stashbag, by which an update from Normal lets the first boot open the data volume
// (restore-protocol.md 1.9). A simplification: the person at the phone types the passcode at once when asked.
#include "simulator/services/service_table.h"

namespace unbrick::simulator::services {

void serve_preboard(System& system, mux::Stream& stream) {
    using base::Plist;
    while (true) {
        auto message = stream.read_plist(mux::idle_deadline());
        if (!message) return;
        const std::string command = message->string_at("Command").value_or("");
        const auto say = [&](const char* key) {
            return stream.write_plist(Plist::dict().set(key, Plist::boolean(true))).has_value();
        };
        if (command == "CreateStashbag") {
            const auto manifest = message->data_at("Manifest");
            if (!manifest || manifest->empty()) {
                if (!stream.write_plist(Plist::dict().set("Error", Plist::boolean(true)).set("ErrorString", "no manifest"))) return;
            } else if (!system.nature().passcode_set) {
                if (!say("Skip")) return;
            } else if (!say("ShowDialog") || !say("HideDialog")) {
                return;
            }
        } else if (command == "CommitStashbag") {
            if (!say("StashbagCommitComplete")) return;
        } else {
            if (!stream.write_plist(Plist::dict().set("Error", Plist::boolean(true)).set("ErrorString", "unknown command"))) return;
        }
    }
}

}  // namespace unbrick::simulator::services
