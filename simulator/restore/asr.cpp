#include "simulator/restore/asr.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include "src/base/digest.h"

namespace unbrick::simulator {

using base::ErrorCode;
using base::fail;
using base::Plist;

namespace {

constexpr std::size_t kChunk = 131072;
const auto kPatience = std::chrono::seconds(60);   // host time: a host that is silent for so long is gone

base::Status send_raw_plist(Channel& host, const Plist& message) {
    return host.send(base::as_bytes(message.to_xml()), base::Deadline::after(kPatience));
}

// One XML plist without framing: everything up to "</plist>" and the newline behind it.
base::Result<Plist> receive_raw_plist(Channel& host) {
    std::string text;
    while (text.find("</plist>") == std::string::npos) {
        std::uint8_t byte = 0;
        UB_TRY_VOID(host.receive(&byte, 1, base::Deadline::after(kPatience)));
        text.push_back(static_cast<char>(byte));
        if (text.size() > 65536) return fail(ErrorCode::Protocol, "the packet info is longer than 64 KiB");
    }
    UB_TRY(auto plist, Plist::parse(base::as_bytes(text), "ASR packet info"));
    // libplist ends its XML with a newline; it belongs to the text, not to the data that follows.
    std::uint8_t newline = 0;
    UB_TRY_VOID(host.receive(&newline, 1, base::Deadline::after(kPatience)));
    if (newline != '\n') return fail(ErrorCode::Protocol, "no newline after the packet info");
    return plist;
}

base::Result<std::uint64_t> read_packet_info(Channel& host, bool checksums) {
    UB_TRY(const auto info, receive_raw_plist(host));
    const auto size = info.at("Payload").integer_at("Size");
    if (!size) return fail(ErrorCode::Protocol, "the packet info names no payload size");
    if (checksums && info.integer_at("Checksum Chunk Size") != kChunk) return fail(ErrorCode::Protocol, "checksums were asked for, and the packet info has no chunk size");
    if (!checksums && info.has("Checksum Chunk Size")) return fail(ErrorCode::Protocol, "a checksum chunk size that nobody asked for");
    return *size;
}

base::Result<base::Bytes> out_of_band(Channel& host, std::uint64_t offset, std::uint64_t length) {
    UB_TRY_VOID(send_raw_plist(host, Plist::dict().set("Command", "OOBData").set("OOB Length", Plist::integer(length)).set("OOB Offset", Plist::integer(offset))));
    base::Bytes data(static_cast<std::size_t>(length));
    UB_TRY_VOID(host.receive(data.data(), data.size(), base::Deadline::after(kPatience)));
    return data;
}

class Sink {
public:
    static base::Result<Sink> open(const RestorePhone& phone) {
        Sink sink;
        sink.kind_ = phone.sink;
        if (phone.sink == ImageKeeping::File) {
            sink.file_ = base::Fd(::open(phone.image_file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
            if (!sink.file_) return fail(base::system_error(phone.image_file));
        }
        return sink;
    }
    base::Status write(base::ByteView bytes) {
        if (kind_ != ImageKeeping::Discard) digest_.update(bytes);
        while (kind_ == ImageKeeping::File && !bytes.empty()) {
            const auto put = ::write(file_.get(), bytes.data(), bytes.size());
            if (put < 0) return fail(base::system_error("the phone's storage file"));
            bytes = bytes.subspan(static_cast<std::size_t>(put));
        }
        return {};
    }
    base::Bytes finish() { return kind_ == ImageKeeping::Discard ? base::Bytes() : digest_.finish(); }

private:
    ImageKeeping kind_ = ImageKeeping::Digest;
    base::Fd file_;
    base::Digest digest_{base::DigestKind::Sha256};
};

}  // namespace

base::Result<AsrOutcome> receive_image(Channel& host, const RestorePhone& phone, const AsrOptions& options,
                                       const std::function<void(int)>& progress, const std::function<bool(std::uint64_t, std::uint64_t)>& fault) {
    auto initiate = Plist::dict().set("Command", "Initiate");
    if (options.checksums) initiate.set("Checksum Chunks", Plist::boolean(true));
    UB_TRY_VOID(send_raw_plist(host, initiate));
    UB_TRY(auto size, read_packet_info(host, options.checksums));
    if (options.second_initiate) {
        UB_TRY_VOID(send_raw_plist(host, initiate));
        UB_TRY(const auto again, read_packet_info(host, options.checksums));
        if (again != size) return fail(ErrorCode::Protocol, "the second packet info names another size");
    }
    if (size == 0) return fail(ErrorCode::Protocol, "an empty image");
    UB_TRY(const auto trailer, out_of_band(host, size > 512 ? size - 512 : 0, std::min<std::uint64_t>(512, size)));
    UB_TRY(const auto header, out_of_band(host, 0, std::min<std::uint64_t>(72, size)));
    UB_TRY_VOID(send_raw_plist(host, Plist::dict().set("Command", "Payload")));

    UB_TRY(auto sink, Sink::open(phone));
    base::Bytes chunk(kChunk + 20);
    std::uint64_t at = 0;
    int percent = -1;
    while (at < size) {
        const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(kChunk, size - at));
        const auto with_sum = count + (options.checksums ? 20 : 0);
        UB_TRY_VOID(host.receive(chunk.data(), with_sum, base::Deadline::after(kPatience)));
        const base::ByteView data(chunk.data(), count);
        if (options.checksums && base::digest_of(base::DigestKind::Sha1, data) != base::Bytes(chunk.begin() + static_cast<std::ptrdiff_t>(count), chunk.begin() + static_cast<std::ptrdiff_t>(with_sum)))
            return fail(ErrorCode::Protocol, fmt::format("the checksum of the chunk at {} is wrong", at));
        if (at == 0 && !std::equal(header.begin(), header.end(), data.begin(), data.begin() + static_cast<std::ptrdiff_t>(std::min(header.size(), data.size()))))
            return fail(ErrorCode::Protocol, "the image does not begin as its out-of-band header did");
        UB_TRY_VOID(sink.write(data));
        at += count;
        if (at == size && count >= trailer.size() && !std::equal(trailer.begin(), trailer.end(), data.end() - static_cast<std::ptrdiff_t>(trailer.size())))
            return fail(ErrorCode::Protocol, "the image does not end as its out-of-band trailer did");
        const int now = static_cast<int>(at * 100 / size);
        if (now != percent) progress(percent = now);
        if (fault(at, size)) return fail(ErrorCode::Disconnected, "a fault of the scenario ended the image");
    }
    return AsrOutcome{size, sink.finish()};
}

}  // namespace unbrick::simulator
