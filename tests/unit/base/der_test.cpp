#include "src/base/der.h"

#include <gtest/gtest.h>

using namespace unbrick::base;

TEST(Der, WritesAndReadsHighTagNumbers) {
    const auto inner = der_integer(0x1234);
    const auto bytes = der_encode(der_private(0x4D414E42), inner);  // 'MANB'
    DerReader reader(bytes);
    const auto element = reader.next();
    ASSERT_TRUE(element) << element.error().to_string();
    EXPECT_EQ(element->tag, der_private(0x4D414E42));
    DerReader content(element->content);
    const auto number = content.expect(kDerInteger, "number");
    ASSERT_TRUE(number);
    EXPECT_EQ(der_to_uint(number->content).value(), 0x1234u);
    EXPECT_TRUE(reader.at_end());
}

TEST(Der, RefusesWhatIsNotStrict) {
    for (const auto& bytes : {Bytes{0x30}, Bytes{0x30, 0x80, 0, 0}, Bytes{0x04, 0x81, 0x01, 0x00}, Bytes{0x04, 0x82, 0x00, 0x80},
                              Bytes{0x04, 0x05, 1, 2}, Bytes{0x1F, 0x1E, 0x00}, Bytes{0x1F, 0x80, 0x7F, 0x00},
                              Bytes{0x04, 0x88, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}}) {
        EXPECT_FALSE(DerReader(bytes).next()) << to_hex(bytes);
    }
}

TEST(Der, IntegerRoundTrip) {
    for (const std::uint64_t value : {0ull, 1ull, 127ull, 128ull, 255ull, 256ull, 0x8000ull, 0xFFFFFFFFFFFFFFFFull}) {
        const auto bytes = der_integer(value);
        DerReader reader(bytes);
        EXPECT_EQ(der_to_uint(reader.next()->content).value(), value);
    }
}
