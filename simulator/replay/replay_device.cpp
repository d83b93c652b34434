#include "simulator/replay/replay_device.h"

#include <algorithm>

#include "simulator/usb/descriptors.h"

namespace unbrick::simulator::replay {

namespace {

constexpr std::uint8_t kStandardIn = 0x80, kGetDescriptor = 6, kStringDescriptor = 3;
constexpr std::uint8_t kCommand = 0x40, kDfuOut = 0x21, kDfuIn = 0xa1;
constexpr int kSerialIndex = 4;

// libusb's numbers in the recording as the kernel's.
int errno_of(int libusb) {
    switch (libusb) {
        case -4: return ENODEV;
        case -7: return ETIMEDOUT;
        case -8: return EOVERFLOW;
        case -9: return EPIPE;
        default: return EIO;
    }
}

class ReplayDevice final : public UsbDevice {
public:
    ReplayDevice(const Life& life, std::function<void()> leave) : leave_(std::move(leave)) {
        UsbIds ids;
        ids.product = life.product;
        ids.manufacturer_string = 2;
        ids.product_string = 3;
        ids.serial_string = kSerialIndex;
        descriptors_.device = device_descriptor(ids);
        descriptors_.configurations = configuration_descriptor(1, interfaces(life));
        descriptors_.strings = {{2, "Apple Inc."}, {3, "Apple Mobile Device (" + life.mode + ")"},
                                {static_cast<std::uint8_t>(kSerialIndex), life.serial}};
        std::string after;   // a reply belongs to the command before it
        for (const auto& control : life.controls) {
            if (control.type == kStandardIn && control.request == kGetDescriptor) {
                learn_string(control);
                continue;
            }
            if (control.type == kCommand) after = base::to_hex(control.data);
            answers_[key(control.type, control.request, control.value, after)].push_back(control);
        }
        if (life.leaving_reset || life.ended == 0) leaving_command_.clear();
        else if (life.leaving_control) leaving_command_ = base::to_hex(*life.leaving_control);
        leaves_by_reset_ = life.leaving_reset;
    }

    const UsbDescriptors& descriptors() const override { return descriptors_; }

    UsbReply control(const UsbSetup& setup, base::ByteView out) override {
        if (setup.type == kCommand) last_command_ = base::to_hex(out);
        UsbReply reply = recorded(setup, out);
        if (setup.type == kCommand && !leaving_command_.empty() && last_command_ == leaving_command_) leave();
        return reply;
    }
    // The content of an upload is not in a recording: all are taken.
    UsbReply bulk_out(std::uint8_t, base::ByteView data) override { return UsbReply::took(data.size()); }
    UsbReply bulk_in(std::uint8_t, std::size_t) override { return UsbReply::nothing_yet(); }
    void reset() override {
        if (leaves_by_reset_) leave();
    }

private:
    static std::vector<UsbInterface> interfaces(const Life& life) {
        UsbInterface first;
        if (life.mode == "recovery") first.bulk_endpoints = {0x04};
        if (life.mode == "kis") first.bulk_endpoints = {0x01, 0x81, 0x03, 0x83};
        if (life.on_usbmux()) {
            first.interface_subclass = 0xfe;
            first.interface_protocol = 2;
            first.bulk_endpoints = {0x04, 0x85};
        }
        std::vector<UsbInterface> all{first};
        if (life.mode == "recovery") {
            UsbInterface console;
            console.number = 1;
            all.push_back(console);
            console.alternate = 1;
            console.bulk_endpoints = {0x81};
            all.push_back(console);
        }
        return all;
    }
    static std::string key(std::uint8_t type, std::uint8_t request, std::uint16_t value, const std::string& after) {
        // DFU blocks are told apart by number, commands and their answers by text.
        return std::to_string(type) + "/" + std::to_string(request) + "/" + (type == kDfuOut || type == kDfuIn ? std::string() : std::to_string(value)) + "/" +
               (type == kCommand || type == 0xc0 ? after : std::string());
    }
    void learn_string(const Control& control) {
        const auto index = static_cast<std::uint8_t>(control.value & 0xff);
        if ((control.value >> 8) != kStringDescriptor || index == 0 || control.data.size() < 4) return;
        std::string text;
        for (std::size_t at = 2; at < control.data.size(); at += 2) text += static_cast<char>(control.data[at]);
        if (index != 2 && index != 3) descriptors_.strings[index] = text.substr(0, 126);
    }
    UsbReply recorded(const UsbSetup& setup, base::ByteView out) {
        const auto found = answers_.find(key(setup.type, setup.request, setup.value, last_command_));
        if (found == answers_.end()) {
            // Something that this phone was never asked: an unset variable stalls, what only sends is taken.
            if (!setup.in()) return UsbReply::took(out.size());
            return UsbReply::stall();
        }
        const Control answer = found->second.front();
        if (found->second.size() > 1) found->second.pop_front();   // the last one is said again
        if (answer.result == -10) return UsbReply::took(out.size());   // cancelled by the host then
        if (answer.result < 0) return answer.result == -7 ? UsbReply::no_answer() : UsbReply::failed(errno_of(answer.result));
        if (!setup.in()) return UsbReply::took(out.size());
        return UsbReply::gives(answer.data);
    }
    void leave() {
        if (auto act = std::exchange(leave_, {})) act();
    }

    UsbDescriptors descriptors_;
    std::map<std::string, std::deque<Control>> answers_;
    std::string last_command_, leaving_command_;
    bool leaves_by_reset_ = false;
    std::function<void()> leave_;
};

}  // namespace

std::shared_ptr<UsbDevice> make_replay_device(const Life& life, std::function<void()> leave) {
    return std::make_shared<ReplayDevice>(life, std::move(leave));
}

}  // namespace unbrick::simulator::replay
