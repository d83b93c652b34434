// DFU on USB: the class's state machine as a phone's loader runs it (restore-protocol.md 2.1).
#include <fmt/core.h>
#include <zlib.h>

#include <array>
#include <optional>

#include "simulator/usb/descriptors.h"
#include "simulator/usb/faces.h"

namespace unbrick::simulator {

namespace {

enum State : std::uint8_t {
    kIdle = 2,
    kDownloadSync = 3,
    kDownloadIdle = 5,
    kManifestSync = 6,
    kManifest = 7,
    kWaitReset = 8,
    kError = 10,
};
enum Request : std::uint8_t { kDownload = 1, kUpload = 2, kGetStatus = 3, kClearStatus = 4, kGetState = 5, kAbort = 6 };

constexpr std::size_t kBlock = 0x800;
constexpr std::size_t kPortBlock = 0x40;
constexpr std::size_t kSuffix = 16;
constexpr std::array<std::uint8_t, 12> kSuffixHead{0xff, 0xff, 0xff, 0xff, 0xac, 0x05, 0x00, 0x01, 0x55, 0x46, 0x44, 0x10};

// CRC-32 over everything but its own four bytes, without the final inversion.
bool suffix_is_right(const base::Bytes& all) {
    if (all.size() < kSuffix) return false;
    const auto head = all.end() - static_cast<std::ptrdiff_t>(kSuffix);
    if (!std::equal(kSuffixHead.begin(), kSuffixHead.end(), head)) return false;
    const auto crc = crc32_z(0, all.data(), all.size() - 4) ^ 0xffffffffu;
    std::uint32_t sent = 0;
    for (int i = 3; i >= 0; --i) sent = (sent << 8) | all[all.size() - 4 + static_cast<std::size_t>(i)];
    return static_cast<std::uint32_t>(crc) == sent;
}

class DfuFace : public UsbDevice {
public:
    DfuFace(VirtualPhone& phone, Mode mode, Stage stage) : phone_(phone), mode_(mode), stage_(stage) {
        UsbIds ids;
        ids.product = mode == Mode::Wtf ? 0x1222 : mode == Mode::PortDfu ? 0xf014 : 0x1227;
        ids.manufacturer_string = 2;
        ids.product_string = 3;
        ids.serial_string = 4;
        descriptors_.device = device_descriptor(ids);
        UsbInterface dfu;
        dfu.interface_class = 0xfe;
        dfu.interface_subclass = 1;
        dfu.interface_protocol = 2;
        // DFU functional descriptor: may download, manifestation tolerant; transfer size; DFU 1.0.
        dfu.functional = {9, 0x21, 0x05, 0x0a, 0x00, 0x00, 0x08, 0x00, 0x01};
        descriptors_.configurations = configuration_descriptor(1, {dfu});
        descriptors_.strings = {{2, "Apple Inc."},
                                {3, "Apple Mobile Device (DFU Mode)"},
                                {4, iboot_string(phone.nature(), mode, stage)}};
        if (const auto nonce = nonce_string(phone, mode); !nonce.empty()) descriptors_.strings[1] = nonce;
    }

    const UsbDescriptors& descriptors() const override { return descriptors_; }

    UsbReply control(const UsbSetup& setup, base::ByteView out) override {
        if (leaving_) return UsbReply::stall();
        if (setup.type == 0x21) {
            switch (setup.request) {
                case kDownload: return download(setup.value, out);
                case kClearStatus:
                    if (state_ == kError) start_over();
                    return {};
                case kAbort:
                    start_over();
                    return {};
                default: return UsbReply::stall();
            }
        }
        if (setup.type == 0xa1) {
            if (setup.request == kGetState) return UsbReply::gives(base::Bytes{state_});
            if (setup.request == kGetStatus) return status();
        }
        return UsbReply::stall();
    }

    void reset() override {
        if (leaving_) return;
        if (state_ == kManifest || state_ == kWaitReset) start_image();
        else start_over();
    }

private:
    void start_over() {
        state_ = kIdle;
        image_.clear();
        blocks_ = 0;
    }

    UsbReply fail(const char* rule, std::string details) {
        phone_.violate(rule, std::move(details));
        state_ = kError;
        return UsbReply::stall();
    }

    UsbReply download(std::uint16_t block, base::ByteView data) {
        if (data.empty()) {
            if (state_ == kManifestSync || state_ == kManifest || state_ == kWaitReset) return {};  // said twice
            if (state_ != kDownloadIdle && state_ != kDownloadSync)
                return fail("dfu-state", "end of download without data");
            state_ = kManifestSync;
            return {};
        }
        const auto block_size = mode_ == Mode::PortDfu ? kPortBlock : kBlock;
        if (data.size() > block_size) return fail("dfu-block-size", fmt::format("{} bytes", data.size()));
        if (image_.size() + data.size() > phone_.nature().dfu_limit) {
            phone_.record("dfu-too-large", {{"limit", phone_.nature().dfu_limit}});
            state_ = kError;
            return UsbReply::stall();
        }
        const bool first = state_ == kIdle && block == 0;
        const bool next = state_ == kDownloadIdle && block == static_cast<std::uint16_t>(blocks_);
        // The suffix that did not fit the last block comes under the same number, without a status between.
        const bool suffix = state_ == kDownloadSync && data.size() == kSuffix &&
                            block == static_cast<std::uint16_t>(blocks_ - 1);
        if (!first && !next && !suffix)
            return fail("dfu-order", fmt::format("block {} in state {} after {} blocks", block, int{state_}, blocks_));
        if (!suffix) ++blocks_;
        image_.insert(image_.end(), data.begin(), data.end());
        state_ = kDownloadSync;
        return UsbReply::took(data.size());
    }

    UsbReply status() {
        const std::uint8_t code = state_ == kError ? 0x0f : 0x00;
        if (state_ == kDownloadSync) state_ = kDownloadIdle;
        const std::uint8_t shown = state_;
        if (state_ == kManifestSync) state_ = kManifest;
        else if (state_ == kManifest) state_ = kWaitReset;
        return UsbReply::gives(base::Bytes{code, 0, 0, 0, shown, 0});
    }

    void start_image() {
        leaving_ = true;
        NextBoot next;
        const auto& latency = phone_.nature().latency;
        if (mode_ != Mode::PortDfu && !suffix_is_right(image_)) {
            phone_.violate("dfu-checksum", fmt::format("{} bytes", image_.size()));
            next.reason = "wrong DFU suffix";
        } else {
            UploadedImage image;
            image.data = std::move(image_);
            if (mode_ != Mode::PortDfu) image.data.resize(image.data.size() - kSuffix);
            image.received_in = mode_;
            image.received_by = stage_;
            image.received_at = phone_.now();
            phone_.record("upload", {{"bytes", image.data.size()}});
            next = phone_.image_sink()->boot_dfu_image(phone_, image);
        }
        phone_.jump(next, latency.reboot_detach, attach_time(phone_.nature(), next));
    }

    VirtualPhone& phone_;
    const Mode mode_;
    const Stage stage_;
    UsbDescriptors descriptors_;
    State state_ = kIdle;
    bool leaving_ = false;
    std::size_t blocks_ = 0;
    base::Bytes image_;
};

}  // namespace

std::shared_ptr<UsbDevice> make_dfu_face(VirtualPhone& phone, Mode mode, Stage stage) {
    return std::make_shared<DfuFace>(phone, mode, stage);
}

}  // namespace unbrick::simulator
