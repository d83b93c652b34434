#include "recovery/restore/asr.h"

#include <fmt/core.h>

#include <condition_variable>
#include <deque>
#include <thread>

#include "src/base/digest.h"

namespace unbrick::recovery::restore {

using base::ErrorCode;
using base::fail;
using base::Plist;

namespace {

constexpr std::size_t kChecksum = 20;            // SHA-1 of each chunk
constexpr std::size_t kChunksPerBlock = 8;       // 1 MiB: one system call each way
constexpr std::size_t kBlocks = 6;               // what is held at once
constexpr std::size_t kLargestCommand = 1u << 20;
constexpr std::uint64_t kLargestOutOfBand = 64u << 20;
constexpr int kMostCommands = 100000;

Plist packet_info(std::uint64_t size, bool checksums) {
    auto info = Plist::dict();
    if (checksums) info.set("Checksum Chunk Size", Plist::integer(kAsrChunk));
    info.set("FEC Slice Stride", Plist::integer(40));
    info.set("Packet Payload Size", Plist::integer(1450));
    info.set("Packets Per FEC", Plist::integer(25));
    info.set("Payload", Plist::dict().set("Port", Plist::integer(1)).set("Size", Plist::integer(size)));
    info.set("Stream ID", Plist::integer(1));
    info.set("Version", Plist::integer(1));
    return info;
}

// Blocks of chunks, each followed by its checksum when asked for, made ahead of the sender.
class ReadAhead {
public:
    ReadAhead(ImageSource& image, bool checksums) : image_(image), checksums_(checksums) {
        for (std::size_t i = 0; i < kBlocks; ++i) free_.emplace_back();
        reader_ = std::jthread([this](const std::stop_token& stop) { work(stop); });
    }
    ~ReadAhead() {
        reader_.request_stop();
        const std::scoped_lock lock(mutex_);
        changed_.notify_all();
    }
    struct Block { base::Bytes bytes; std::size_t content = 0; };
    // Nothing: the end.
    base::Result<std::optional<Block>> next(const std::stop_token& stop) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, stop, [&] { return !ready_.empty() || ended_; });
        UB_TRY_VOID(base::check_cancelled(stop, "system image"));
        if (ready_.empty()) {
            if (!status_) return fail(status_.error());
            return std::optional<Block>();
        }
        auto block = std::move(ready_.front());
        ready_.pop_front();
        return std::optional(std::move(block));
    }
    void give_back(Block block) {
        const std::scoped_lock lock(mutex_);
        free_.push_back(std::move(block));
        changed_.notify_all();
    }

private:
    void work(const std::stop_token& stop) {
        std::uint64_t at = 0;
        base::Digest digest(base::DigestKind::Sha1);
        const auto total = image_.size();
        while (at < total) {
            Block block;
            {
                std::unique_lock lock(mutex_);
                changed_.wait(lock, stop, [&] { return !free_.empty(); });
                if (stop.stop_requested()) return;
                block = std::move(free_.front());
                free_.pop_front();
            }
            const auto content = static_cast<std::size_t>(std::min<std::uint64_t>(kAsrChunk * kChunksPerBlock, total - at));
            const auto chunks = (content + kAsrChunk - 1) / kAsrChunk;
            block.bytes.resize(content + (checksums_ ? chunks * kChecksum : 0));
            block.content = content;
            auto status = base::Status();
            std::size_t place = 0;
            for (std::size_t done = 0; done < content && status;) {
                const auto count = checksums_ ? std::min(kAsrChunk, content - done) : content;
                const auto into = std::span(block.bytes).subspan(place, count);
                status = image_.read_at(at + done, into);
                place += count;
                done += count;
                if (!checksums_ || !status) continue;
                digest.update(into);
                const auto sum = digest.finish();
                std::copy(sum.begin(), sum.end(), block.bytes.begin() + static_cast<std::ptrdiff_t>(place));
                place += kChecksum;
            }
            at += content;
            const std::scoped_lock lock(mutex_);
            if (!status) {
                status_ = std::move(status);
                break;
            }
            ready_.push_back(std::move(block));
            changed_.notify_all();
        }
        const std::scoped_lock lock(mutex_);
        ended_ = true;
        changed_.notify_all();
    }

    ImageSource& image_;
    bool checksums_;
    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::deque<Block> free_, ready_;
    bool ended_ = false;
    base::Status status_;
    std::jthread reader_;
};

base::Status answer_out_of_band(Channel& channel, ImageSource& image, const Plist& command, const base::Deadline& deadline, const std::stop_token& stop) {
    const auto length = command.integer_at("OOB Length"), offset = command.integer_at("OOB Offset");
    if (!length || !offset) return fail(ErrorCode::Protocol, "the phone asks for a part of the system image and does not say which");
    if (*length > kLargestOutOfBand || *offset > image.size() || *length > image.size() - *offset)
        return fail(ErrorCode::Protocol, fmt::format("the phone asks for bytes {}+{} of a system image of {}", *offset, *length, image.size()));
    base::Bytes part(static_cast<std::size_t>(*length));
    UB_TRY_VOID(image.read_at(*offset, part));
    return channel.send_raw(part, deadline, stop);
}

}  // namespace

base::Status send_system_image(Channel& channel, ImageSource& image, const AsrCallbacks& callbacks, const base::Deadline& begin,
                               const std::function<base::Deadline()>& silence, const std::stop_token& stop) {
    const auto send_info = [&](bool checksums) {
        const auto xml = packet_info(image.size(), checksums).to_xml();
        return channel.send_raw(base::as_bytes(xml), silence(), stop);
    };
    UB_TRY_CONTEXT(const auto first, channel.receive_bare(kLargestCommand, begin, stop), "begin of the image transfer");
    if (first.string_at("Command") != "Initiate") return fail(ErrorCode::Protocol, "the image transfer does not begin with Initiate");
    bool checksums = first.boolean_at("Checksum Chunks").value_or(false);
    UB_TRY_VOID(send_info(checksums));
    for (int count = 0;; ++count) {
        if (count > kMostCommands) return fail(ErrorCode::Protocol, "the phone asks for parts of the image without end");
        UB_TRY(const auto command, channel.receive_bare(kLargestCommand, silence(), stop));
        const auto name = command.string_at("Command").value_or("");
        if (name == "Payload") break;
        if (name == "OOBData") {
            UB_TRY_VOID(answer_out_of_band(channel, image, command, silence(), stop));
        } else if (name == "Initiate") {   // a second round (iOS 18 era)
            checksums = command.boolean_at("Checksum Chunks").value_or(false);
            UB_TRY_VOID(send_info(checksums));
        } else {
            return fail(ErrorCode::Protocol, fmt::format("the image transfer asks for \"{}\"", base::to_valid_utf8(name.substr(0, 100))));
        }
    }
    if (callbacks.payload_begins) callbacks.payload_begins();
    std::uint64_t sent = 0;
    {
        ReadAhead ahead(image, checksums);
        while (true) {
            UB_TRY(auto block, ahead.next(stop));
            if (!block) break;
            if (auto status = channel.send_raw(block->bytes, silence(), stop); !status)
                return fail(std::move(status).error().with_context(fmt::format("system image, after {} of {} bytes", sent, image.size())));
            sent += block->content;
            if (callbacks.progress) callbacks.progress(sent, image.size());
            ahead.give_back(std::move(*block));
        }
    }
    if (sent != image.size()) return fail(ErrorCode::FirmwareInvalid, fmt::format("the system image ended after {} of {} bytes", sent, image.size()));
    // The phone verifies and closes; Apple's host keeps the connection until then (real-restore.md 3.6).
    std::uint8_t ignored[256];
    while (!(callbacks.may_close && callbacks.may_close())) {
        const auto got = channel.receive_some(ignored, base::Deadline::after(std::chrono::milliseconds(500)), stop);
        if (got && *got == 0) break;
        if (!got && got.error().code() != ErrorCode::TimedOut) break;
    }
    return {};
}

}  // namespace unbrick::recovery::restore
