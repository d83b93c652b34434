// What the restore side needs from the rest of the virtual phone, and what it holds itself.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <set>
#include <string>

#include "simulator/firmware/generation.h"
#include "simulator/image4/image4.h"
#include "simulator/restore/channel.h"
#include "src/base/json.h"

namespace unbrick::simulator {

using PhoneSeconds = std::chrono::duration<double>;   // as in simulator/phone/timeline.h

// The device ports of the phone: which answer, and who serves a connection.
class Ports {
public:
    virtual ~Ports() = default;
    // A later connection to `port` is handed to `serve` on a thread of its own. Before open and after close: refused.
    virtual void open(std::uint16_t port, std::function<void(base::Fd)> serve) = 0;
    virtual void close(std::uint16_t port) = 0;
};

// How the system image is kept.
enum class ImageKeeping { File, Digest, Discard };

// One thing that goes wrong, from the scenario.
struct RestoreFault {
    std::string at;            // "checkpoint:65B", "request:NORData", "message:17", "asr:40%", "asr-byte:1000", "updater:SE", "baseband", "fdr", "start"
    std::string what;          // "cable", "stall", "reboot", "status", "crash", "garbage", "huge", "unknown-request", "wrong-port", "repeat"
    std::int64_t status = 0, amr_error = 0;   // for "status"
    std::string log;           // for "status": the phone's own restore log
    int times = 1;
};

struct RestorePhone {
    Generation generation;
    PhoneTrust trust;
    Ports* ports = nullptr;
    std::string serial_number, hardware_model;
    bool negative_ecid = false;            // UniqueChipID as a negative 64-bit value (1.6)

    // Storage.
    ImageKeeping sink = ImageKeeping::Digest;
    std::string image_file;                // for ImageKeeping::File
    std::uint64_t free_for_update_mib = 1u << 20;   // what an update finds free beside the user data
    bool bad_storage = false;              // the flash chip answers with errors

    bool dead_baseband = false;
    bool has_passcode = false;
    std::vector<RestoreFault> faults;
    std::uint64_t order_seed = 0;          // not 0: a random legal order of requests, repeats, an unknown request
    std::string key_url = "https://wkms-public.apple.com/fcs-keys/made-up";   // what URLAsset asks for

    std::chrono::milliseconds host_slack{0};   // host time that a fast world adds where it waits for the host

    // What the rest of the phone does for us.
    // Phone time passes; false: the phone was cut off or stopped meanwhile.
    std::function<bool(PhoneSeconds)> pause;
    std::function<void(std::string)> violation;     // a rule that the host broke; for the verdict
    std::function<void(std::string)> happened;      // for the history
    std::function<void()> pull_cable;               // faults
    std::function<void()> reboot;                   // restored gives up or ends: the phone restarts
    std::function<void(std::string)> erased;        // user data is gone now, and why
    std::function<void(base::Bytes sha256, std::uint64_t size)> image_written;
    std::function<void()> image_begun;              // from now on the system is half written
    std::function<void(std::string version, std::string build)> finished;   // a whole restore: it will boot into this
};

std::vector<RestoreFault> parse_restore_faults(const base::Json& list);

}  // namespace unbrick::simulator
