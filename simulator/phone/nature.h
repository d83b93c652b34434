// What a virtual phone is: identity, parts and the state in which a scenario finds it. Data of a
// scenario, read once; what changes later lives in VirtualPhone.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "simulator/phone/state.h"
#include "src/base/json.h"

namespace unbrick::simulator {

enum class ButtonClass {
    Home,            // a home button that moves: home + side
    HomeCapacitive,  // iPhone 7: volume-down + side
    NoHome,          // iPhone 8 and newer: volume-up, volume-down, then side
};

// How long a phone takes, in phone seconds. Defaults: restore-protocol.md 1.7 and real-restore.md 2.
struct Latency {
    double enter_recovery_detach = 3.6;  // accepted in Normal -> off the bus
    double reboot_detach = 0.5;          // reboot command or DFU reset -> off the bus
    double go_detach = 0.8;
    double bootx_detach = 1.5;
    double iboot_attach = 9.7;           // off the bus -> Recovery on the bus
    double ibss_attach = 2.0;
    double ibec_attach = 2.0;
    double dfu_attach = 1.5;
    double restore_attach = 14.0;        // off the bus -> Restore on the bus
    double normal_attach = 25.0;         // off the bus -> Normal on the bus
    double services = 2.0;               // Normal on the bus -> lockdownd answers
    double bounce = 1.5;                 // a refused image -> off the bus
};

// Pauses that a phone needs and does not signal (restore-protocol.md 2.5, 2.7).
struct Settle {
    double before_go_in_ibss = 1.0;
    double after_ramdisk = 2.0;
};

struct Nature {
    std::string name;             // "Anna's iPhone"
    std::string product_type;     // "iPhone10,6"
    std::string board;            // "d221ap"
    std::string marketing_name;
    std::uint32_t cpid = 0;
    std::uint32_t bdid = 0;
    std::uint32_t cprv = 0x11, cpfm = 0x03, scep = 0x01, ibfl = 0x3c;
    std::uint64_t ecid = 0;
    std::string serial;
    std::string udid;             // empty in the scenario: made from cpid and ecid as the chip's generation does
    std::string imei;             // empty: no baseband
    std::string srtg;             // "iBoot-3332.0.0.1.23"
    std::string iboot_version;    // what getenv build-version answers with the installed system
    std::string ios_version;
    std::string ios_build;
    std::uint16_t recovery_product = 0x1281;
    std::uint16_t normal_product = 0x12a8;
    bool kis = false;             // A16 and newer: SecureROM's DFU is KIS
    bool ibss_is_dfu = false;     // A7 to A9: iBSS comes back as DFU
    bool nonce_changes_across_ibss = true;
    std::size_t ap_nonce_size = 32;
    ButtonClass buttons = ButtonClass::NoHome;
    bool passcode_set = true;
    std::string user_data_digest = "user-data";
    std::string system_digest = "factory";
    std::uint64_t image_limit = 512ull << 20;  // bytes that iBoot takes in one upload (real-restore.md 3.3)
    std::uint64_t dfu_limit = 32ull << 20;     // load area of SecureROM and iBSS
    Latency latency;
    Settle settle;

    // ---- how a scenario finds it
    Mode start_mode = Mode::Normal;
    Stage start_stage = Stage::None;  // None: what start_mode means by itself
    bool start_off_bus = false;
    std::map<std::string, std::string> boot_variables{{"auto-boot", "true"}};
    SystemImage system = SystemImage::Intact;
    UserData user_data = UserData::Kept;
    BootOutcome boot_outcome = BootOutcome::Normal;
    double restart_period = 180;      // BootOutcome::Restarts: seconds that it stays up
    std::set<std::string> cured_by;   // what makes the outcome Normal: "force-restart", "update", "erase", "charge" ...
    Cable cable = Cable::Data;
    bool charger = false;
    double battery = 80;              // per cent
    double battery_to_boot = 3;       // needs more than this to start
    double charge_per_minute = 1.0;   // with a charger; half of it from a computer
    double drain_per_minute = 0.05;   // in every mode but Off
    bool locked = true;
    bool usb_restricted = false;

    // Everything else of the scenario's phone object, for Normal mode's services and later parts.
    base::Json extras = base::Json::object();

    // Errors: InvalidInput that names the member. Unknown members stay in `extras`.
    static base::Result<Nature> from_json(const base::Json& phone);
    // The kind of DFU that this phone's SecureROM has.
    Mode dfu_mode() const { return kis ? Mode::Kis : Mode::Dfu; }
};

}  // namespace unbrick::simulator
