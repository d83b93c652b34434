#include <gtest/gtest.h>

#include "src/base/file.h"
#include "src/base/json.h"
#include "src/device/recorder.h"

namespace unbrick::device {
namespace {

constexpr const char* kIboot = "CPID:8020 BDID:0E ECID:001A2B3C4D5E6F70 SRNM:[F17VX0VIRT01] IMEI:[353000000000012]";

TEST(Pseudonyms, KeepShapeAndAreStable) {
    const Pseudonyms pseudonyms(base::Bytes(32, 7));
    const auto text = pseudonyms.redact(std::string_view(kIboot));
    EXPECT_EQ(text.find("001A2B3C4D5E6F70"), std::string::npos);
    EXPECT_EQ(text.find("F17VX0VIRT01"), std::string::npos);
    EXPECT_EQ(text.find("353000000000012"), std::string::npos);
    EXPECT_EQ(text.size(), std::string(kIboot).size());
    EXPECT_EQ(text, pseudonyms.redact(std::string_view(kIboot)));
    EXPECT_NE(text.find("CPID:8020 BDID:0E ECID:"), std::string::npos) << "what names no phone stays";
    // The same ECID in each of its forms is the same pseudonym.
    const auto ecid = text.substr(text.find("ECID:") + 5, 16);
    EXPECT_EQ(pseudonyms.redact(std::string_view("00008020-001A2B3C4D5E6F70")), "00008020-" + ecid);
    const auto message = pseudonyms.redact(base::Plist::dict().set("UniqueChipID", base::Plist::integer(0x001A2B3C4D5E6F70)));
    EXPECT_EQ(message.integer_at("UniqueChipID"), base::parse_hex(ecid));
}

TEST(Pseudonyms, HideNamesAndKeysOfPropertyLists) {
    const Pseudonyms pseudonyms(base::Bytes(32, 7));
    const auto message = pseudonyms.redact(base::Plist::dict().set("Key", "DeviceName").set("Value", "Mara's iPhone"));
    EXPECT_EQ(message.string_at("Value"), "(left out)");
    const auto nested = pseudonyms.redact(base::Plist::dict().set("A", base::Plist::array().append(base::Plist::dict().set("HostPrivateKey", base::Plist::data(base::Bytes(8, 1))))));
    EXPECT_EQ(nested.to_xml().find("AQEBAQ"), std::string::npos);
}

TEST(Recorder, StaysBelowItsLimitAndSaysSo) {
    const auto folder = base::TemporaryFolder::create();
    ASSERT_TRUE(folder);
    setenv("UNBRICK_STATE", folder->path().c_str(), 1);
    const auto file = folder->path() / "case" / "recording.jsonl";
    {
        auto recorder = Recorder::create(file, {.limit = 4096, .payload_limit = 16});
        ASSERT_TRUE(recorder) << recorder.error().to_string();
        const base::Bytes data(1000, 0xaa);
        for (int index = 0; index < 100; ++index) (*recorder)->bulk("001A2B3C4D5E6F70", {4, data.size(), data, 1000, 0.5});
    }
    const auto text = base::read_text_file(file);
    ASSERT_TRUE(text);
    EXPECT_LT(text->size(), 8192u);
    EXPECT_EQ(text->find("001A2B3C4D5E6F70"), std::string::npos);
    EXPECT_NE(text->find("left-out"), std::string::npos);
    std::size_t lines = 0;
    for (const auto line : base::split_lines(*text)) {
        if (line.empty()) continue;
        EXPECT_TRUE(base::parse_json(line, "line"));
        ++lines;
    }
    EXPECT_GT(lines, 5u);
    unsetenv("UNBRICK_STATE");
}

}  // namespace
}  // namespace unbrick::device
