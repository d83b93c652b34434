#include "simulator/phone/phone.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>

namespace unbrick::simulator {
namespace {

using base::Json;
using namespace std::chrono_literals;

Json phone_json(Json more = Json::object()) {
    Json phone = {{"name", "Test"},         {"product_type", "iPhone10,6"}, {"board", "d221ap"},
                  {"cpid", "0x8015"},       {"bdid", "0x0e"},               {"ecid", "0x001A2B3C4D5E6F70"},
                  {"serial", "C39TESTPHON"}, {"iboot_version", "iBoot-8419.80.7"}};
    phone.update(more);
    return phone;
}

// A world of its own, fast enough that a start takes some hundredths of a second.
struct World {
    explicit World(Json more = Json::object(), double speed = 1000)
        : timeline(speed), phone(Nature::from_json(phone_json(more)).value(), timeline) {}
    bool reaches(Mode mode) {
        return phone.wait_until([&](const PhoneState& s) { return s.mode == mode; }, base::Deadline::after(20s));
    }
    bool rests_in(Mode mode) {
        return phone.wait_until([&](const PhoneState& s) { return s.mode == mode && s.on_bus; },
                                base::Deadline::after(20s));
    }
    Timeline timeline;
    VirtualPhone phone;
};

const Json kInRecovery = {{"start", {{"mode", "recovery"}}}, {"boot_variables", {{"auto-boot", "false"}}}};

Json with(Json base, const Json& more) {
    base.update(more);
    return base;
}

TEST(Phone, KickOutBootsToNormalAndStays) {
    World world(kInRecovery);
    const auto epoch = world.phone.state().bus_epoch;
    world.phone.set_variable("auto-boot", "true");
    world.phone.save_variables();
    world.phone.reboot("reboot command");
    ASSERT_TRUE(world.rests_in(Mode::Normal));
    EXPECT_GT(world.phone.state().bus_epoch, epoch);
    const auto verdict = world.phone.verdict();
    EXPECT_EQ(verdict.at("mode"), "normal");
    EXPECT_EQ(verdict.at("stable"), true);
    EXPECT_EQ(verdict.at("user_data"), "kept");
    EXPECT_EQ(verdict.at("boot_variables").at("auto-boot"), "true");
}

TEST(Phone, WithoutSavingTheRebootComesBackInRecovery) {
    World world(kInRecovery);
    world.phone.set_variable("auto-boot", "true");
    world.phone.reboot("reboot command");
    ASSERT_TRUE(world.reaches(Mode::Booting));
    ASSERT_TRUE(world.rests_in(Mode::Recovery));
    EXPECT_EQ(world.phone.variable("auto-boot"), "false");
}

TEST(Phone, AVariableSetAsNotPersistentIsNotSaved) {
    World world(kInRecovery);
    world.phone.set_variable("auto-boot", "true", false);
    world.phone.save_variables();
    EXPECT_EQ(world.phone.saved_variables().at("auto-boot"), "false");
}

TEST(Phone, AWrongVariableDoesNotHelp) {
    World world(kInRecovery);
    world.phone.set_variable("auto_boot", "true");
    world.phone.save_variables();
    world.phone.reboot("reboot command");
    ASSERT_TRUE(world.reaches(Mode::Booting));
    ASSERT_TRUE(world.rests_in(Mode::Recovery));
}

TEST(Phone, AHalfWrittenSystemComesBackToRecovery) {
    World world(with(kInRecovery, {{"system", "half-written"}}));
    world.phone.set_variable("auto-boot", "true");
    world.phone.save_variables();
    world.phone.reboot("reboot command");
    ASSERT_TRUE(world.reaches(Mode::Booting));
    ASSERT_TRUE(world.rests_in(Mode::Recovery));
    EXPECT_EQ(world.phone.verdict().at("stable"), false);
}

TEST(Phone, EnterRecoverySavesAutoBootAndKeepsTheApNonce) {
    World world;
    const auto ap = world.phone.ap_nonce();
    const auto sep = world.phone.sep_nonce();
    world.phone.enter_recovery();
    ASSERT_TRUE(world.rests_in(Mode::Recovery));
    EXPECT_EQ(world.phone.saved_variables().at("auto-boot"), "false");
    EXPECT_EQ(world.phone.ap_nonce(), ap);
    EXPECT_NE(world.phone.sep_nonce(), sep);
}

TEST(Phone, RestartsAgainAndAgainAndIsNeverStable) {
    World world(Json::object({{"boot", {{"outcome", "restarts"}, {"period", 180}}}}), 5000);
    ASSERT_TRUE(world.phone.wait_until([](const PhoneState& s) { return s.panics >= 3; }, base::Deadline::after(20s)));
    EXPECT_EQ(world.phone.verdict().at("stable"), false);
}

TEST(Phone, HangsAtTheLogoUntilAForceRestartThatCures) {
    World world(Json::object({{"start", {{"mode", "booting"}}}, {"boot", {{"outcome", "hangs"}, {"cured_by", {"force-restart"}}}}}));
    EXPECT_FALSE(world.phone.state().on_bus);
    ASSERT_TRUE(world.phone.act({{"act", "perform"}, {"combination", "force-restart"}}));
    EXPECT_TRUE(world.rests_in(Mode::Normal));
}

TEST(Phone, SilentPhoneIsOnTheBusWithoutServices) {
    World world(Json::object({{"boot", {{"outcome", "silent"}}}}));
    EXPECT_TRUE(world.phone.state().on_bus);
    EXPECT_FALSE(world.phone.state().services_up);
}

TEST(Phone, EmptyBatteryStartsAfterCharging) {
    World world(Json::object({{"start", {{"mode", "off"}}}, {"cable", "none"}, {"battery", 1}}));
    EXPECT_FALSE(world.phone.state().on_bus);
    ASSERT_TRUE(world.phone.act({{"act", "connect-charger"}}));
    EXPECT_EQ(world.phone.state().display, Display::LowBattery);
    ASSERT_TRUE(world.reaches(Mode::Normal));
    EXPECT_FALSE(world.phone.state().on_bus) << "a charger is no computer";
    ASSERT_TRUE(world.phone.act({{"act", "plug"}}));
    EXPECT_TRUE(world.phone.state().on_bus);
}

TEST(Phone, ChargeOnlyCableShowsNothingOnTheBus) {
    World world(Json::object({{"cable", "charge-only"}}));
    EXPECT_FALSE(world.phone.state().on_bus);
    ASSERT_TRUE(world.phone.act({{"act", "plug"}, {"cable", "data"}}));
    EXPECT_TRUE(world.phone.state().on_bus);
}

TEST(Phone, RestrictedUsbOpensWhenUnlocked) {
    World world(Json::object({{"usb_restricted", true}}));
    EXPECT_FALSE(world.phone.state().on_bus);
    ASSERT_TRUE(world.phone.act({{"act", "unlock"}}));
    EXPECT_TRUE(world.phone.state().on_bus);
    EXPECT_EQ(world.phone.state().display, Display::HomeScreen);
}

TEST(Phone, ARefusedImageBouncesToRecoveryAndLeavesDfuInDfu) {
    NextBoot refused;
    World recovery(kInRecovery);
    const auto epoch = recovery.phone.state().bus_epoch;
    recovery.phone.jump(refused, 0.8, 2);
    EXPECT_TRUE(recovery.phone.wait_until(
        [&](const PhoneState& s) { return s.mode == Mode::Recovery && s.bus_epoch > epoch; }, base::Deadline::after(20s)));
    World dfu(Json::object({{"start", {{"mode", "dfu"}}}}));
    const auto dfu_epoch = dfu.phone.state().bus_epoch;
    dfu.phone.jump(refused, 0.5, 2);
    EXPECT_TRUE(dfu.phone.wait_until(
        [&](const PhoneState& s) { return s.mode == Mode::Dfu && s.bus_epoch > dfu_epoch; }, base::Deadline::after(20s)));
}

TEST(Phone, AcceptedLoadersRunOneAfterTheOther) {
    World world(Json::object({{"start", {{"mode", "dfu"}}}}));
    const auto nonce = world.phone.ap_nonce();
    world.phone.jump({true, Mode::Recovery, Stage::Ibss, "iBoot-1", "iBSS"}, 0.3, 2);
    ASSERT_TRUE(world.rests_in(Mode::Recovery));
    EXPECT_EQ(world.phone.state().stage, Stage::Ibss);
    EXPECT_NE(world.phone.ap_nonce(), nonce);
    EXPECT_EQ(world.phone.variable("build-version"), "iBoot-1");
    world.phone.jump({true, Mode::Recovery, Stage::Ibec, "iBoot-2", "iBEC"}, 0.3, 2);
    ASSERT_TRUE(world.phone.wait_until([](const PhoneState& s) { return s.stage == Stage::Ibec && s.on_bus; },
                                       base::Deadline::after(20s)));
    EXPECT_EQ(world.phone.variable("build-version"), "iBoot-2");
    world.phone.jump({true, Mode::Restore, Stage::Ramdisk, "", "kernel"}, 1.5, 14);
    EXPECT_TRUE(world.rests_in(Mode::Restore));
}

TEST(Phone, CombinationsBringEveryButtonClassWhereTheyShould) {
    for (const char* kind : {"home", "7", "8plus"}) {
        for (const auto& [combination, mode] :
             {std::pair{"recovery", Mode::Recovery}, {"dfu", Mode::Dfu}, {"force-restart", Mode::Normal}}) {
            World world(Json::object({{"buttons", kind}}));
            ASSERT_TRUE(world.phone.act({{"act", "perform"}, {"combination", combination}}));
            ASSERT_TRUE(world.phone.wait_until([](const PhoneState& s) { return s.starts >= 1; },
                                               base::Deadline::after(20s)));
            EXPECT_TRUE(world.rests_in(mode)) << kind << " " << combination;
            EXPECT_EQ(world.phone.state().starts, 1u) << kind << " " << combination;
        }
    }
}

TEST(Phone, DfuEndsWithAForceRestart) {
    World world(Json::object({{"start", {{"mode", "dfu"}}}}));
    ASSERT_TRUE(world.phone.act({{"act", "perform"}, {"combination", "force-restart"}}));
    EXPECT_TRUE(world.rests_in(Mode::Normal));
}

TEST(Phone, TellsListenersInOrderAndCanBeTornDownInTheMiddle) {
    std::atomic<int> calls = 0;
    std::vector<std::string> modes;
    {
        World world(kInRecovery);
        auto subscription = world.phone.listen([&](const Change& change) {
            ++calls;
            if (change.kind == Change::Kind::Mode) modes.emplace_back(to_string(change.state.mode));
        });
        world.phone.set_variable("auto-boot", "true");
        world.phone.save_variables();
        world.phone.reboot("test");
        ASSERT_TRUE(world.phone.wait_until([](const PhoneState& s) { return s.services_up; }, base::Deadline::after(20s)));
        // Everything noted so far has been told once a task that was posted behind it has run.
        std::promise<void> told;
        world.timeline.after(PhoneSeconds(5), [&] { told.set_value(); });
        told.get_future().wait();
        subscription.reset();
        const int before = calls;
        world.phone.reboot("again");
        EXPECT_EQ(calls, before);
    }
    EXPECT_THAT(modes, testing::ElementsAre("booting", "normal", "normal"));
}

TEST(Phone, UnknownActsAndButtonsAreErrors) {
    World world;
    EXPECT_FALSE(world.phone.act({{"act", "dance"}}));
    EXPECT_FALSE(world.phone.act({{"act", "press"}, {"buttons", {"eject"}}}));
    EXPECT_FALSE(world.phone.act(Json::array()));
    world.phone.allow_act("trust");
    EXPECT_TRUE(world.phone.act({{"act", "trust"}}));
    EXPECT_EQ(world.phone.verdict().at("acts").size(), 1u);
}

TEST(Nature, NamesTheMemberThatIsWrong) {
    const auto reason = [](Json more) {
        const auto nature = Nature::from_json(phone_json(std::move(more)));
        return nature ? std::string("accepted") : nature.error().message();
    };
    EXPECT_THAT(reason({{"ecid", "xyz"}}), testing::HasSubstr("phone.ecid"));
    EXPECT_THAT(reason({{"latency", {{"services", -1}}}}), testing::HasSubstr("phone.latency.services"));
    EXPECT_THAT(reason({{"latency", {{"nap", 1}}}}), testing::HasSubstr("latency.nap"));
    EXPECT_THAT(reason({{"boot", {{"outcome", "fine"}}}}), testing::HasSubstr("phone.boot.outcome"));
    EXPECT_THAT(reason({{"battery", 101}}), testing::HasSubstr("battery"));
    EXPECT_EQ(reason({{"something_else", 1}}), "accepted");
    EXPECT_FALSE(Nature::from_json(Json::array()));
    EXPECT_FALSE(Nature::from_json(Json::object()));
}

TEST(Nature, KnowsWhatFollowsFromTheChip) {
    const auto nature = [](const char* cpid, const char* type) {
        return Nature::from_json(phone_json({{"cpid", cpid}, {"product_type", type}})).value();
    };
    EXPECT_TRUE(nature("0x8120", "iPhone15,2").kis);
    EXPECT_FALSE(nature("0x8110", "iPhone14,5").kis);
    EXPECT_TRUE(nature("0x7000", "iPhone7,2").ibss_is_dfu);
    EXPECT_EQ(nature("0x7000", "iPhone7,2").ap_nonce_size, 20u);
    EXPECT_EQ(nature("0x8010", "iPhone9,3").buttons, ButtonClass::HomeCapacitive);
    EXPECT_EQ(nature("0x7000", "iPhone7,2").buttons, ButtonClass::Home);
    EXPECT_EQ(nature("0x8020", "iPhone11,8").udid, "00008020-001A2B3C4D5E6F70");
    EXPECT_EQ(nature("0x8015", "iPhone10,6").udid.size(), 40u);
}

}  // namespace
}  // namespace unbrick::simulator
