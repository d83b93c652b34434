#include "simulator/mux/frame.h"

#include <array>

namespace unbrick::simulator::mux {

namespace {

constexpr std::uint32_t kHeaderSize = 16;
constexpr std::uint32_t kLargestFrame = 1u << 20;

std::uint32_t word(const std::array<std::uint8_t, kHeaderSize>& bytes, std::size_t at) {
    return static_cast<std::uint32_t>(bytes[at]) | static_cast<std::uint32_t>(bytes[at + 1]) << 8 |
           static_cast<std::uint32_t>(bytes[at + 2]) << 16 | static_cast<std::uint32_t>(bytes[at + 3]) << 24;
}

void put_word(base::Bytes& to, std::uint32_t value) {
    for (int shift = 0; shift < 32; shift += 8) to.push_back(static_cast<std::uint8_t>(value >> shift));
}

}  // namespace

base::Result<Frame> read_frame(Stream& stream, base::Deadline deadline) {
    std::array<std::uint8_t, kHeaderSize> header{};
    UB_TRY_VOID(stream.read_exactly(header, deadline));
    const std::uint32_t length = word(header, 0);
    if (length < kHeaderSize || length > kLargestFrame)
        return base::fail(base::ErrorCode::Protocol, "a usbmux frame of an impossible length");
    Frame frame{word(header, 4), word(header, 8), word(header, 12), {}};
    base::Bytes body(length - kHeaderSize);
    UB_TRY_VOID(stream.read_exactly(body, deadline));
    if (frame.message == kPlistMessage) {
        UB_TRY(frame.body, base::Plist::parse(body, "usbmux message"));
    }
    return frame;
}

base::Bytes encode_frame(std::uint32_t tag, const base::Plist& body) {
    const std::string xml = body.to_xml();
    base::Bytes frame;
    frame.reserve(kHeaderSize + xml.size());
    put_word(frame, kHeaderSize + static_cast<std::uint32_t>(xml.size()));
    put_word(frame, kPlistVersion);
    put_word(frame, kPlistMessage);
    put_word(frame, tag);
    frame.insert(frame.end(), xml.begin(), xml.end());
    return frame;
}

base::Bytes encode_result(std::uint32_t tag, MuxResult result) {
    return encode_frame(tag, base::Plist::dict()
                                 .set("MessageType", "Result")
                                 .set("Number", base::Plist::integer(static_cast<std::uint32_t>(result))));
}

}  // namespace unbrick::simulator::mux
