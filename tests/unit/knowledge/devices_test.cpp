#include "src/knowledge/devices.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <map>

namespace unbrick::knowledge {
namespace {

class DevicesTest : public ::testing::Test {
protected:
    static const Knowledge& shipped() {
        static const auto knowledge = Knowledge::load(std::filesystem::path(UNBRICK_SOURCE_FOLDER) / "knowledge");
        return *knowledge;
    }
    const Devices devices = Devices::read(shipped());
};

TEST_F(DevicesTest, FindsModelsByProductTypeAndByChip) {
    const auto* model = devices.by_product_type("iPhone12,1");
    ASSERT_NE(model, nullptr);
    EXPECT_EQ(model->name, "iPhone 11");
    EXPECT_EQ(model->boards.at(0).name, "n104ap");
    EXPECT_EQ(devices.by_chip(0x8030, model->boards.at(0).bdid), model);
    // The same model with two chips.
    EXPECT_EQ(devices.by_chip(0x8000, 0x04), devices.by_chip(0x8003, 0x04));
    EXPECT_EQ(devices.by_product_type("iPhone99,1"), nullptr);
    EXPECT_EQ(devices.by_chip(0x8030, 0xEE), nullptr);
}

TEST_F(DevicesTest, NoTwoModelsShareAChipAndBoard) {
    std::map<std::pair<std::uint32_t, std::uint32_t>, std::string> seen;
    for (const auto& model : devices.all())
        for (const auto& board : model.boards) {
            const auto [there, added] = seen.try_emplace({board.cpid, board.bdid}, model.product_type);
            EXPECT_TRUE(added) << model.product_type << " and " << there->second;
        }
    EXPECT_EQ(devices.all().size(), 145u);
}

TEST_F(DevicesTest, FindsTheLongestNameInASentence) {
    EXPECT_EQ(devices.in_text("my iPhone 11 Pro Max, iOS 17")->product_type, "iPhone12,5");
    EXPECT_EQ(devices.in_text("IPHONE 11 bought used")->product_type, "iPhone12,1");
    EXPECT_EQ(devices.in_text("iPhone 7, no service")->button_class, "volume-down");
    EXPECT_EQ(devices.in_text("an iPhone SE 2020")->product_type, "iPhone12,8");
    EXPECT_EQ(devices.in_text("iPhone SE"), nullptr) << "three generations with different buttons";
    EXPECT_EQ(devices.in_text("iPhone 119"), nullptr);
    EXPECT_EQ(devices.in_text(""), nullptr);
}

TEST_F(DevicesTest, EveryModelHasEverySequence) {
    for (const auto& model : devices.all())
        for (const auto* goal : {"force-restart", "recovery", "dfu", "dfu-from-recovery"}) {
            const auto steps = devices.sequence(model, goal);
            ASSERT_FALSE(steps.empty()) << model.product_type << " " << goal;
            for (const auto& step : steps) {
                EXPECT_GT(step.seconds, 0);
                EXPECT_GE(step.most, step.seconds);
                EXPECT_FALSE(step.buttons.empty());
            }
            EXPECT_FALSE(steps.back().until.empty()) << "the last step ends with what the phone does";
        }
    EXPECT_TRUE(devices.sequence("no-such-class", "dfu").empty());
    EXPECT_TRUE(devices.sequence("home", "no-such-goal").empty());
}

TEST_F(DevicesTest, DfuOfAPhoneWithoutHomeButton) {
    const auto steps = devices.sequence(*devices.by_product_type("iPhone12,1"), "dfu");
    ASSERT_EQ(steps.size(), 5u);
    EXPECT_TRUE(steps[0].tap);
    EXPECT_EQ(steps[2].buttons, (std::vector<std::string>{"side"}));
    EXPECT_EQ(steps[3].buttons, (std::vector<std::string>{"side", "volume-down"}));
    EXPECT_EQ(steps[4].buttons, (std::vector<std::string>{"volume-down"}));
    EXPECT_EQ(steps[4].until, "dfu");
}

TEST_F(DevicesTest, TheSentenceNamesTheButtonOfTheModel) {
    const auto texts = Texts::load(shipped().folder(), "en");
    ASSERT_TRUE(texts);
    const auto* tablet = devices.by_product_type("iPad13,18");
    const auto sentence = step_text(devices.sequence(*tablet, "force-restart").back(), tablet, *texts);
    EXPECT_NE(sentence.find("Top button"), std::string::npos) << sentence;
    EXPECT_EQ(sentence.find('{'), std::string::npos);
}

}  // namespace
}  // namespace unbrick::knowledge
