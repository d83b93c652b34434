#include "src/firmware/deflated_reader.h"

#include <fmt/core.h>
#include <zlib.h>

#include <algorithm>
#include <cstring>

namespace unbrick::firmware {

using base::ErrorCode;
using base::fail;

namespace {
constexpr std::size_t kWindow = 32768;
constexpr std::size_t kInput = 256u << 10;
constexpr std::uint64_t kLeastSpacing = 4u << 20;
}  // namespace

struct DeflatedReader::Stream {
    z_stream zlib{};
    bool begun = false;
    std::uint64_t out = 0, in = 0;       // content produced; packed bytes handed to zlib
    base::Bytes input = base::Bytes(kInput);
    base::Bytes window = base::Bytes(kWindow);
    std::size_t window_at = 0;           // next place in the ring
    std::uint8_t last_input = 0;         // of the piece before the present one
    ~Stream() { if (begun) inflateEnd(&zlib); }
    void remember(const std::uint8_t* bytes, std::size_t count) {
        if (count >= kWindow) {
            std::memcpy(window.data(), bytes + (count - kWindow), kWindow);
            window_at = 0;
            return;
        }
        const auto first = std::min(count, kWindow - window_at);
        std::memcpy(window.data() + window_at, bytes, first);
        std::memcpy(window.data(), bytes + first, count - first);
        window_at = (window_at + count) % kWindow;
    }
};

DeflatedReader::DeflatedReader(std::unique_ptr<MemberReader> packed, std::uint64_t size, std::string name)
    : packed_(std::move(packed)), size_(size), name_(std::move(name)),
      spacing_(std::max<std::uint64_t>(kLeastSpacing, size / kMostPoints + 1)) {}

DeflatedReader::~DeflatedReader() = default;

base::Status DeflatedReader::start_from(const Point* point) {
    auto stream = std::make_unique<Stream>();
    if (inflateInit2(&stream->zlib, -MAX_WBITS) != Z_OK) return fail(ErrorCode::Internal, "zlib refuses to start");
    stream->begun = true;
    if (point != nullptr) {
        stream->out = point->out;
        stream->in = point->in;
        if (point->bits != 0) inflatePrime(&stream->zlib, point->bits, point->bits_value >> (8 - point->bits));
        inflateSetDictionary(&stream->zlib, point->window.data(), static_cast<uInt>(point->window.size()));
        std::memcpy(stream->window.data(), point->window.data(), point->window.size());
        stream->window_at = point->window.size() % kWindow;
    }
    stream_ = std::move(stream);
    return {};
}

base::Status DeflatedReader::advance(std::uint8_t* into, std::uint64_t count) {
    base::Bytes scratch;
    if (into == nullptr) scratch.resize(256u << 10);
    auto& zlib = stream_->zlib;
    while (count > 0) {
        if (zlib.avail_in == 0) {
            const auto left = packed_->size() - stream_->in;
            const auto take = static_cast<std::size_t>(std::min<std::uint64_t>(left, stream_->input.size()));
            if (stream_->in > 0 && zlib.next_in != nullptr) stream_->last_input = zlib.next_in[-1];
            if (take > 0) UB_TRY_VOID(packed_->read_at(stream_->in, std::span(stream_->input).first(take)));
            stream_->in += take;
            zlib.next_in = stream_->input.data();
            zlib.avail_in = static_cast<uInt>(take);
        }
        std::uint8_t* out = into != nullptr ? into : scratch.data();
        const auto room = into != nullptr ? std::min<std::uint64_t>(count, 1u << 30) : std::min<std::uint64_t>(count, scratch.size());
        zlib.next_out = out;
        zlib.avail_out = static_cast<uInt>(room);
        const bool input_ended = zlib.avail_in == 0;
        const int code = inflate(&zlib, Z_BLOCK);   // stops at block ends, where a point can be taken
        const auto made = static_cast<std::size_t>(room - zlib.avail_out);
        stream_->out += made;
        stream_->remember(out, made);
        count -= made;
        if (into != nullptr) into += made;
        if (code == Z_STREAM_END) {
            if (count > 0) return fail(ErrorCode::FirmwareInvalid, fmt::format("{}: unpacks to {} bytes, not {}", name_, stream_->out, size_));
            return {};
        }
        if (code != Z_OK && code != Z_BUF_ERROR)
            return fail(base::Error(ErrorCode::FirmwareInvalid, fmt::format("{}: damaged at byte {}", name_, stream_->out)).with_native("zlib", code));
        if (made == 0 && input_ended) return fail(ErrorCode::FirmwareInvalid, fmt::format("{}: ends before byte {} of {}", name_, stream_->out, size_));
        const bool block_ended = (zlib.data_type & 128) != 0 && (zlib.data_type & 64) == 0;
        const auto last = points_.empty() ? 0 : points_.back().out;
        if (block_ended && stream_->out >= last + spacing_ && stream_->out >= kWindow && points_.size() < kMostPoints) {
            Point point;
            point.out = stream_->out;
            point.in = stream_->in - zlib.avail_in;
            point.bits = zlib.data_type & 7;
            if (point.bits != 0) point.bits_value = zlib.next_in == stream_->input.data() ? stream_->last_input : zlib.next_in[-1];
            point.window.resize(kWindow);
            const auto at = stream_->window_at;
            std::memcpy(point.window.data(), stream_->window.data() + at, kWindow - at);
            std::memcpy(point.window.data() + (kWindow - at), stream_->window.data(), at);
            points_.push_back(std::move(point));
        }
    }
    return {};
}

base::Status DeflatedReader::read_at(std::uint64_t offset, std::span<std::uint8_t> into) {
    if (offset > size_ || into.size() > size_ - offset)
        return fail(ErrorCode::InvalidInput, fmt::format("{}: bytes {}+{} of {}", name_, offset, into.size(), size_));
    const auto after = std::upper_bound(points_.begin(), points_.end(), offset, [](std::uint64_t at, const Point& point) { return at < point.out; });
    const Point* best = after == points_.begin() ? nullptr : &*(after - 1);
    const bool go_on = stream_ != nullptr && stream_->out <= offset && (best == nullptr || best->out <= stream_->out);
    if (!go_on) UB_TRY_VOID(start_from(best));
    if (stream_->out < offset) UB_TRY_VOID(advance(nullptr, offset - stream_->out));
    if (into.empty()) return {};
    return advance(into.data(), into.size());
}

}  // namespace unbrick::firmware
