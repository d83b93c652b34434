#include "simulator/phone/image_sink.h"

namespace unbrick::simulator {

namespace {
NextBoot refuse(std::string reason) {
    NextBoot next;
    next.accepted = false;
    next.reason = std::move(reason);
    return next;
}
}  // namespace

NextBoot ImageSink::boot_dfu_image(VirtualPhone&, const UploadedImage&) {
    return refuse("the image is not signed for this phone");
}

NextBoot ImageSink::go(VirtualPhone&, const UploadedImage* image) {
    return refuse(image == nullptr ? "go without an image" : "the image is not signed for this phone");
}

NextBoot ImageSink::bootx(VirtualPhone&, const UploadedImage*) {
    return refuse("no kernel that is signed for this phone");
}

std::optional<CommandOutcome> ImageSink::command(VirtualPhone&, const std::string&, const UploadedImage*) {
    return std::nullopt;
}

}  // namespace unbrick::simulator
