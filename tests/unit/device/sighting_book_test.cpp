#include <gtest/gtest.h>

#include "src/device/watch/sighting_book.h"

namespace unbrick::device {
namespace {

using std::chrono::seconds;
constexpr const char* kEcid = "001A2B3C4D5E6F70";

struct Book : ::testing::Test {
    SightingBook book{{seconds(5), seconds(60)}};
    SightingBook::Time now{seconds(1000)};
    std::vector<WatchEvent> all;

    void take(std::vector<WatchEvent> events) {
        for (auto& event : events) {
            EXPECT_EQ(event.sequence, all.size() + 1) << "no gap in the numbers";
            all.push_back(std::move(event));
        }
    }
    static UsbSighting usb(int address, std::uint16_t product, std::string serial) {
        return {{1, address}, {1, "4"}, product, std::move(serial), "480"};
    }
    static UsbSighting recovery(int address) { return usb(address, 0x1281, std::string("CPID:8020 BDID:0E ECID:") + kEcid + " IBFL:3C SRNM:[F17VIRT]"); }
    static MuxEvent attached(std::uint32_t id, std::string udid, std::uint32_t address) {
        return {MuxEvent::Kind::Attached, id, std::move(udid), (1u << 16) | address, 0x12a8};
    }
    static MuxAnswer answer(std::uint32_t id, Mode mode, Hidden hidden = Hidden::No) {
        Identity identity;
        identity.ecid = Ecid::parse(kEcid);
        identity.product_type = "iPhone12,1";
        return {id, mode, identity, hidden};
    }
};

TEST_F(Book, OnePhoneThroughAllModes) {
    take(book.usb_arrived(recovery(2), now));
    take(book.usb_left({1, 2}, now));
    take(book.usb_arrived(usb(3, 0x1227, std::string("ECID:") + kEcid), now));
    take(book.usb_left({1, 3}, now));
    take(book.usb_arrived(usb(4, 0x12a8, std::string("00008020") + kEcid), now));
    take(book.mux_attached(attached(7, std::string("00008020-") + kEcid, 4), now));
    take(book.mux_answered(answer(7, Mode::Restore), now));
    ASSERT_EQ(book.phones().size(), 1u);
    const auto phone = book.phones().front();
    EXPECT_EQ(phone.mode, Mode::Restore);
    EXPECT_EQ(phone.arrivals, 3u);
    EXPECT_EQ(phone.identity.serial_number, "F17VIRT") << "what Recovery said is kept";
    EXPECT_EQ(all.front().kind, WatchEventKind::Appeared);
}

TEST_F(Book, APhoneWithoutEcidIsItsPortUntilItSays) {
    take(book.usb_arrived(usb(4, 0x12a8, std::string(40, 'a')), now));
    const auto port = book.phones().front().key;
    EXPECT_FALSE(port.ecid);
    take(book.mux_attached(attached(7, std::string(40, 'a'), 4), now));
    take(book.mux_answered(answer(7, Mode::Normal), now));
    EXPECT_EQ(all.back().kind, WatchEventKind::Identified);
    EXPECT_EQ(all.back().former, port);
    ASSERT_NE(book.find(port), nullptr) << "who waits under the old key finds it";
    EXPECT_EQ(book.find(port)->key.to_string(), kEcid);
}

TEST_F(Book, ItsCardWaitsForItAndEnds) {
    take(book.usb_arrived(recovery(2), now));
    take(book.usb_left({1, 2}, now));
    EXPECT_EQ(book.phones().front().mode, Mode::Absent);
    take(book.tick(now + seconds(30), true));
    EXPECT_EQ(book.phones().size(), 1u);
    take(book.tick(now + seconds(61), true));
    EXPECT_TRUE(book.phones().empty());
    EXPECT_EQ(all.back().kind, WatchEventKind::Left);
}

TEST_F(Book, SaysWhyUsbmuxdDoesNotShowIt) {
    take(book.usb_arrived(usb(4, 0x12a8, std::string("00008020") + kEcid), now));
    take(book.tick(now + seconds(4), false));
    EXPECT_EQ(book.phones().front().hidden, Hidden::No);
    take(book.tick(now + seconds(6), false));
    EXPECT_EQ(book.phones().front().hidden, Hidden::NoMuxDaemon);
    EXPECT_EQ(book.phones().front().mode, Mode::Normal);
    book.mux_came(now + seconds(7));
    take(book.tick(now + seconds(13), true));
    EXPECT_EQ(book.phones().front().hidden, Hidden::LockdownSilent);
    take(book.mux_attached(attached(1, std::string("00008020-") + kEcid, 4), now + seconds(14)));
    take(book.mux_answered(answer(1, Mode::Normal, Hidden::PasscodeLocked), now + seconds(14)));
    EXPECT_EQ(book.phones().front().hidden, Hidden::PasscodeLocked);
}

TEST_F(Book, ALateDetachDoesNotTakeTheNewOneAway) {
    take(book.usb_arrived(usb(4, 0x12a8, std::string("00008020") + kEcid), now));
    take(book.mux_attached(attached(1, std::string("00008020-") + kEcid, 4), now));
    take(book.mux_answered(answer(1, Mode::Normal), now));
    take(book.usb_left({1, 4}, now));
    take(book.usb_arrived(recovery(5), now));
    take(book.mux_detached(1, now));
    EXPECT_EQ(book.phones().front().mode, Mode::Recovery);
}

TEST_F(Book, TwoPhonesStayTwo) {
    take(book.usb_arrived(recovery(2), now));
    auto other = usb(3, 0x1281, "ECID:22 CPID:8015 BDID:0E");
    other.port.path = "5";
    take(book.usb_arrived(other, now));
    EXPECT_EQ(book.phones().size(), 2u);
    take(book.usb_left({1, 3}, now));
    EXPECT_EQ(book.find({Ecid::parse(kEcid), {}})->mode, Mode::Recovery);
}

TEST_F(Book, ThePortControllerIsNotThePhone) {
    take(book.usb_arrived(usb(2, 0xf014, "ECID:77 BDID:0C81200001"), now));
    EXPECT_FALSE(book.phones().front().key.ecid);
    EXPECT_EQ(book.phones().front().mode, Mode::PortDfu);
}

TEST_F(Book, AStandInUdidInRestoreModeIsMatchedByPlace) {
    take(book.usb_arrived(recovery(2), now));
    take(book.usb_left({1, 2}, now));
    take(book.usb_arrived(usb(3, 0x12a8, "ffffffffffffffffffffffffffffffff00000001"), now));
    take(book.mux_attached(attached(9, "ffffffffffffffffffffffffffffffff00000001", 3), now));
    take(book.mux_answered(answer(9, Mode::Restore), now));
    ASSERT_EQ(book.phones().size(), 1u);
    EXPECT_EQ(book.phones().front().mode, Mode::Restore);
    EXPECT_EQ(book.phones().front().key.to_string(), kEcid);
    EXPECT_EQ(book.phones().front().mux_udid, "ffffffffffffffffffffffffffffffff00000001");
}

TEST(MuxMessage, HostileOnesGiveNothing) {
    using base::Plist;
    EXPECT_TRUE(parse_mux_message(Plist()).empty());
    EXPECT_TRUE(parse_mux_message(Plist::array()).empty());
    EXPECT_TRUE(parse_mux_message(Plist::dict().set("MessageType", "Attached")).empty());
    EXPECT_TRUE(parse_mux_message(Plist::dict().set("MessageType", "Attached").set("DeviceID", Plist::integer(1)).set("Properties", Plist::dict())).empty());
    EXPECT_TRUE(parse_mux_message(Plist::dict().set("MessageType", "Attached").set("DeviceID", Plist::integer(1)).set(
        "Properties", Plist::dict().set("ConnectionType", "Network").set("SerialNumber", "00008020-001A2B3C4D5E6F70"))).empty());
}

}  // namespace
}  // namespace unbrick::device
