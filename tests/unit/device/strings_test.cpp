#include <gtest/gtest.h>

#include "src/device/iboot_string.h"
#include "src/device/links/dfu_link.h"
#include "src/device/links/kis_link.h"
#include "src/device/link_measurement.h"
#include "src/device/usb.h"

namespace unbrick::device {
namespace {

TEST(IbootString, ReadsADfuString) {
    const auto info = parse_iboot_string(
        "CPID:8020 CPRV:11 CPFM:03 SCEP:01 BDID:0E ECID:001A2B3C4D5E6F70 IBFL:3C SRTG:[iBoot-3865.0.0.4.7]");
    EXPECT_EQ(info.cpid, 0x8020u);
    EXPECT_EQ(info.bdid(), 0x0eu);
    EXPECT_EQ(info.ecid->to_string(), "001A2B3C4D5E6F70");
    EXPECT_TRUE(info.image4());
    EXPECT_TRUE(info.in_secure_rom());
}

TEST(IbootString, OrderDoesNotMatterAndValuesAreNoKeys) {
    const auto info = parse_iboot_string("SRNM:[ECID:1] IBFL:FD ECID:22 XECID:33 CPID:8015");
    EXPECT_EQ(info.ecid->value, 0x22u);
    EXPECT_EQ(info.srnm, "ECID:1");
    EXPECT_FALSE(info.in_secure_rom());
}

TEST(IbootString, HostileInputGivesNothing) {
    for (const std::string_view text :
         {std::string_view(""), std::string_view("ECID:"), std::string_view("ECID:0"), std::string_view("ECID:00000000000000000000001"),
          std::string_view("CPID:xyz BDID:-1"), std::string_view("SRNM:["), std::string_view("\0\0\xff\xfe", 4), std::string_view("CPID:123456789")}) {
        const auto info = parse_iboot_string(text);
        EXPECT_FALSE(info.cpid) << text;
        EXPECT_TRUE(!info.ecid || info.ecid->value != 0) << text;
    }
    EXPECT_FALSE(parse_iboot_string("ECID:0").ecid);
    (void)parse_iboot_string(std::string(100000, 'A') + " ECID:1");
    IbootInfo info;
    parse_nonce_string("NONC:zz SNON:123", info);
    EXPECT_TRUE(info.ap_nonce.empty());
    EXPECT_TRUE(info.sep_nonce.empty());
    parse_nonce_string(" NONC:0a0b SNON:ff", info);
    EXPECT_EQ(info.ap_nonce, (base::Bytes{0x0a, 0x0b}));
    EXPECT_EQ(info.sep_nonce, (base::Bytes{0xff}));
    parse_nonce_string("NONC:" + std::string(4096, 'a'), info);
    EXPECT_TRUE(info.ap_nonce.empty());
}

TEST(UsbSerial, HoldsUdidAndEcid) {
    EXPECT_EQ(udid_of_usb_serial("00008020001A2B3C4D5E6F70"), "00008020-001A2B3C4D5E6F70");
    EXPECT_EQ(ecid_of_udid("00008020-001A2B3C4D5E6F70")->value, 0x001A2B3C4D5E6F70u);
    EXPECT_EQ(udid_of_usb_serial("ddf4cf6077113785bd2e9c2cd66e9b340116f712").size(), 40u);
    EXPECT_FALSE(ecid_of_udid("ddf4cf6077113785bd2e9c2cd66e9b340116f712"));
    EXPECT_FALSE(ecid_of_udid("ffffffff-ffffffffffffffff"));
    EXPECT_EQ(udid_of_usb_serial("not a serial"), "");
    EXPECT_FALSE(ecid_of_udid("00008020-001A2B3C4D5E6FZZ"));
}

TEST(UsbProducts, KnowsTheModes) {
    EXPECT_EQ(mode_of_product(0x1281), Mode::Recovery);
    EXPECT_EQ(mode_of_product(0x1227), Mode::Dfu);
    EXPECT_EQ(mode_of_product(0x1881), Mode::Kis);
    EXPECT_EQ(mode_of_product(0xf014), Mode::PortDfu);
    EXPECT_EQ(mode_of_product(0x12a8), Mode::Normal);
    EXPECT_FALSE(mode_of_product(0x024f));   // a keyboard of the same maker
}

// The check values of restore-protocol.md 2.1.
TEST(DfuChecksum, MatchesTheKnownValues) {
    const base::Bytes suffix{0xff, 0xff, 0xff, 0xff, 0xac, 0x05, 0x00, 0x01, 0x55, 0x46, 0x44, 0x10};
    EXPECT_EQ(dfu_checksum(suffix, dfu_checksum(base::Bytes{0, 0, 0, 0})), 0x04B2ED69u);
    EXPECT_EQ(dfu_checksum(suffix), 0x93DC6053u);
}

TEST(KisDeviceInfo, ReadsStringsByWordOffsets) {
    base::Bytes block(0x300, 0);
    const auto put = [&](std::size_t words, std::string_view text) {
        std::size_t at = words * 4;
        block[at++] = static_cast<std::uint8_t>(2 + 2 * text.size());
        block[at++] = 3;
        for (const char letter : text) {
            block[at++] = static_cast<std::uint8_t>(letter);
            block[at++] = 0;
        }
    };
    block[0x08] = 0x00;
    block[0x0a] = 0x40;
    block[0x18] = 0x80;
    block[0x4a] = 0x27;
    block[0x4b] = 0x12;
    block[0x50] = 0x20;
    put(0x20, "CPID:8120 BDID:0C ECID:001A2B3C4D5E6F70 SRTG:[iBoot-1]");
    put(0x80, "NONC:0102");
    const auto info = parse_kis_device_info(block);
    EXPECT_EQ(info.product, 0x1227);
    EXPECT_EQ(info.max_upload_size, 0x400000u);
    EXPECT_EQ(info.iboot.ecid->to_string(), "001A2B3C4D5E6F70");
    EXPECT_EQ(info.iboot.ap_nonce, (base::Bytes{1, 2}));
}

TEST(KisDeviceInfo, OffsetsOutsideTheBlockGiveNothing) {
    base::Bytes block(0x300, 0xff);
    EXPECT_FALSE(parse_kis_device_info(block).iboot.ecid);
    EXPECT_FALSE(parse_kis_device_info(base::Bytes(10)).iboot.ecid);
    block[0x50] = 0xbf;
    block[0xbf * 4 + 1] = 3;
    EXPECT_FALSE(parse_kis_device_info(block).iboot.ecid);
}

TEST(LinkScore, ErrorsAndReconnectsLowerIt) {
    EXPECT_LT(link_score(0, 0, 0), 0);
    EXPECT_DOUBLE_EQ(link_score(100, 0, 0), 1);
    EXPECT_NEAR(link_score(100, 2, 0), 0.5, 1e-9);
    EXPECT_NEAR(link_score(100, 0, 1), 0.5, 1e-9);
}

}  // namespace
}  // namespace unbrick::device
