// Recovery mode on USB: commands, boot variables and uploads (restore-protocol.md 2.4 to 2.7).
#include <fmt/core.h>

#include <algorithm>
#include <deque>

#include "simulator/usb/descriptors.h"
#include "simulator/usb/faces.h"

namespace unbrick::simulator {

namespace {

constexpr std::uint8_t kUploadEndpoint = 0x04;
constexpr std::uint8_t kConsoleEndpoint = 0x81;
constexpr std::size_t kPacket = 512;
constexpr std::size_t kLongestCommand = 256;
// A pause that is measured on both sides of a USB stack may look a little shorter to the phone.
constexpr double kSettleTolerance = 0.95;

class RecoveryFace : public UsbDevice {
public:
    RecoveryFace(VirtualPhone& phone, Stage stage) : phone_(phone), stage_(stage) {
        UsbIds ids;
        ids.product = phone.nature().recovery_product;
        ids.manufacturer_string = 2;
        ids.product_string = 3;
        ids.serial_string = 4;
        descriptors_.device = device_descriptor(ids);
        UsbInterface upload;
        upload.bulk_endpoints = {kUploadEndpoint};
        upload.interface_class = 0xfe;
        upload.interface_subclass = 1;
        upload.interface_protocol = 2;
        UsbInterface console;
        console.number = 1;
        UsbInterface console_open = console;
        console_open.alternate = 1;
        console_open.bulk_endpoints = {kConsoleEndpoint};
        descriptors_.configurations = configuration_descriptor(1, {upload, console, console_open});
        descriptors_.strings = {{1, nonce_string(phone, Mode::Recovery)},
                                {2, "Apple Inc."},
                                {3, "Apple Mobile Device (Recovery Mode)"},
                                {4, iboot_string(phone.nature(), Mode::Recovery, stage)}};
        print(fmt::format("{} {}\n", to_string(stage), phone.variable("build-version").value_or("")));
    }

    const UsbDescriptors& descriptors() const override { return descriptors_; }

    UsbReply control(const UsbSetup& setup, base::ByteView out) override {
        if (leaving_) return UsbReply::stall();
        if (setup.type == 0x40 && setup.request <= 1) return command(out);
        if (setup.type == 0xc0 && setup.request == 0) return answer();
        if (setup.type == 0x41 && setup.request == 0) return start_upload();
        if (setup.type == 0x21 && setup.request == 1) return UsbReply::took(out.size());
        return UsbReply::stall();
    }

    UsbReply bulk_out(std::uint8_t endpoint, base::ByteView data) override {
        if (leaving_ || endpoint != kUploadEndpoint) return UsbReply::stall();
        if (!uploading_) {
            phone_.violate("upload-without-start", fmt::format("{} bytes", data.size()));
            return UsbReply::stall();
        }
        if (image_.data.size() + data.size() > phone_.nature().image_limit) {
            phone_.record("upload-too-large", {{"limit", phone_.nature().image_limit}});
            uploading_ = false;
            image_ = {};
            return UsbReply::stall();
        }
        image_.data.insert(image_.data.end(), data.begin(), data.end());
        // A packet that is not full ends the transfer; an image of whole packets needs an empty one.
        if (data.size() % kPacket != 0 || data.empty()) end_upload();
        return UsbReply::took(data.size());
    }

    UsbReply bulk_in(std::uint8_t endpoint, std::size_t limit) override {
        if (endpoint != kConsoleEndpoint) return UsbReply::stall();
        if (!console_open_ || console_.empty()) return UsbReply::nothing_yet();
        const auto size = std::min(limit, console_.size());
        auto reply = UsbReply::gives(std::string_view(console_).substr(0, size));
        console_.erase(0, size);
        return reply;
    }

    void alternate_set(int interface, int alternate) override {
        if (interface == 1) console_open_ = alternate == 1;
    }

private:
    UsbReply start_upload() {
        const auto& settle = phone_.nature().settle;
        if (ramdisk_at_ && phone_.now() - *ramdisk_at_ < settle.after_ramdisk * kSettleTolerance) {
            phone_.violate("settle-time", fmt::format("upload {:.2f} s after ramdisk, needs {} s",
                                                      phone_.now() - *ramdisk_at_, settle.after_ramdisk));
            return UsbReply::stall();
        }
        ramdisk_at_.reset();
        uploading_ = true;
        has_image_ = false;
        image_ = {};
        return {};
    }

    void end_upload() {
        uploading_ = false;
        has_image_ = true;
        image_.received_in = Mode::Recovery;
        image_.received_by = stage_;
        image_.received_at = phone_.now();
        phone_.record("upload", {{"bytes", image_.data.size()}});
    }

    UsbReply command(base::ByteView out) {
        if (out.size() > kLongestCommand) return UsbReply::stall();
        std::string text(base::as_text(out));
        text.erase(std::find(text.begin(), text.end(), '\0'), text.end());
        if (uploading_) {
            // The host thinks that the upload is over; the phone still waits for its end.
            phone_.violate("upload-not-ended", fmt::format("{} bytes, then \"{}\": no zero-length packet",
                                                           image_.data.size(), text));
            if (base::json_bool(phone_.nature().extras, "strict_upload_end").value_or(false)) return UsbReply::no_answer();
            end_upload();
        }
        reply_ = std::string();
        print("> " + text + "\n");
        run(text);
        return UsbReply::took(out.size());
    }

    void run(const std::string& text) {
        const auto words = base::split(base::trim(text), ' ');
        const std::string verb(words.empty() ? std::string_view() : words[0]);
        const std::string name(words.size() > 1 ? words[1] : std::string_view());
        if (verb.empty()) return;
        phone_.record("command", {{"text", text}});
        if (verb == "getenv") {
            reply_ = phone_.variable(name);
            if (reply_) print(*reply_ + "\n");
        } else if (verb == "setenv" || verb == "setenvnp") {
            // The value is the rest of the line: boot-args holds spaces.
            const auto after_verb = text.find(name, text.find(verb) + verb.size());
            const auto value = base::trim(std::string_view(text).substr(after_verb + name.size()));
            if (name.empty()) return;
            if (value.empty()) phone_.clear_variable(name);
            else phone_.set_variable(name, std::string(value), verb == "setenv");
        } else if (verb == "clearenv") {
            phone_.clear_variable(name);
        } else if (verb == "saveenv") {
            phone_.save_variables();
        } else if (verb == "reboot" || verb == "reset") {
            leaving_ = true;
            phone_.reboot(verb + " command");
        } else if (verb == "go") {
            go();
        } else if (verb == "bootx") {
            leave(phone_.image_sink()->bootx(phone_, image()), phone_.nature().latency.bootx_detach);
        } else {
            hand_over(text, verb);
        }
    }

    const UploadedImage* image() const { return has_image_ ? &image_ : nullptr; }

    void go() {
        const double needed = phone_.nature().settle.before_go_in_ibss;
        if (needed > 0 && stage_ == Stage::Ibss && has_image_ && phone_.now() - image_.received_at < needed * kSettleTolerance) {
            phone_.violate("settle-time", fmt::format("go {:.2f} s after the upload, needs {} s",
                                                      phone_.now() - image_.received_at, needed));
            NextBoot refused;
            refused.reason = "go came too early";
            leave(refused, phone_.nature().latency.go_detach);
            return;
        }
        leave(phone_.image_sink()->go(phone_, image()), phone_.nature().latency.go_detach);
    }

    void leave(const NextBoot& next, double detach) {
        leaving_ = true;
        phone_.jump(next, detach, attach_time(phone_.nature(), next));
    }

    // Commands that consume the last upload: what they mean is the sink's business.
    void hand_over(const std::string& text, const std::string& verb) {
        const auto outcome = phone_.image_sink()->command(phone_, text, image());
        if (!outcome) {
            phone_.violate("unknown-command", text);
            return;
        }
        if (outcome->kind == CommandOutcome::Kind::Crash) {
            NextBoot refused;
            refused.reason = outcome->text.empty() ? verb + " refused" : outcome->text;
            leave(refused, phone_.nature().latency.bounce);
            return;
        }
        if (outcome->kind == CommandOutcome::Kind::Reply) reply_ = outcome->text;
        if (verb == "ramdisk") ramdisk_at_ = phone_.now();
        image_ = {};
        has_image_ = false;
    }

    // A variable that is not set stalls the reply (real-restore.md 5.1); other commands answer zero.
    UsbReply answer() {
        if (!reply_) {
            reply_ = std::string();
            return UsbReply::stall();
        }
        auto bytes = base::Bytes(reply_->begin(), reply_->end());
        bytes.push_back(0);
        return UsbReply::gives(std::move(bytes));
    }

    void print(const std::string& text) {
        constexpr std::size_t kMostConsole = 16384;
        console_ += text;
        if (console_.size() > kMostConsole) console_.erase(0, console_.size() - kMostConsole);
        data_ready();
    }

    VirtualPhone& phone_;
    const Stage stage_;
    UsbDescriptors descriptors_;
    bool leaving_ = false;
    bool uploading_ = false;
    bool has_image_ = false;
    bool console_open_ = false;
    UploadedImage image_;
    std::optional<std::string> reply_ = std::string();
    std::optional<double> ramdisk_at_;
    std::string console_;
};

}  // namespace

std::shared_ptr<UsbDevice> make_recovery_face(VirtualPhone& phone, Stage stage) {
    return std::make_shared<RecoveryFace>(phone, stage);
}

}  // namespace unbrick::simulator
