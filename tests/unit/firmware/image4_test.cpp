#include "src/firmware/image4.h"

#include <gtest/gtest.h>

#include "src/firmware/component_names.h"
#include "src/firmware/ticket.h"

using namespace unbrick;
using namespace unbrick::firmware;

namespace {
base::Bytes hex(std::string text) { return *base::from_hex(base::replace_all(std::move(text), " ", "")); }

// restore-protocol.md 5.1, the complete test vector, byte by byte.
const char* kIm4p = "30 15 16 04 49 4D 34 50 16 04 72 6B 72 6E 16 01 78 04 04 41 42 43 44";
const char* kIm4m = "30 3F 16 04 49 4D 34 4D 02 01 00 31 34 FF 84 EA 85 9C 42 2D 30 2B 16 04 4D 41 4E 42 31 23"
                    "FF 84 EA 85 9C 50 1C 30 1A 16 04 4D 41 4E 50 31 12 FF 84 92 BD A4 44 0B 30 09 16 04 42 4F 52 44 02 01 0E";
}  // namespace

TEST(Image4, WritesTheVectorOfTheFacts) {
    const auto im4p = write_im4p("rkrn", "x", base::as_bytes("ABCD"));
    EXPECT_EQ(base::to_hex(im4p), base::to_hex(hex(kIm4p)));
    const auto im4m = write_im4m_unsigned({{"BORD", std::uint64_t{0x0E}}}, {});
    EXPECT_EQ(base::to_hex(im4m), base::to_hex(hex(kIm4m)));
    const auto img4 = write_img4(im4p, im4m, {});
    EXPECT_EQ(base::to_hex(img4), base::to_hex(hex(std::string("30 60 16 04 49 4D 47 34") + kIm4p + "A0 41" + kIm4m)));
    const auto im4r = write_im4r({{"snid", std::uint64_t{2}}});
    EXPECT_EQ(base::to_hex(base::der_encode(base::der_context(1), im4r)),
              base::to_hex(hex("A1 1C 30 1A 16 04 49 4D 34 52 31 12 FF 87 9B B9 D2 64 0B 30 09 16 04 73 6E 69 64 02 01 02")));
}

TEST(Image4, ReadsItBack) {
    const auto image = read_img4(hex(std::string("30 60 16 04 49 4D 47 34") + kIm4p + "A0 41" + kIm4m));
    ASSERT_TRUE(image) << image.error().to_string();
    EXPECT_EQ(image->payload.fourcc, "rkrn");
    EXPECT_EQ(base::as_text(image->payload.payload), "ABCD");
    EXPECT_EQ(image->payload.fourcc_offset, 10u);
    const auto ticket = read_im4m(image->ticket);
    ASSERT_TRUE(ticket) << ticket.error().to_string();
    EXPECT_EQ(ticket->number("BORD"), 0x0Eu);
    EXPECT_FALSE(ticket->has_signature);
}

TEST(Image4, TopBitOfAPositiveIntegerGetsItsZero) {
    const auto im4m = write_im4m_unsigned({{"ECID", std::uint64_t{0x8000000000000001}}}, {});
    const auto ticket = read_im4m(im4m);
    ASSERT_TRUE(ticket);
    EXPECT_EQ(ticket->number("ECID"), 0x8000000000000001u);
    EXPECT_NE(base::to_hex(im4m).find("0209008000000000000001"), std::string::npos);
}

TEST(Image4, EveryTruncationAndEveryTrailingByteIsRefused) {
    const auto whole = hex(std::string("30 60 16 04 49 4D 47 34") + kIm4p + "A0 41" + kIm4m);
    for (std::size_t length = 0; length < whole.size(); ++length)
        EXPECT_FALSE(read_img4(base::ByteView(whole).first(length))) << length;
    auto longer = whole;
    longer.push_back(0);
    EXPECT_FALSE(read_img4(longer));
    for (std::size_t at = 0; at < whole.size(); ++at) {   // never a crash, whatever one byte says
        auto damaged = whole;
        for (const int flip : {0x01, 0x80, 0xFF}) {
            damaged[at] = static_cast<std::uint8_t>(whole[at] ^ flip);
            if (const auto image = read_img4(damaged)) static_cast<void>(read_im4m(image->ticket));
        }
    }
}

TEST(Image4, NonMinimalFormsAreRefused) {
    EXPECT_FALSE(read_im4p(hex("30 81 15 16 04 49 4D 34 50 16 04 72 6B 72 6E 16 01 78 04 04 41 42 43 44")));
    EXPECT_FALSE(read_im4p(hex("30 80 16 04 49 4D 34 50 16 04 72 6B 72 6E 16 01 78 04 04 41 42 43 44 00 00")));
    EXPECT_FALSE(read_im4p(hex("30 15 16 04 49 4D 34 51 16 04 72 6B 72 6E 16 01 78 04 04 41 42 43 44")));
}

TEST(Image4, TicketsAreComparedWithThePhone) {
    const base::Bytes nonce(32, 0x5A), digest(48, 0x11);
    const auto make = [&](std::uint64_t ecid, base::Bytes bnch) {
        return write_im4m_unsigned({{"BNCH", std::move(bnch)}, {"BORD", std::uint64_t{0x0E}}, {"CHIP", std::uint64_t{0x8015}}, {"ECID", ecid}, {"SDOM", std::uint64_t{1}}},
                                   {{"ibec", {{"DGST", digest}, {"EPRO", true}}}});
    };
    const TicketSubject subject{0x1A2B, 0x8015, 0x0E, 1, nonce};
    const auto good = Ticket::parse(make(0x1A2B, nonce));
    ASSERT_TRUE(good) << good.error().to_string();
    EXPECT_TRUE(good->check(subject));
    EXPECT_TRUE(good->check_image("ibec", digest, "iBEC"));
    EXPECT_EQ(good->check_image("ibec", base::Bytes(48, 0x12), "iBEC").error().code(), base::ErrorCode::TicketMismatch);
    EXPECT_EQ(good->check_image("krnl", digest, "KernelCache").error().code(), base::ErrorCode::TicketMismatch);
    EXPECT_EQ(Ticket::parse(make(0x1A2C, nonce))->check(subject).error().code(), base::ErrorCode::TicketMismatch);
    const auto stale = Ticket::parse(make(0x1A2B, base::Bytes(32, 0x5B)))->check(subject);
    ASSERT_FALSE(stale);
    EXPECT_NE(stale.error().message().find("another boot"), std::string::npos);
}

TEST(ComponentNames, TableAndRetag) {
    EXPECT_EQ(fourcc_of_component("RestoreKernelCache"), "rkrn");
    EXPECT_EQ(fourcc_of_component("KernelCache"), "krnl");
    EXPECT_EQ(fourcc_of_component("Ap,SystemVolumeCanonicalMetadata"), "msys");
    EXPECT_EQ(fourcc_of_component("ACIBT"), "acib");
    EXPECT_EQ(fourcc_of_component("rfts"), "rfts");
    EXPECT_EQ(fourcc_of_component("OS"), std::string_view("OS\0\0", 4));
    EXPECT_TRUE(fourcc_of_component("nothing").empty());
    EXPECT_TRUE(is_retagged("RestoreSEP"));
    EXPECT_FALSE(is_retagged("SEP"));
}
