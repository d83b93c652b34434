// Reading a deflated member at any offset without unpacking it: on the way forward, points to start from are
// remembered (position and the last 32 KiB), a bounded number of them.
#pragma once

#include <memory>
#include <vector>

#include "src/firmware/archive.h"

namespace unbrick::firmware {

class DeflatedReader final : public MemberReader {
public:
    DeflatedReader(std::unique_ptr<MemberReader> packed, std::uint64_t size, std::string name);
    ~DeflatedReader() override;
    std::uint64_t size() const override { return size_; }
    base::Status read_at(std::uint64_t offset, std::span<std::uint8_t> into) override;

    static constexpr std::size_t kMostPoints = 128;   // 4 MiB of windows

private:
    struct Stream;
    struct Point {
        std::uint64_t out = 0, in = 0;   // content offset; offset of the first whole packed byte after it
        int bits = 0;                    // of the byte before `in` that still count
        std::uint8_t bits_value = 0;
        base::Bytes window;              // the last 32 KiB of content
    };
    base::Status start_from(const Point* point);
    // Goes on; output to `into`, or thrown away when it has no data().
    base::Status advance(std::uint8_t* into, std::uint64_t count);

    std::unique_ptr<MemberReader> packed_;
    std::uint64_t size_;
    std::string name_;
    std::uint64_t spacing_;
    std::unique_ptr<Stream> stream_;
    std::vector<Point> points_;          // in order
};

}  // namespace unbrick::firmware
