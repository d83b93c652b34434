// The emulated bus under the real libusb: hotplug, unplugging in the middle, stalls, faults, permission.
#include <gmock/gmock.h>

#include "tests/wire_usb/world.h"

namespace unbrick::test {
namespace {

using testing::HasSubstr;

TEST(UsbBusTest, NormalModeShowsTheUdid) {
    for (const int hubs : {0, 1, 2}) {
        World world(iphone_x(), hubs);
        auto list = world.client({"list"});
        EXPECT_EQ(list->wait(), 0);
        EXPECT_THAT(list->output(), HasSubstr("device 05ac:12a8 port 1 open 0 serial " + world.phone.nature().udid));
        EXPECT_EQ(list->output().find("1d6b") != std::string::npos, hubs > 0);
    }
}

TEST(UsbBusTest, ManyReenumerationsWithoutALostEvent) {
    constexpr int kTimes = 150;  // more than the device numbers of a bus
    World world(in_recovery(), 2);
    auto watcher = world.client({"watch", std::to_string(kTimes + 1), std::to_string(kTimes)});
    auto other = world.client({"watch", std::to_string(kTimes + 1), std::to_string(kTimes)});
    ASSERT_TRUE(watcher->says("watching"));
    ASSERT_TRUE(other->says("watching"));
    for (int i = 0; i < kTimes; ++i) {
        world.phone.unplug();
        world.phone.plug(Cable::Data);
        // Each appearance is seen before the next, as a person's hand is slower than a bus.
        const auto seen = "(" + std::to_string(i + 2) + " " + std::to_string(i + 1) + ")";
        ASSERT_TRUE(watcher->says(seen)) << seen;
        ASSERT_TRUE(other->says(seen)) << seen;
    }
    EXPECT_EQ(watcher->wait(), 0);
    EXPECT_THAT(watcher->output(), HasSubstr("seen 151 150"));
    EXPECT_EQ(other->wait(), 0);
    EXPECT_THAT(other->output(), HasSubstr("seen 151 150"));
}

TEST(UsbBusTest, UnplugEndsAPendingReadAndIdlingCostsNothing) {
    World world(in_recovery());
    auto reader = world.client({"read", "0x1281"});
    ASSERT_TRUE(reader->says("console "));
    ASSERT_TRUE(reader->says("reading\nconsole"));
    // Text that the phone prints later wakes the pending read.
    auto command = world.client({"command", "0x1281", "getenv auto-boot"});
    EXPECT_EQ(command->wait(), 0);
    ASSERT_TRUE(reader->says("> getenv auto-boot"));
    ASSERT_TRUE(world.phone.act({{"act", "unplug"}}));
    EXPECT_EQ(reader->wait(10s), 0) << reader->output();
    EXPECT_THAT(reader->output(), HasSubstr("read: LIBUSB_ERROR_NO_DEVICE"));
    EXPECT_LT(reader->processor_seconds(), 0.5) << "a waiting client must not spin";
}

TEST(UsbBusTest, UnplugDuringAnUploadDoesNotHang) {
    const Json link = {{"rules", {{{"transfer", "bulk-out"}, {"byte", 1000000}, {"do", "disconnect"}}}}};
    World world(in_recovery(), 2, 200, link);
    auto upload = world.client({"upload", "0x1281", "5000000"});
    EXPECT_EQ(upload->wait(10s), 0);
    EXPECT_THAT(upload->output(), HasSubstr("upload: LIBUSB_ERROR_NO_DEVICE after 983040"));
    EXPECT_FALSE(world.phone.state().on_bus);
}

TEST(UsbBusTest, ALooseContactComesBackByItself) {
    const Json link = {{"rules", {{{"transfer", "bulk-out"}, {"nth", 2}, {"do", "disconnect"}, {"replug_after", 2}}}}};
    World world(in_recovery(), 2, 200, link);
    const auto epoch = world.phone.state().bus_epoch;
    auto upload = world.client({"upload", "0x1281", "5000000"});
    EXPECT_EQ(upload->wait(10s), 0);
    EXPECT_TRUE(world.shows([&](const PhoneState& s) { return s.on_bus && s.bus_epoch > epoch; }));
    auto again = world.client({"upload", "0x1281", "100000"});
    EXPECT_EQ(again->wait(10s), 0);
    EXPECT_THAT(again->output(), HasSubstr("uploaded 100000")) << "the fault was to happen once";
}

TEST(UsbBusTest, FaultsReachTheClient) {
    const auto outcome = [](const char* what, const char* text) {
        const Json link = {{"rules", {{{"transfer", "bulk-out"}, {"nth", 2}, {"do", what}}}}};
        World world(in_recovery(), 2, 200, link);
        auto upload = world.client({"upload", "0x1281", "200000"});
        EXPECT_EQ(upload->wait(10s), 0);
        EXPECT_THAT(upload->output(), HasSubstr(text)) << what;
    };
    outcome("stall", "upload: LIBUSB_ERROR_PIPE after 32768");
    outcome("timeout", "upload: LIBUSB_ERROR_TIMEOUT after 32768");
    outcome("error", "upload: LIBUSB_ERROR_IO after 32768");
    outcome("short", "16384 of 32768");
    outcome("wrong", "uploaded 200000");
}

TEST(UsbBusTest, ASlowLinkTakesItsTime) {
    World world(in_recovery(), 2, 1, {{"rate", 10000000}});
    const auto before = std::chrono::steady_clock::now();
    auto upload = world.client({"upload", "0x1281", "3000000"});
    EXPECT_EQ(upload->wait(20s), 0);
    EXPECT_THAT(upload->output(), HasSubstr("uploaded 3000000"));
    EXPECT_GE(std::chrono::steady_clock::now() - before, 290ms);
}

TEST(UsbBusTest, WithoutPermissionTheDeviceIsSeenButNotOpened) {
    World world(in_recovery());
    world.port.move({"1-1", false}, nullptr);
    auto list = world.client({"list"});
    EXPECT_EQ(list->wait(), 0);
    EXPECT_THAT(list->output(), HasSubstr("device 05ac:1281 port 1 open -3"));  // LIBUSB_ERROR_ACCESS
    world.port.move({"1-2", true}, nullptr);
    auto allowed = world.client({"list"});
    EXPECT_EQ(allowed->wait(), 0);
    EXPECT_THAT(allowed->output(), HasSubstr("device 05ac:1281 port 2 open 0"));
}

TEST(UsbBusTest, AnInterfaceHasOneHolder) {
    World world(in_recovery());
    auto first = world.client({"claim", "0x1281"});
    ASSERT_TRUE(first->says("claimed 0"));
    auto second = world.client({"claim", "0x1281"});
    EXPECT_EQ(second->wait(), 0);
    EXPECT_THAT(second->output(), HasSubstr("claimed -6"));  // LIBUSB_ERROR_BUSY
    EXPECT_EQ(first->wait(), 0);
    auto third = world.client({"claim", "0x1281"});
    EXPECT_TRUE(third->says("claimed 0"));
}

TEST(UsbBusTest, NonsenseInAScenarioIsNamed) {
    const auto reason = [](const Json& link) {
        const auto faults = LinkFaults::from_json(link);
        return faults ? std::string("accepted") : faults.error().message();
    };
    EXPECT_THAT(reason({{"rules", {{{"do", "explode"}}}}}), HasSubstr("link.rules[0].do"));
    EXPECT_THAT(reason({{"rules", {{{"nth", 1}}}}}), HasSubstr("link.rules[0].do: is missing"));
    EXPECT_THAT(reason({{"rate", -1}}), HasSubstr("link.rate"));
    EXPECT_THAT(reason(Json::array()), HasSubstr("link"));
    Timeline timeline;
    auto bus = UsbBus::create(timeline).value();
    EXPECT_FALSE(bus->add(nullptr, {"port", true}));
    EXPECT_FALSE(UsbBus::create(timeline, {2, "/tmp/" + std::string(80, 'x')}));
}

}  // namespace
}  // namespace unbrick::test
