// The system image of a firmware, read where it lies. A deflated one is gone through once beside the boot of the
// phone, so that its end (which the phone asks for first) is near when it is needed; it is never unpacked.
#pragma once

#include <memory>
#include <mutex>
#include <thread>

#include "src/firmware/archive.h"
#include "src/firmware/manifest.h"

namespace unbrick::recovery::restore {

class ImageSource {
public:
    static base::Result<std::shared_ptr<ImageSource>> open(std::shared_ptr<const firmware::Archive> archive, const firmware::BuildIdentity& identity);
    ~ImageSource() = default;   // ends the first pass
    std::uint64_t size() const { return size_; }
    // Thread-safe; waits for the first pass.
    base::Status read_at(std::uint64_t offset, std::span<std::uint8_t> into);

private:
    ImageSource() = default;
    std::shared_ptr<const firmware::Archive> archive_;
    std::unique_ptr<firmware::MemberReader> reader_;
    std::uint64_t size_ = 0;
    std::mutex mutex_;
    std::jthread first_pass_;
};

}  // namespace unbrick::recovery::restore
