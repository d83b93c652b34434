#include "src/base/text.h"

#include <gtest/gtest.h>

#include "src/base/json.h"
#include "src/base/plist.h"

using namespace unbrick::base;

TEST(Text, HexAndBase64RoundTrip) {
    const Bytes bytes{0x00, 0x1A, 0xFF, 0x7F};
    EXPECT_EQ(to_hex(bytes), "001aff7f");
    EXPECT_EQ(from_hex("001AFF7f"), bytes);
    EXPECT_FALSE(from_hex("0g"));
    EXPECT_EQ(to_base64(bytes), "ABr/fw==");
    EXPECT_EQ(from_base64("ABr/\nfw=="), bytes);
    EXPECT_EQ(from_base64(""), Bytes{});
}

TEST(Text, BadUtf8IsReplacedAndGoodIsKept) {
    EXPECT_EQ(to_valid_utf8("a\xC3\xA9\xE2\x82\xAC"), "a\xC3\xA9\xE2\x82\xAC");
    EXPECT_EQ(to_valid_utf8("\xFFz"), "\xEF\xBF\xBDz");
    EXPECT_EQ(to_valid_utf8("\xE2\x82"), "\xEF\xBF\xBD\xEF\xBF\xBD");
    EXPECT_EQ(to_valid_utf8("\xED\xA0\x80").substr(0, 3), "\xEF\xBF\xBD");
}

TEST(Text, LinesOfEveryKind) {
    const auto lines = split_lines("a\r\nb\rc\n\nd");
    ASSERT_EQ(lines.size(), 5u);
    EXPECT_EQ(lines[2], "c");
    EXPECT_EQ(lines[3], "");
    EXPECT_EQ(lines[4], "d");
}

TEST(Json, SaysWhereAnErrorIs) {
    const auto bad = parse_json("{\n \"a\": 1,\n \"b\" 2}", "x.json");
    ASSERT_FALSE(bad);
    EXPECT_NE(bad.error().to_string().find("x.json: line 3, column"), std::string::npos) << bad.error().to_string();
    EXPECT_FALSE(parse_json(std::string(100000, '['), "deep"));
    EXPECT_FALSE(parse_json("", "empty"));
}

TEST(PlistValue, RoundTripAndTypes) {
    auto message = Plist::dict().set("Request", "QueryType").set("N", Plist::integer(7)).set("D", Plist::data(Bytes{1, 2}));
    const auto xml = message.to_xml();
    for (const auto& bytes : {message.to_binary(), Bytes(xml.begin(), xml.end())}) {
        const auto back = Plist::parse(bytes, "message");
        ASSERT_TRUE(back) << back.error().to_string();
        EXPECT_EQ(back->string_at("Request"), "QueryType");
        EXPECT_EQ(back->integer_at("N"), 7u);
        EXPECT_EQ(back->data_at("D"), (Bytes{1, 2}));
        EXPECT_FALSE(back->string_at("N"));
    }
}

TEST(PlistValue, RefusesNonsense) {
    EXPECT_FALSE(Plist::parse(as_bytes("hello"), "text"));
    std::string deep = "<?xml version=\"1.0\"?><plist version=\"1.0\">";
    for (int i = 0; i < 100000; ++i) deep += "<array>";
    EXPECT_FALSE(Plist::parse(as_bytes(deep), "deep"));
}
