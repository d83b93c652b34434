// The step "restore": firmware onto a phone, by our own engine or by the idevicerestore program.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "diagnostics/evidence.h"
#include "src/base/result.h"
#include "src/device/identity.h"

namespace unbrick::device { class Watcher; }
namespace unbrick::knowledge { class Knowledge; }

namespace unbrick::recovery::restore {

enum class Kind { Update, Erase };
enum class Engine { Default, Own, Idevicerestore };   // Default: own in a rehearsal, idevicerestore on a real phone
std::string_view to_string(Kind kind);                // "update", "erase"
base::Result<Kind> parse_kind(std::string_view text);
std::string_view to_string(Engine engine);            // "default", "own", "idevicerestore"
base::Result<Engine> parse_engine(std::string_view text);

// A person's typed word for exactly this phone and step, obtained by the executor while the program ran.
// The engine refuses to erase without one that fits its request and is not older than kConsentLives.
struct EraseConsent {
    device::PhoneKey phone;
    std::string step;
    std::chrono::steady_clock::time_point given;
};
inline constexpr std::chrono::minutes kConsentLives{30};

struct RestoreRequest {
    device::PhoneKey phone;
    std::string step;                      // id of the plan's step
    std::filesystem::path firmware;        // IPSW or folder
    Kind kind = Kind::Update;
    Engine engine = Engine::Default;
    std::string signing_server;            // empty: UNBRICK_SIGNING_SERVER in a rehearsal, else Apple's
    bool dry_run = false;                  // as far as the boot of the ramdisk, nothing is written to storage
    bool own_engine_on_real_phone = false; // the setting that lets our engine write to a real phone
    std::optional<EraseConsent> consent;   // needed for Kind::Erase (not for a dry run)
    std::filesystem::path folder;          // of the case: tickets, the phone's log, unknown requests go here
};

// Where the work is now. Ids and times are knowledge/restore_times.json.
struct Stage {
    std::string id;
    std::string text_key;                  // what the phone does now and what is awaited
    std::string stop_text_key;             // what a stop costs now
    std::chrono::duration<double> usual{0}, longest{0};   // phone time
    bool writing = false;                  // storage has been or is being written
};

// Something that only a person at the phone can do; the engine waits meanwhile and sees the effect by itself.
struct PersonAct {
    std::string act;                       // "type-passcode", "unlock", "trust", "replug"
    std::string text_key;
};

// Called from the engine's threads, never two at a time; must not block.
struct RestoreCallbacks {
    std::function<void(const Stage&)> stage;
    // `fraction` of the present stage, negative: no measure. `bytes_per_second` negative: nothing flows.
    std::function<void(double fraction, double bytes_per_second)> progress;
    std::function<void(std::string_view text)> phone_said;   // checkpoints, statuses, log lines, in the phone's words
    std::function<void(std::string_view text)> said;         // what the engine does (a step in our words, for the log)
    std::function<void(const PersonAct&)> ask;
};

// Outcome ids, all of which knowledge/texts/en/restore.json explains as "restore.outcome.<id>":
//   restored               the phone said success and was told so; it restarts by itself
//   dry-run-done           the ramdisk ran and answered; nothing was written
//   refused-before-start   a check said no; the phone is as it was found
//   not-signed             the server does not sign this firmware for this phone
//   signing-unreachable    no answer from the signing server
//   failed-before-write    it failed, and storage was not touched
//   failed-while-writing   it failed after writing began; the phone needs a restore
//   phone-refused          the phone ended it with a status of its own (evidence says which)
//   stalled                a stage took longer than it can
//   phone-lost             the phone left the bus and did not come back
//   cancelled              stopped on request
struct RestoreResult {
    std::string outcome;
    base::Status status;                   // the error behind every outcome but restored and dry-run-done
    device::Mode left_in = device::Mode::Unknown;
    bool storage_written = false;
    std::string last_stage;                // id of the stage in which it ended
    std::string engine;                    // "own" or "idevicerestore x.y"
    std::string phone_log;                 // the log that the phone sent with its status; may be empty
    diagnostics::EvidenceSet evidence;
};

// Blocks until the end; on a thread of the caller. `stop` cancels at the next safe point. The watcher is used
// for every mode change; no link to the phone may be open while it runs.
RestoreResult run_restore(device::Watcher& watcher, const knowledge::Knowledge& knowledge, const RestoreRequest& request,
                          const RestoreCallbacks& callbacks, const std::stop_token& stop);

}  // namespace unbrick::recovery::restore
