// Where the bytes of an upload come from, and how it is followed.
#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "src/base/result.h"
#include "src/base/text.h"

namespace unbrick::device {

struct UploadSource {
    std::uint64_t size = 0;
    // Fills the whole span; called in order. Large images are read as they go, never held in memory.
    std::function<base::Status(std::span<std::uint8_t>)> read;

    static UploadSource of(base::ByteView bytes);   // `bytes` must outlive the upload
};

using UploadProgress = std::function<void(std::uint64_t done, std::uint64_t total)>;   // may be empty

}  // namespace unbrick::device
