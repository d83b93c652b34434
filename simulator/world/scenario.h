// A scenario: what stands in simulator/scenarios/<id>.json, checked against schema.json.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "simulator/mux/stream.h"
#include "simulator/phone/nature.h"
#include "simulator/services/system.h"
#include "simulator/world/person_rules.h"

namespace unbrick::simulator {

// When the usbmuxd of the host runs.
enum class DaemonPolicy {
    Udev,     // Debian's: started by udev with the first phone in Normal or Restore, ends with the last
    Running,  // always
    Missing,  // never: no socket at all
};

struct HostNature {
    DaemonPolicy usbmuxd = DaemonPolicy::Udev;
    bool usb_permission = true;  // the device nodes may be opened
    unsigned hubs = 2;           // root hubs on the bus
    bool network = true;         // the servers of this world can be reached
};

// A fault of one Normal-mode connection; the first rule that fits a new connection is used up.
struct ConnectionFault {
    std::uint16_t port = 0;      // 0: any
    unsigned skip = 0;           // connections to let pass first
    unsigned times = 1;
    mux::StreamFault fault;
};

// The cable lets go by itself.
struct CableFault {
    double after = 0;            // phone seconds since the world began, or since it was plugged in
    double every = 0;            // again and again, when not 0
    double away = 1.0;           // phone seconds until it holds again
    std::string cured_by;        // the act that ends it: "other-cable", "other-port" ...
};

struct ScenarioPhone {
    Nature nature;
    services::SystemNature system;
    std::vector<ConnectionFault> connection_faults;
    std::vector<CableFault> cable_faults;
    base::Json restore = base::Json::object();  // what the restore side needs to know
    base::Json usb = base::Json::object();      // faults of the emulated USB device
};

struct Scenario {
    std::string id;
    std::string title;
    std::string story;
    std::vector<ScenarioPhone> phones;
    HostNature host;
    PersonRules person;
    base::Json servers = base::Json::object();
    base::Json expected = base::Json::object();  // for tests: cause, action, mode, stable, user_data
    bool needs_restore = false;
};

// Where the scenarios are: $UNBRICK_SCENARIOS, beside the program, or the installed share folder.
base::Result<std::filesystem::path> scenarios_folder();
// Errors: InvalidInput "<file>: <pointer>: <reason>", one line a mistake; NotFound.
base::Result<Scenario> load_scenario(const std::filesystem::path& file);
// An id of the folder, or the path of a file.
base::Result<Scenario> find_scenario(const std::string& id_or_path);
// All scenarios of the folder by id. A damaged one is an error of the whole list.
base::Result<std::vector<Scenario>> all_scenarios();

}  // namespace unbrick::simulator
