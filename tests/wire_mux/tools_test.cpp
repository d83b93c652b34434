// What Debian's tools say of a virtual phone, and what they do to it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/base/file.h"
#include "tests/wire_mux/world_fixture.h"

namespace unbrick::tests {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string udid(WorldOf& world) { return world.phone().at("udid").get<std::string>(); }

TEST(Tools, IdeviceIdListsThePhoneThatTheDaemonAnnounces) {
    WorldOf world("healthy");
    ASSERT_TRUE(world.services_up());
    EXPECT_EQ(world.run("idevice_id -l").output, udid(world) + "\n");
}

TEST(Tools, IdeviceinfoAgreesWithThePhone) {
    WorldOf world("healthy");
    ASSERT_TRUE(world.services_up());
    const Outcome all = world.run("ideviceinfo");
    EXPECT_EQ(all.code, 0);
    EXPECT_THAT(all.output, HasSubstr("UniqueChipID: " + std::to_string(0x001A2B3C4D5E6F70)));
    EXPECT_THAT(all.output, HasSubstr("ProductType: iPhone10,6"));
    EXPECT_THAT(all.output, HasSubstr("ProductVersion: 16.7.10"));
    EXPECT_THAT(all.output, HasSubstr("SerialNumber: F17VX0VIRT01"));
    EXPECT_THAT(all.output, HasSubstr("ActivationState: Activated"));
    const Outcome battery = world.run("ideviceinfo -q com.apple.mobile.battery");
    EXPECT_THAT(battery.output, HasSubstr("BatteryCurrentCapacity: 8"));
    EXPECT_THAT(world.run("ideviceinfo -q com.apple.disk_usage -k TotalDataAvailable").output, HasSubstr("20000000000"));
    EXPECT_THAT(world.run("ideviceinfo -q com.apple.fmip -k IsAssociated").output, HasSubstr("true"));
}

TEST(Tools, WithoutASessionOnlyOpenValuesAreTold) {
    WorldOf world("healthy");
    ASSERT_TRUE(world.services_up());
    const Outcome open = world.run("ideviceinfo -s");
    EXPECT_THAT(open.output, HasSubstr("ProductType: iPhone10,6"));
    EXPECT_THAT(open.output, Not(HasSubstr("\nSerialNumber")));
}

TEST(Tools, NoDaemonMeansNoPhone) {
    WorldOf world("usbmuxd-missing");
    ASSERT_TRUE(world.services_up());
    EXPECT_NE(world.run("idevice_id -l").code, 0);
    world.act("install-usbmuxd");
    EXPECT_EQ(world.run("idevice_id -l").output, udid(world) + "\n");
}

TEST(Tools, ASilentPhoneIsNeverAnnounced) {
    WorldOf world("lockdown-silent");
    EXPECT_TRUE(world.phone().at("on_bus").get<bool>());
    const Outcome listed = world.run("idevice_id -l");
    EXPECT_EQ(listed.code, 0) << "the daemon runs, as the phone is on the bus: " << listed.output;
    EXPECT_EQ(listed.output, "");
}

TEST(Tools, PairingNeedsUnlockingAndTrust) {
    WorldOf world("locked-not-trusted");
    ASSERT_TRUE(world.services_up());
    EXPECT_THAT(world.run("idevicepair pair").output, HasSubstr("passcode"));
    EXPECT_FALSE(world.phone().at("paired").get<bool>());
    world.act("unlock");
    ASSERT_TRUE(world.unlocked());
    EXPECT_THAT(world.run("idevicepair pair").output, HasSubstr("trust dialog"));
    world.act("trust");
    EXPECT_THAT(world.run("idevicepair pair").output, HasSubstr("SUCCESS: Paired with device"));
    EXPECT_THAT(world.run("idevicepair validate").output, HasSubstr("SUCCESS"));
    EXPECT_THAT(world.run("ideviceinfo -k SerialNumber").output, HasSubstr("F17"));
    EXPECT_TRUE(world.phone().at("paired").get<bool>());
    EXPECT_THAT(world.run("idevicepair unpair").output, HasSubstr("SUCCESS"));
    EXPECT_FALSE(world.phone().at("paired").get<bool>());
}

TEST(Tools, DeniedTrustStaysDenied) {
    WorldOf world("locked-not-trusted");
    ASSERT_TRUE(world.services_up());
    world.act("unlock");
    ASSERT_TRUE(world.unlocked());
    world.run("idevicepair pair");
    world.act("dont-trust");
    EXPECT_THAT(world.run("idevicepair pair").output, HasSubstr("denied"));
    EXPECT_FALSE(world.phone().at("paired").get<bool>());
}

TEST(Tools, EnterRecoveryNeedsASessionSince14_5) {
    WorldOf world("healthy");
    ASSERT_TRUE(world.services_up());
    world.run("ideviceenterrecovery " + udid(world));
    EXPECT_EQ(world->verdict().at("mode"), "normal");
}

TEST(Tools, EnterRecoveryOfAnOlderSystemNeedsNone) {
    WorldOf world("healthy", [](simulator::Scenario& scenario) { scenario.phones[0].nature.ios_version = "12.5.7"; });
    ASSERT_TRUE(world.services_up());
    world.run("ideviceenterrecovery " + udid(world));
    ASSERT_TRUE(world.reaches([](const auto& state) { return state.mode == simulator::Mode::Recovery && state.on_bus; }));
    EXPECT_EQ(world.phone().at("boot_variables").at("auto-boot"), "false");
    EXPECT_THAT(world.run("irecovery -q").output, HasSubstr("ECID: 0x001a2b3c4d5e6f70"));
}

TEST(Tools, DiagnosticsTellTheBatteryAndRestart) {
    WorldOf world("healthy");
    ASSERT_TRUE(world.services_up());
    EXPECT_THAT(world.run("idevicediagnostics diagnostics GasGauge").output, HasSubstr("<integer>2716</integer>"));
    EXPECT_THAT(world.run("idevicediagnostics ioregentry AppleSmartBattery").output, HasSubstr("CycleCount"));
    EXPECT_THAT(world.run("idevicediagnostics mobilegestalt ProductType").output, HasSubstr("iPhone10,6"));
    EXPECT_THAT(world.run("idevicediagnostics restart").output, HasSubstr("Restarting"));
    ASSERT_TRUE(world.reaches([](const auto& state) { return state.starts == 1; }));
    EXPECT_TRUE(world->verdict().at("stable").get<bool>());
}

TEST(Tools, CrashReportsComeOverUnchanged) {
    // The phone stays up, so that the copy does not depend on how busy the computer is.
    WorldOf world("boot-loop-sensor", [](simulator::Scenario& scenario) { scenario.phones[0].nature.restart_period = 1e6; });
    ASSERT_TRUE(world.services_up());
    auto folder = base::TemporaryFolder::create();
    ASSERT_TRUE(folder);
    const Outcome copied = world.run("idevicecrashreport -k " + folder->path().string());
    EXPECT_EQ(copied.code, 0) << copied.output;
    auto report = base::read_text_file(folder->path() / "panic-full-2026-01-01-115702.000.ips");
    ASSERT_TRUE(report) << copied.output;
    EXPECT_THAT(*report, HasSubstr("Missing sensor(s): mic1"));
}

TEST(Tools, SyslogIsRelayed) {
    WorldOf world("boot-loop-sensor", [](simulator::Scenario& scenario) { scenario.phones[0].nature.restart_period = 1e6; });
    ASSERT_TRUE(world.services_up());
    const Outcome log = world.run("exec 3< <(idevicesyslog); reader=$!; grep -m1 'missing sensor' <&3; kill $reader");
    EXPECT_THAT(log.output, HasSubstr("missing sensor mic1"));
}

TEST(Tools, ACutConnectionIsAnErrorAndTheNextOneWorks) {
    WorldOf world("healthy", [](simulator::Scenario& scenario) {
        simulator::ConnectionFault fault;
        fault.port = 62078;
        fault.fault = {simulator::mux::StreamFault::Kind::Cut, 100};
        scenario.phones[0].connection_faults.push_back(fault);
    });
    ASSERT_TRUE(world.services_up());
    EXPECT_NE(world.run("ideviceinfo").code, 0);
    EXPECT_EQ(world.run("ideviceinfo").code, 0);
}

TEST(Tools, TheKickOutByIrecoveryBringsThePhoneBack) {
    WorldOf world("recovery-loop");
    EXPECT_EQ(world.run("irecovery -n").code, 0);
    const base::Json verdict = world->verdict();
    EXPECT_EQ(verdict.at("mode"), "normal");
    EXPECT_TRUE(verdict.at("stable").get<bool>());
    EXPECT_EQ(verdict.at("user_data"), "kept");
    EXPECT_EQ(verdict.at("boot_variables").at("auto-boot"), "true");
    EXPECT_TRUE(verdict.at("violations").empty());
}

TEST(Tools, WithoutPermissionThePhoneCannotBeOpened) {
    WorldOf world("no-usb-permission");
    EXPECT_NE(world.run("irecovery -q").code, 0);
    world.act("install-udev-rules");
    EXPECT_THAT(world.run("irecovery -q").output, HasSubstr("MODE: Recovery"));
}

TEST(Tools, TwoPhonesAreTwo) {
    WorldOf world("two-phones");
    const base::Json state = world->control({{"state", true}});
    const base::Json& working = state.at("phones").at(1);
    ASSERT_TRUE(world.services_up(1));
    EXPECT_EQ(world.run("idevice_id -l").output, working.at("udid").get<std::string>() + "\n");
    EXPECT_EQ(world.run("irecovery -n").code, 0);
    const base::Json verdict = world->verdict();
    for (const base::Json& phone : verdict.at("phones")) {
        EXPECT_EQ(phone.at("mode"), "normal");
        EXPECT_TRUE(phone.at("stable").get<bool>());
    }
    EXPECT_EQ(verdict.at("phones").at(1).at("starts"), 0);
}

TEST(Tools, ABootLoopIsNotStable) {
    WorldOf world("boot-loop-sensor");
    const base::Json verdict = world->verdict();
    EXPECT_EQ(verdict.at("mode"), "normal");
    EXPECT_FALSE(verdict.at("stable").get<bool>());
    EXPECT_TRUE(verdict.at("restarted_by_itself").get<bool>());
}

}  // namespace
}  // namespace unbrick::tests
