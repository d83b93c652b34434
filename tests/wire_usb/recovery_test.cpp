// Recovery mode under Debian's unmodified irecovery, which must agree with the phone's own state.
#include <gmock/gmock.h>

#include <algorithm>

#include "tests/wire_usb/world.h"

namespace unbrick::test {
namespace {

using testing::HasSubstr;

TEST(RecoveryOnUsb, IrecoveryQueryShowsThePhone) {
    World world(in_recovery());
    auto query = world.start({"irecovery", "-q"});
    EXPECT_EQ(query->wait(), 0) << query->output();
    EXPECT_THAT(query->output(), HasSubstr("ECID: 0x001a2b3c4d5e6f70"));
    EXPECT_THAT(query->output(), HasSubstr("CPID: 0x8015"));
    EXPECT_THAT(query->output(), HasSubstr("BDID: 0x0e"));
    EXPECT_THAT(query->output(), HasSubstr("SRNM: C39TESTPHON"));
    EXPECT_THAT(query->output(), HasSubstr("IMEI: 350000000000007"));
    EXPECT_THAT(query->output(), HasSubstr("NONC: " + base::to_hex(world.phone.ap_nonce())));
    EXPECT_THAT(query->output(), HasSubstr("SNON: " + base::to_hex(world.phone.sep_nonce())));
}

TEST(RecoveryOnUsb, IrecoveryNamesTheMode) {
    World recovery(in_recovery());
    auto mode = recovery.start({"irecovery", "-m"});
    EXPECT_EQ(mode->wait(), 0);
    EXPECT_THAT(mode->output(), HasSubstr("Recovery"));
    World dfu(iphone_x({{"start", {{"mode", "dfu"}}}}));
    auto in_dfu = dfu.start({"irecovery", "-m"});
    EXPECT_EQ(in_dfu->wait(), 0);
    EXPECT_THAT(in_dfu->output(), HasSubstr("DFU"));
    auto query = dfu.start({"irecovery", "-q"});
    EXPECT_EQ(query->wait(), 0);
    EXPECT_THAT(query->output(), HasSubstr("SRTG: iBoot-3332.0.0.1.23"));
}

TEST(RecoveryOnUsb, IrecoveryKicksThePhoneOut) {
    World world(in_recovery());
    auto kick = world.start({"irecovery", "-n"});
    EXPECT_EQ(kick->wait(), 0) << kick->output();
    ASSERT_TRUE(world.rests_in(Mode::Normal, 1));
    const auto verdict = world.phone.verdict();
    EXPECT_EQ(verdict.at("stable"), true);
    EXPECT_EQ(verdict.at("user_data"), "kept");
    EXPECT_EQ(verdict.at("boot_variables").at("auto-boot"), "true");
    EXPECT_TRUE(verdict.at("violations").empty()) << verdict.at("violations");
}

TEST(RecoveryOnUsb, WithoutSaveenvARebootComesBackInRecovery) {
    World world(in_recovery());
    for (const char* command : {"setenv auto-boot true", "reboot"}) {
        auto one = world.start({"irecovery", "-c", command});
        EXPECT_EQ(one->wait(), 0) << one->output();
    }
    ASSERT_TRUE(world.rests_in(Mode::Recovery, 1));
    EXPECT_EQ(world.phone.saved_variables().at("auto-boot"), "false");
    auto query = world.start({"irecovery", "-q"});
    EXPECT_EQ(query->wait(), 0);
}

TEST(RecoveryOnUsb, UnsetVariableStallsSetOneAnswers) {
    World world(in_recovery());
    auto unset = world.client({"getenv", "0x1281", "radio-error"});
    EXPECT_EQ(unset->wait(), 0);
    EXPECT_THAT(unset->output(), HasSubstr("radio-error: LIBUSB_ERROR_PIPE"));
    auto set = world.client({"getenv", "0x1281", "auto-boot"});
    EXPECT_EQ(set->wait(), 0);
    EXPECT_THAT(set->output(), HasSubstr("auto-boot = false"));
    auto version = world.client({"getenv", "0x1281", "build-version"});
    EXPECT_EQ(version->wait(), 0);
    EXPECT_THAT(version->output(), HasSubstr("build-version = iBoot-8419.80.7"));
}

TEST(RecoveryOnUsb, UploadArrivesWholeAndARefusedImageBouncesBack) {
    World world(in_recovery());
    const auto file = base::TemporaryFolder::create().value();
    const auto path = file.path() / "image";
    ASSERT_TRUE(base::write_file_atomically(path, std::string(100001, 'x')));
    auto sent = world.start({"irecovery", "-f", path.string()});
    EXPECT_EQ(sent->wait(), 0) << sent->output();
    const auto history = world.phone.history();
    EXPECT_TRUE(std::any_of(history.begin(), history.end(), [](const Json& entry) {
        return entry.at("what") == "upload" && entry.at("bytes") == 100001;
    }));
    const auto epoch = world.phone.state().bus_epoch;
    auto go = world.start({"irecovery", "-c", "go"});
    EXPECT_EQ(go->wait(), 0);
    EXPECT_TRUE(world.shows([&](const PhoneState& s) { return s.mode == Mode::Recovery && s.on_bus && s.bus_epoch > epoch; }));
}

TEST(RecoveryOnUsb, AnImageOfWholePacketsNeedsAnEmptyOne) {
    World world(in_recovery());
    auto whole = world.client({"upload", "0x1281", "65536"});
    EXPECT_EQ(whole->wait(), 0);
    EXPECT_THAT(whole->output(), HasSubstr("uploaded 65536"));
    EXPECT_FALSE(world.violated("upload-not-ended"));
    auto without = world.client({"upload-no-end", "0x1281", "65536"});
    EXPECT_EQ(without->wait(), 0);
    EXPECT_TRUE(world.violated("upload-not-ended"));
}

TEST(RecoveryOnUsb, TwoPhonesOnTwoPortsStayApart) {
    World world(in_recovery());
    VirtualPhone other(Nature::from_json(in_recovery({{"ecid", "0x000000000BADCAFE"}})).value(), world.timeline);
    PhonePort second(*world.bus, other, {"1-2", true});
    // Not by irecovery: Debian 12's may crash with more than one device (virtual-phone.md 1.6).
    auto kick = world.client({"kick", "ECID:000000000BADCAFE"});
    EXPECT_EQ(kick->wait(), 0) << kick->output();
    EXPECT_TRUE(other.wait_until([](const PhoneState& s) { return s.mode == Mode::Normal; }, base::Deadline::after(20s)));
    EXPECT_EQ(world.phone.state().mode, Mode::Recovery);
    EXPECT_EQ(world.phone.state().starts, 0u);
}

}  // namespace
}  // namespace unbrick::test
