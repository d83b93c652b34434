#include "src/device/links/upload.h"

#include <algorithm>
#include <memory>

namespace unbrick::device {

UploadSource UploadSource::of(base::ByteView bytes) {
    auto at = std::make_shared<std::size_t>(0);
    return {bytes.size(), [bytes, at](std::span<std::uint8_t> into) -> base::Status {
                if (into.size() > bytes.size() - *at)
                    return base::fail(base::ErrorCode::Internal, "an upload reads past its end");
                std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(*at), into.size(), into.begin());
                *at += into.size();
                return {};
            }};
}

}  // namespace unbrick::device
