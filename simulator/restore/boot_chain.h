// What SecureROM, iBSS and iBEC make of the images and commands that they get (restore-protocol.md 2.5 to 2.8).
#pragma once

#include <chrono>
#include <optional>
#include <set>
#include <string>

#include "simulator/firmware/components.h"
#include "simulator/image4/image4.h"

namespace unbrick::simulator {

enum class BootStage { SecureRom, Ibss, IbootRecovery, Ibec };

// What the phone does next.
enum class BootAction {
    Stay,             // nothing visible
    StartIbss,        // leaves the bus, comes back as iBSS (DFU or recovery by generation)
    StartIbec,        // leaves the bus, comes back in recovery as iBEC
    BootRestore,      // leaves the bus, comes back in restore mode
    FallBack,         // refused: restarts into recovery (or stays in DFU)
};

struct BootAnswer {
    BootAction action = BootAction::Stay;
    std::string reason;   // of a refusal, for the history
};

class BootChain {
public:
    BootChain(const Generation& generation, const PhoneTrust& trust) : generation_(generation), trust_(trust) {}

    BootStage stage() const { return stage_; }
    void restart(BootStage stage);          // a fresh start of that stage; forgets what was loaded
    void renew_trust(const PhoneTrust& trust) { trust_ = trust; }   // new nonce

    // A whole DFU or KIS upload, after its reset or boot command.
    BootAnswer dfu_image(base::ByteView image);
    // A bulk upload in recovery; it waits for the command that uses it.
    void upload(base::Bytes image, double phone_time);
    // "go", "ramdisk", "devicetree", "firmware", "rsepfirmware", "setpicture", "bootx", ...; `phone_time` in seconds.
    BootAnswer command(std::string_view name, double phone_time);

    // Of the ramdisk that was booted.
    const std::optional<RamdiskNote>& ramdisk() const { return ramdisk_; }
    // Settle times that the host ignored, each said once; emptied by reading.
    std::vector<std::string> take_violations();

private:
    base::Result<CheckedImage> take_upload();
    BootAnswer refuse(std::string reason);

    Generation generation_;
    PhoneTrust trust_;
    BootStage stage_ = BootStage::IbootRecovery;
    base::Bytes upload_;
    std::set<std::string> loaded_;          // fourccs
    std::optional<RamdiskNote> ramdisk_;
    double ramdisk_at_ = -1;                // phone time of the ramdisk command
    std::vector<std::string> violations_;
};

}  // namespace unbrick::simulator
