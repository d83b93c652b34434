#include "recovery/restore/image_source.h"

#include <algorithm>

namespace unbrick::recovery::restore {

base::Result<std::shared_ptr<ImageSource>> ImageSource::open(std::shared_ptr<const firmware::Archive> archive, const firmware::BuildIdentity& identity) {
    const auto* os = identity.find("OS");
    if (os == nullptr || os->path.empty()) return base::fail(base::ErrorCode::FirmwareInvalid, "this firmware has no system image");
    const auto member = archive->find(os->path);
    if (!member) return base::fail(base::ErrorCode::FirmwareInvalid, "the system image " + os->path + " is not in the firmware");
    std::shared_ptr<ImageSource> source(new ImageSource());
    UB_TRY(source->reader_, archive->reader(os->path));
    source->archive_ = std::move(archive);
    source->size_ = source->reader_->size();
    if (member->deflated && source->size_ > 0)
        source->first_pass_ = std::jthread([raw = source.get()](const std::stop_token& stop) {
            constexpr std::uint64_t kStep = 16u << 20;
            std::uint8_t last = 0;
            for (std::uint64_t at = 0; at < raw->size_ && !stop.stop_requested(); at += kStep) {
                const std::scoped_lock lock(raw->mutex_);
                // Damage shows again, and is told, when the phone asks.
                if (!raw->reader_->read_at(std::min(at + kStep, raw->size_) - 1, std::span(&last, 1))) return;
            }
        });
    return source;
}

base::Status ImageSource::read_at(std::uint64_t offset, std::span<std::uint8_t> into) {
    const std::scoped_lock lock(mutex_);
    return reader_->read_at(offset, into);
}

}  // namespace unbrick::recovery::restore
