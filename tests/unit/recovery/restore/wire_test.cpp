// The restore conversation's pieces against a scripted peer on a socket pair.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>
#include <thread>

#include "recovery/restore/asr.h"
#include "recovery/restore/options.h"
#include "recovery/restore/reverse_proxy.h"
#include "recovery/restore/idevicerestore_engine.h"
#include "src/base/digest.h"
#include "src/base/file.h"

using namespace unbrick;
using namespace unbrick::recovery::restore;
using base::Plist;

namespace {

struct Pair {
    std::unique_ptr<Channel> ours, peer;
    int peer_descriptor = -1;
    Pair() {
        int ends[2];
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
        ours = Channel::over(ends[0], "ours");
        peer = Channel::over(ends[1], "peer");
        peer_descriptor = ends[1];
    }
};

base::Deadline soon() { return base::Deadline::after(std::chrono::seconds(20)); }

std::shared_ptr<ImageSource> image_of(const std::filesystem::path& folder, const base::Bytes& bytes, firmware::BuildIdentity& identity) {
    std::ofstream(folder / "os.dmg", std::ios::binary).write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    identity.components.push_back({});
    identity.components.back().name = "OS";
    identity.components.back().path = "os.dmg";
    auto archive = firmware::Archive::open(folder);
    EXPECT_TRUE(archive);
    auto source = ImageSource::open(*archive, identity);
    EXPECT_TRUE(source);
    return *source;
}

void send_bare(Channel& channel, const Plist& message) {
    const auto xml = message.to_xml();
    EXPECT_TRUE(channel.send_raw(base::as_bytes(xml), soon(), {}));
}

}  // namespace

TEST(Channel, FramesBothWays) {
    Pair pair;
    ASSERT_TRUE(pair.peer->send(Plist::dict().set("A", "b"), soon(), {}, true));
    const auto got = pair.ours->receive(soon(), {});
    ASSERT_TRUE(got) << got.error().to_string();
    EXPECT_EQ(got->string_at("A"), "b");
    ASSERT_TRUE(pair.ours->send(Plist::dict().set("Pong", Plist::boolean(true)), soon(), {}, true, LengthOrder::Little));
    EXPECT_EQ(pair.peer->receive(soon(), {}, LengthOrder::Little)->boolean_at("Pong"), true);
}

TEST(Channel, SilenceAbsurdSizesAndHangUpsAreTold) {
    Pair pair;
    EXPECT_EQ(pair.ours->receive(base::Deadline::after(std::chrono::milliseconds(30)), {}).error().code(), base::ErrorCode::TimedOut);
    const std::uint8_t absurd[] = {0x7F, 0xFF, 0xFF, 0xFF};
    ASSERT_TRUE(pair.peer->send_raw(absurd, soon(), {}));
    EXPECT_EQ(pair.ours->receive(soon(), {}).error().code(), base::ErrorCode::Protocol);
    const std::uint8_t garbage[] = {0, 0, 0, 3, 'x', 'y', 'z'};
    ASSERT_TRUE(pair.peer->send_raw(garbage, soon(), {}));
    EXPECT_EQ(pair.ours->receive(soon(), {}).error().code(), base::ErrorCode::Protocol);
    pair.peer.reset();
    EXPECT_EQ(pair.ours->receive(soon(), {}).error().code(), base::ErrorCode::Disconnected);
}

TEST(Channel, AStopRequestEndsAWait) {
    Pair pair;
    std::stop_source stop;
    std::jthread later([&] { stop.request_stop(); });
    EXPECT_EQ(pair.ours->receive(soon(), stop.get_token()).error().code(), base::ErrorCode::Cancelled);
}

TEST(Asr, SendsChunksWithChecksumsAndAnswersTwoRounds) {
    const auto folder = base::TemporaryFolder::create();
    base::Bytes bytes(kAsrChunk * 11 + 777);
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i * 7 + i / 5003);
    firmware::BuildIdentity identity;
    const auto image = image_of(folder->path(), bytes, identity);
    Pair pair;
    base::Status sent;
    std::jthread host([&] { sent = send_system_image(*pair.ours, *image, {}, soon(), soon, {}); });
    send_bare(*pair.peer, Plist::dict().set("Command", "Initiate"));
    auto info = pair.peer->receive_bare(1 << 20, soon(), {});
    ASSERT_TRUE(info);
    EXPECT_FALSE(info->has("Checksum Chunk Size"));
    EXPECT_EQ(info->at("Payload").integer_at("Size"), bytes.size());
    send_bare(*pair.peer, Plist::dict().set("Command", "OOBData").set("OOB Length", Plist::integer(512)).set("OOB Offset", Plist::integer(bytes.size() - 512)));
    base::Bytes tail(512);
    ASSERT_TRUE(pair.peer->receive_raw(tail, soon(), {}));
    EXPECT_TRUE(std::equal(tail.begin(), tail.end(), bytes.end() - 512));
    send_bare(*pair.peer, Plist::dict().set("Command", "Initiate").set("Checksum Chunks", Plist::boolean(true)));
    EXPECT_EQ(pair.peer->receive_bare(1 << 20, soon(), {})->integer_at("Checksum Chunk Size"), kAsrChunk);
    send_bare(*pair.peer, Plist::dict().set("Command", "Payload"));
    for (std::size_t at = 0; at < bytes.size(); at += kAsrChunk) {
        base::Bytes chunk(std::min(kAsrChunk, bytes.size() - at)), sum(20);
        ASSERT_TRUE(pair.peer->receive_raw(chunk, soon(), {}));
        ASSERT_TRUE(pair.peer->receive_raw(sum, soon(), {}));
        ASSERT_TRUE(std::equal(chunk.begin(), chunk.end(), bytes.begin() + static_cast<std::ptrdiff_t>(at)));
        ASSERT_EQ(sum, base::digest_of(base::DigestKind::Sha1, chunk));
    }
    pair.peer->shut_down();
    host.join();
    EXPECT_TRUE(sent);
}

TEST(Asr, BytesThatAreNotThereAreRefused) {
    const auto folder = base::TemporaryFolder::create();
    firmware::BuildIdentity identity;
    const auto image = image_of(folder->path(), base::Bytes(1000), identity);
    for (const auto& [offset, length] : {std::pair<std::uint64_t, std::uint64_t>{990, 11}, {~0ull, 1}, {0, ~0ull}, {1001, 0}}) {
        Pair pair;
        base::Status sent;
        std::jthread host([&] { sent = send_system_image(*pair.ours, *image, {}, soon(), soon, {}); });
        send_bare(*pair.peer, Plist::dict().set("Command", "Initiate"));
        ASSERT_TRUE(pair.peer->receive_bare(1 << 20, soon(), {}));
        send_bare(*pair.peer, Plist::dict().set("Command", "OOBData").set("OOB Length", Plist::integer(length)).set("OOB Offset", Plist::integer(offset)));
        host.join();
        ASSERT_FALSE(sent);
        EXPECT_EQ(sent.error().code(), base::ErrorCode::Protocol);
    }
}

TEST(Socks, TargetsAreReadStrictly) {
    const auto request = [](std::initializer_list<int> bytes) {
        base::Bytes out;
        for (const int byte : bytes) out.push_back(static_cast<std::uint8_t>(byte));
        return out;
    };
    const auto named = parse_socks_connect(request({5, 1, 0, 3, 3, 'a', '.', 'b', 0x01, 0xBB}));
    ASSERT_TRUE(named);
    EXPECT_EQ(named->host, "a.b");
    EXPECT_EQ(named->port, 443);
    EXPECT_EQ(parse_socks_connect(request({5, 1, 0, 1, 17, 1, 2, 3, 0, 80}))->host, "17.1.2.3");
    EXPECT_FALSE(parse_socks_connect(request({5, 1, 0, 3, 9, 'a', '.', 'b', 1, 0xBB})));
    EXPECT_FALSE(parse_socks_connect(request({5, 2, 0, 3, 3, 'a', '.', 'b', 1, 0xBB})));
    EXPECT_FALSE(parse_socks_connect(request({5, 1, 0, 3, 3, 'a', '\n', 'b', 1, 0xBB})));
    EXPECT_FALSE(parse_socks_connect({}));
}

TEST(Options, WhatNewPhonesInsistOn) {
    firmware::BuildIdentity identity;
    identity.plist = Plist::dict();
    const auto options = restore_options({&identity, nullptr, nullptr, Plist::dict().set("Nonce", Plist::data(base::Bytes{1})).set("PkHash", Plist::data(base::Bytes{2})), 22});
    EXPECT_EQ(options.string_at("SystemImageFormat"), "AEAWrappedDiskImage");
    EXPECT_EQ(options.at("SupportedAsyncDataTypes").boolean_at("URLAsset"), true);
    EXPECT_EQ(options.at("SupportedDataTypes").boolean_at("FirmwareUpdaterDataV3"), true);
    EXPECT_EQ(options.at("SupportedMessageTypes").boolean_at("DataRequestMsg"), false);
    EXPECT_FALSE(options.at("BBUpdaterState").has("PkHash"));
    EXPECT_FALSE(options.has("InstallRecoveryOS"));
    EXPECT_EQ(options.at("SystemPartitionPadding").integer_at("64"), 640u);
}

TEST(Idevicerestore, LinesOfTheTool) {
    EXPECT_EQ(read_tool_line("Sending RestoreRamDisk (102400 bytes)...").stage, "load-images");
    EXPECT_DOUBLE_EQ(read_tool_line("[=====     ]  52.0%").fraction, 0.52);
    EXPECT_TRUE(read_tool_line("Status: Restore Finished").finished);
    EXPECT_TRUE(read_tool_line("ERROR: Unable to send iBEC").failed);
    EXPECT_EQ(newest_build_of("1.0.0"), 17);
}
