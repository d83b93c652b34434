// DFU of A16 and newer: request and response messages on two pairs of bulk endpoints
// (restore-protocol.md 2.2).
#include <fmt/core.h>

#include <deque>
#include <map>

#include "simulator/usb/descriptors.h"
#include "simulator/usb/faces.h"

namespace unbrick::simulator {

namespace {

constexpr std::size_t kHeader = 12;
constexpr std::size_t kInfo = 0x300;
constexpr std::size_t kMostChunk = 0x4000;
constexpr std::uint8_t kVersion = 0xa0;
enum Portal : std::uint8_t { kConfig = 0x01, kRsm = 0x10 };

std::uint32_t word_at(base::ByteView bytes, std::size_t at) {
    std::uint32_t value = 0;
    for (std::size_t i = 4; i-- > 0;) value = (value << 8) | bytes[at + i];
    return value;
}

void put32(base::Bytes& out, std::uint32_t value) {
    for (int i = 0; i < 4; ++i) out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

void set32(base::Bytes& out, std::size_t at, std::uint32_t value) {
    for (std::size_t i = 0; i < 4; ++i) out[at + i] = static_cast<std::uint8_t>(value >> (8 * i));
}

class KisFace : public UsbDevice {
public:
    explicit KisFace(VirtualPhone& phone) : phone_(phone) {
        UsbIds ids;
        ids.product = 0x1881;
        ids.manufacturer_string = 1;
        ids.product_string = 2;
        descriptors_.device = device_descriptor(ids);
        UsbInterface portals;
        portals.bulk_endpoints = {0x01, 0x81, 0x03, 0x83};
        descriptors_.configurations = configuration_descriptor(1, {portals});
        descriptors_.strings = {{1, "Apple Inc."}, {2, "Debug USB"}};
    }

    const UsbDescriptors& descriptors() const override { return descriptors_; }

    UsbReply bulk_out(std::uint8_t endpoint, base::ByteView data) override {
        if (leaving_ || (endpoint != 1 && endpoint != 3)) return UsbReply::stall();
        auto& request = requests_[endpoint];
        request.insert(request.end(), data.begin(), data.end());
        if (request.size() > kHeader + 64 + kMostChunk) return garbage(request, "longer than a message can be");
        if (request.size() >= kHeader && request[2] != kVersion) return garbage(request, "wrong version");
        if (request.size() < kHeader || request.size() < kHeader + word_at(request, 8)) return UsbReply::took(data.size());
        const auto message = std::move(request);
        request.clear();
        handle(endpoint, message);
        return UsbReply::took(data.size());
    }

    UsbReply bulk_in(std::uint8_t endpoint, std::size_t limit) override {
        auto& replies = replies_[endpoint];
        if (replies.empty()) return UsbReply::nothing_yet();
        auto bytes = std::move(replies.front());
        replies.pop_front();
        bytes.resize(std::min(bytes.size(), limit));
        return UsbReply::gives(std::move(bytes));
    }

private:
    UsbReply garbage(base::Bytes& request, const char* why) {
        phone_.violate("kis-message", why);
        request.clear();
        return UsbReply::stall();
    }

    void handle(std::uint8_t endpoint, const base::Bytes& message) {
        const auto portal = message[3];
        const std::size_t argument_bytes = std::size_t{message[4]} * 4;
        const unsigned index = message[5] | ((message[6] & 3u) << 8);
        const auto body = base::ByteView(message).subspan(kHeader);
        if (argument_bytes > body.size()) {
            phone_.violate("kis-message", "fewer arguments than said");
            return;
        }
        const auto argument = [&](std::size_t n) { return n * 4 + 4 <= argument_bytes ? word_at(body, n * 4) : 0u; };
        if (endpoint == 1 && portal == kConfig && index == 0x0a) {
            enabled_a_ = argument(0) == 0x21;
            reply(endpoint, message, {}, 4, 0);
        } else if (endpoint == 1 && portal == kConfig && index == 0x14) {
            enabled_b_ = argument(0) == 1;
            reply(endpoint, message, {}, 4, 0);
        } else if (endpoint == 3 && portal == kRsm && (!enabled_a_ || !enabled_b_)) {
            phone_.violate("kis-not-enabled", fmt::format("request 0x{:x} before both config writes", index));
            reply(endpoint, message, {}, 0, 1);
        } else if (endpoint == 3 && portal == kRsm && index == 0x100) {
            reply(endpoint, message, info(), kInfo, 0);
        } else if (endpoint == 3 && portal == kRsm && index == 0x0d) {
            upload(endpoint, message, argument(0), argument(1), argument(2), body.subspan(argument_bytes));
        } else if (endpoint == 3 && portal == kRsm && index == 0x103) {
            boot(endpoint, message, argument(0));
        } else {
            phone_.violate("kis-message", fmt::format("endpoint {}, portal 0x{:x}, index 0x{:x}", endpoint, portal, index));
            reply(endpoint, message, {}, 0, 1);
        }
    }

    void upload(std::uint8_t endpoint, const base::Bytes& message, std::uint32_t low, std::uint32_t high,
                std::uint32_t size, base::ByteView data) {
        const std::uint64_t address = (std::uint64_t{high} << 32) | low;
        const bool fits = image_.size() + data.size() <= phone_.nature().dfu_limit;
        if (address != image_.size() || size != data.size() || size > kMostChunk || !fits) {
            phone_.violate("kis-upload", fmt::format("{} bytes (said {}) at {} after {}", data.size(), size, address, image_.size()));
            reply(endpoint, message, {}, 0, 1);
            return;
        }
        image_.insert(image_.end(), data.begin(), data.end());
        reply(endpoint, message, {}, size, 0);
    }

    void boot(std::uint8_t endpoint, const base::Bytes& message, std::uint32_t length) {
        const bool right = length == image_.size() && length > 0;
        reply(endpoint, message, {}, 0, right ? 0 : 1);
        if (!right) {
            phone_.violate("kis-length", fmt::format("boot {} of {} bytes", length, image_.size()));
            return;
        }
        leaving_ = true;
        UploadedImage image;
        image.data = std::move(image_);
        image.received_in = Mode::Kis;
        image.received_by = Stage::SecureRom;
        image.received_at = phone_.now();
        phone_.record("upload", {{"bytes", image.data.size()}});
        const auto next = phone_.image_sink()->boot_dfu_image(phone_, image);
        phone_.jump(next, phone_.nature().latency.reboot_detach, attach_time(phone_.nature(), next));
    }

    void reply(std::uint8_t endpoint, const base::Bytes& message, const base::Bytes& data, std::size_t size,
               std::uint32_t status) {
        base::Bytes out(message.begin(), message.begin() + kHeader);
        set32(out, 8, static_cast<std::uint32_t>(data.size() + 8));
        out.insert(out.end(), data.begin(), data.end());
        put32(out, static_cast<std::uint32_t>(size));
        put32(out, status);
        replies_[endpoint | 0x80].push_back(std::move(out));
        data_ready();
    }

    // The block that tells what a DFU device tells in its descriptors; indexes are in words.
    base::Bytes info() const {
        base::Bytes block(kInfo, 0);
        set32(block, 0x08, kMostChunk);
        set32(block, 0x0c, kMostChunk);
        std::size_t at = 0x54;
        const auto store = [&](std::string_view text) {
            const auto descriptor = string_descriptor(text);
            const auto index = at / 4;
            std::copy(descriptor.begin(), descriptor.end(), block.begin() + static_cast<std::ptrdiff_t>(at));
            at = (at + descriptor.size() + 3) / 4 * 4;
            return index;
        };
        UsbIds ids;
        ids.product = 0x1227;
        ids.manufacturer_string = static_cast<std::uint8_t>(store("Apple Inc."));
        ids.product_string = static_cast<std::uint8_t>(store("DFU Mode"));
        ids.serial_string = static_cast<std::uint8_t>(store(iboot_string(phone_.nature(), Mode::Kis, Stage::SecureRom)));
        set32(block, 0x18, static_cast<std::uint32_t>(store(nonce_string(phone_, Mode::Kis))));
        const auto device = device_descriptor(ids);
        std::copy(device.begin(), device.end(), block.begin() + 0x40);
        return block;
    }

    VirtualPhone& phone_;
    UsbDescriptors descriptors_;
    bool leaving_ = false, enabled_a_ = false, enabled_b_ = false;
    std::map<std::uint8_t, base::Bytes> requests_;
    std::map<std::uint8_t, std::deque<base::Bytes>> replies_;
    base::Bytes image_;
};

}  // namespace

std::shared_ptr<UsbDevice> make_kis_face(VirtualPhone& phone) { return std::make_shared<KisFace>(phone); }

}  // namespace unbrick::simulator
