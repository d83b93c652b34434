#include "simulator/phone/state.h"

#include <array>
#include <utility>

namespace unbrick::simulator {

namespace {

template <class T, std::size_t N>
using Names = std::array<std::pair<T, std::string_view>, N>;

template <class T, std::size_t N>
std::string_view name_of(const Names<T, N>& names, T value) {
    for (const auto& [known, name] : names)
        if (known == value) return name;
    return "unknown";
}

template <class T, std::size_t N>
std::optional<T> value_of(const Names<T, N>& names, std::string_view text) {
    for (const auto& [known, name] : names)
        if (name == text) return known;
    return std::nullopt;
}

constexpr Names<Mode, 9> kModes{{{Mode::Off, "off"},
                                 {Mode::Booting, "booting"},
                                 {Mode::Normal, "normal"},
                                 {Mode::Recovery, "recovery"},
                                 {Mode::Dfu, "dfu"},
                                 {Mode::Kis, "kis"},
                                 {Mode::Wtf, "wtf"},
                                 {Mode::PortDfu, "port-dfu"},
                                 {Mode::Restore, "restore"}}};
constexpr Names<Stage, 7> kStages{{{Stage::None, "none"},
                                   {Stage::SecureRom, "securerom"},
                                   {Stage::Ibss, "ibss"},
                                   {Stage::Iboot, "iboot"},
                                   {Stage::Ibec, "ibec"},
                                   {Stage::System, "system"},
                                   {Stage::Ramdisk, "ramdisk"}}};
constexpr Names<Display, 11> kDisplays{{{Display::Black, "black"},
                                        {Display::Logo, "logo"},
                                        {Display::LogoProgress, "logo-progress"},
                                        {Display::ComputerAndCable, "computer-and-cable"},
                                        {Display::LowBattery, "low-battery"},
                                        {Display::Charging, "charging"},
                                        {Display::LockScreen, "lock-screen"},
                                        {Display::HomeScreen, "home-screen"},
                                        {Display::Hello, "hello"},
                                        {Display::TrustDialog, "trust-dialog"},
                                        {Display::PasscodeDialog, "passcode-dialog"}}};
constexpr Names<SystemImage, 3> kImages{{{SystemImage::Intact, "intact"},
                                         {SystemImage::HalfWritten, "half-written"},
                                         {SystemImage::Missing, "missing"}}};
constexpr Names<UserData, 2> kUserData{{{UserData::Kept, "kept"}, {UserData::Gone, "gone"}}};
constexpr Names<Cable, 3> kCables{
    {{Cable::None, "none"}, {Cable::Data, "data"}, {Cable::ChargeOnly, "charge-only"}}};
constexpr Names<BootOutcome, 6> kOutcomes{{{BootOutcome::Normal, "normal"},
                                           {BootOutcome::Restarts, "restarts"},
                                           {BootOutcome::Hangs, "hangs"},
                                           {BootOutcome::Silent, "silent"},
                                           {BootOutcome::Recovery, "recovery"},
                                           {BootOutcome::Dfu, "dfu"}}};

}  // namespace

std::string_view to_string(Mode mode) { return name_of(kModes, mode); }
std::string_view to_string(Stage stage) { return name_of(kStages, stage); }
std::string_view to_string(Display display) { return name_of(kDisplays, display); }
std::string_view to_string(SystemImage image) { return name_of(kImages, image); }
std::string_view to_string(UserData data) { return name_of(kUserData, data); }
std::string_view to_string(Cable cable) { return name_of(kCables, cable); }
std::string_view to_string(BootOutcome outcome) { return name_of(kOutcomes, outcome); }
std::optional<Mode> mode_from(std::string_view text) { return value_of(kModes, text); }
std::optional<Stage> stage_from(std::string_view text) { return value_of(kStages, text); }
std::optional<SystemImage> system_image_from(std::string_view text) { return value_of(kImages, text); }
std::optional<Cable> cable_from(std::string_view text) { return value_of(kCables, text); }
std::optional<BootOutcome> boot_outcome_from(std::string_view text) { return value_of(kOutcomes, text); }

}  // namespace unbrick::simulator
