// Where uploaded images go. The default refuses them as a phone refuses an image that is not signed
// for it; the restore part gives one that checks tickets and says what runs next.
#pragma once

#include <optional>
#include <string>

#include "simulator/phone/state.h"
#include "src/base/text.h"

namespace unbrick::simulator {

class VirtualPhone;

struct UploadedImage {
    base::Bytes data;
    Mode received_in = Mode::Recovery;
    Stage received_by = Stage::Iboot;
    double received_at = 0;  // phone time of the last byte
};

// What the phone does with an image that is to run next (DFU reset, KIS boot, `go`, `bootx`).
struct NextBoot {
    bool accepted = false;
    Mode mode = Mode::Recovery;  // where it comes back: Dfu, Recovery or Restore
    Stage stage = Stage::Ibec;
    std::string build_version;   // iBSS, iBEC: what getenv build-version answers from then on
    std::string reason;          // for the history: "BNCH is not the nonce", "iBEC 22A3354"
};

struct CommandOutcome {
    enum class Kind {
        Done,
        Reply,   // `text` is what the following reply transfer answers
        Crash,   // it panics and comes back in Recovery after Latency::bounce
    };
    Kind kind = Kind::Done;
    std::string text;
};

class ImageSink {
public:
    virtual ~ImageSink() = default;
    // A complete image that was sent to DFU, KIS or WTF. Called with no lock of the phone held; a phone
    // that is in the middle of a mode change is not asked.
    virtual NextBoot boot_dfu_image(VirtualPhone& phone, const UploadedImage& image);
    // `go`: jump into the last uploaded image, if any.
    virtual NextBoot go(VirtualPhone& phone, const UploadedImage* image);
    // `bootx`: start the kernel (an uploaded one, with ramdisk and the rest before it).
    virtual NextBoot bootx(VirtualPhone& phone, const UploadedImage* image);
    // Any command that consumes the last upload: ramdisk, devicetree, firmware, rsepfirmware, ticket,
    // setpicture ... nullopt: not a command that this sink knows (the phone records a violation).
    virtual std::optional<CommandOutcome> command(VirtualPhone& phone, const std::string& command,
                                                  const UploadedImage* image);
};

}  // namespace unbrick::simulator
