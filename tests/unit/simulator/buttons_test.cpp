// A person who is early, late or wrong with the buttons, in exact phone time.
#include "simulator/phone/buttons.h"

#include <gtest/gtest.h>

namespace unbrick::simulator {
namespace {

TEST(Buttons, HomeAndSideTogetherResetAfterAWhile) {
    ButtonPanel panel(ButtonClass::Home);
    panel.press(Button::Home, 0);
    EXPECT_FALSE(panel.reset_due());
    panel.press(Button::Side, 2);
    ASSERT_TRUE(panel.reset_due());
    EXPECT_DOUBLE_EQ(*panel.reset_due(), 10);
    panel.reset_done(10);
    EXPECT_FALSE(panel.reset_due()) << "held on, it does not reset again";
    panel.release(Button::Side, 11);
    panel.press(Button::Side, 12);
    EXPECT_TRUE(panel.reset_due());
}

TEST(Buttons, WithoutBothClicksTheSideButtonAloneDoesNotReset) {
    ButtonPanel panel(ButtonClass::NoHome);
    panel.press(Button::Side, 0);
    EXPECT_FALSE(panel.reset_due());
    panel.release(Button::Side, 1);
    panel.press(Button::VolumeDown, 2);   // wrong order
    panel.release(Button::VolumeDown, 2.3);
    panel.press(Button::VolumeUp, 3);
    panel.release(Button::VolumeUp, 3.3);
    panel.press(Button::Side, 4);
    EXPECT_FALSE(panel.reset_due());
}

TEST(Buttons, ClicksThatAreTooSlowDoNotCount) {
    ButtonPanel panel(ButtonClass::NoHome);
    panel.press(Button::VolumeUp, 0);
    panel.release(Button::VolumeUp, 0.3);
    panel.press(Button::VolumeDown, 1);
    panel.release(Button::VolumeDown, 4);  // held, not clicked
    panel.press(Button::Side, 4.5);
    EXPECT_FALSE(panel.reset_due());
}

TEST(Buttons, DfuNeedsTheSideButtonReleasedInTime) {
    ButtonPanel panel(ButtonClass::HomeCapacitive);
    panel.press(Button::VolumeDown, 0);
    panel.press(Button::Side, 0);
    panel.reset_done(8);
    EXPECT_EQ(panel.rom_decision(8, 8).what, ButtonPanel::Rom::Wait);
    panel.release(Button::Side, 10);
    const auto waits = panel.rom_decision(8, 10);
    ASSERT_EQ(waits.what, ButtonPanel::Rom::Wait);
    EXPECT_EQ(panel.rom_decision(8, waits.look_again_at).what, ButtonPanel::Rom::Dfu);
    panel.release(Button::VolumeDown, 11);  // let go too early
    EXPECT_EQ(panel.rom_decision(8, 11).what, ButtonPanel::Rom::Boot);
}

TEST(Buttons, SideHeldTooLongShowsTheLogo) {
    ButtonPanel panel(ButtonClass::Home);
    panel.press(Button::Home, 0);
    panel.press(Button::Side, 0);
    EXPECT_EQ(panel.rom_decision(8, 12).what, ButtonPanel::Rom::Boot);
}

TEST(Buttons, HomeAloneFromTheStartAsksForRecoveryNotDfu) {
    ButtonPanel panel(ButtonClass::Home);
    panel.press(Button::Home, 0);
    EXPECT_EQ(panel.rom_decision(1, 1).what, ButtonPanel::Rom::Boot);
    EXPECT_TRUE(panel.asks_for_recovery());
}

}  // namespace
}  // namespace unbrick::simulator
