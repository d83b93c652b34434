// DFU and KIS under a libusb client: the loader takes an image, checks it, and something runs next.
#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>

#include "tests/wire_usb/world.h"

namespace unbrick::test {
namespace {

using testing::HasSubstr;

// Accepts whatever comes and remembers it.
class AcceptingSink : public ImageSink {
public:
    NextBoot boot_dfu_image(VirtualPhone& phone, const UploadedImage& image) override {
        size = image.data.size();
        first = image.data.empty() ? 0 : image.data.front();
        const bool dfu = phone.nature().ibss_is_dfu;
        return {true, dfu ? Mode::Dfu : Mode::Recovery, Stage::Ibss, "iBoot-test", "iBSS"};
    }
    std::atomic<std::size_t> size = 0;
    std::atomic<int> first = 0;
};

TEST(Dfu, UploadRunsTheImage) {
    // With the suffix inside the last block, behind it, and with a whole last block.
    for (const std::size_t size : {std::size_t{5000}, std::size_t{0x800 * 3 - 8}, std::size_t{0x800 * 2}}) {
        World world(iphone_x({{"start", {{"mode", "dfu"}}}}));
        const auto sink = std::make_shared<AcceptingSink>();
        world.phone.set_image_sink(sink);
        auto dfu = world.client({"dfu", "0x1227", std::to_string(size)});
        EXPECT_EQ(dfu->wait(), 0);
        EXPECT_THAT(dfu->output(), HasSubstr("state 2\nstates 6 7\nreset"));
        ASSERT_TRUE(world.rests_in(Mode::Recovery)) << size;
        EXPECT_EQ(sink->size, size);
        EXPECT_EQ(sink->first, 0x33);
        EXPECT_EQ(world.phone.state().stage, Stage::Ibss);
        EXPECT_TRUE(world.phone.violations().empty());
        auto query = world.start({"irecovery", "-q"});
        EXPECT_EQ(query->wait(), 0);
        EXPECT_THAT(query->output(), testing::Not(HasSubstr("SRTG: iBoot")));
    }
}

TEST(Dfu, WrongChecksumStaysInDfu) {
    World world(iphone_x({{"start", {{"mode", "dfu"}}}}));
    world.phone.set_image_sink(std::make_shared<AcceptingSink>());
    const auto epoch = world.phone.state().bus_epoch;
    auto dfu = world.client({"dfu", "0x1227", "5000", "wrong"});
    EXPECT_EQ(dfu->wait(), 0);
    EXPECT_TRUE(world.shows([&](const PhoneState& s) { return s.mode == Mode::Dfu && s.on_bus && s.bus_epoch > epoch; }));
    EXPECT_TRUE(world.violated("dfu-checksum"));
    auto state = world.client({"dfu-state", "0x1227"});
    EXPECT_EQ(state->wait(), 0);
    EXPECT_THAT(state->output(), HasSubstr("state 2"));
}

TEST(Dfu, TooMuchDataStalls) {
    World world(iphone_x({{"start", {{"mode", "dfu"}}}, {"dfu_limit", 4096}}));
    auto dfu = world.client({"dfu", "0x1227", "100000"});
    EXPECT_EQ(dfu->wait(), 0);
    EXPECT_THAT(dfu->output(), HasSubstr("block 2: -9, state 10"));
}

TEST(Dfu, IrecoveryUploadsAndOldChipsComeBackAsDfu) {
    World world(iphone_x({{"cpid", "0x7000"}, {"bdid", "0x06"}, {"product_type", "iPhone7,2"}, {"start", {{"mode", "dfu"}}}}));
    const auto sink = std::make_shared<AcceptingSink>();
    world.phone.set_image_sink(sink);
    const auto folder = base::TemporaryFolder::create().value();
    ASSERT_TRUE(base::write_file_atomically(folder.path() / "ibss", std::string(10000, 'i')));
    const auto epoch = world.phone.state().bus_epoch;
    auto sent = world.start({"irecovery", "-f", (folder.path() / "ibss").string()});
    EXPECT_EQ(sent->wait(), 0) << sent->output();
    EXPECT_TRUE(world.shows([&](const PhoneState& s) { return s.mode == Mode::Dfu && s.stage == Stage::Ibss && s.on_bus && s.bus_epoch > epoch; }));
    EXPECT_EQ(sink->size, 10000u);
}

TEST(Kis, IdentifiesTakesAnImageAndGoesOn) {
    World world(iphone_x({{"cpid", "0x8120"}, {"bdid", "0x0c"}, {"product_type", "iPhone15,2"}, {"start", {{"mode", "kis"}}}}));
    const auto sink = std::make_shared<AcceptingSink>();
    world.phone.set_image_sink(sink);
    const auto nonce = base::to_hex(world.phone.ap_nonce(), true);
    auto kis = world.client({"kis", "0x1881", "100000"});
    EXPECT_EQ(kis->wait(), 0);
    EXPECT_THAT(kis->output(), HasSubstr("inner product 1227 serial CPID:8120"));
    EXPECT_THAT(kis->output(), HasSubstr("ECID:001A2B3C4D5E6F70"));
    EXPECT_THAT(kis->output(), HasSubstr("nonce  NONC:" + nonce));
    EXPECT_THAT(kis->output(), HasSubstr("booted"));
    ASSERT_TRUE(world.rests_in(Mode::Recovery));
    EXPECT_EQ(sink->size, 100000u);
    EXPECT_TRUE(world.phone.violations().empty());
}

}  // namespace
}  // namespace unbrick::test
