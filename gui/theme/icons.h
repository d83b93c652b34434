// The Fork Awesome glyphs that the window uses (fonts-fork-awesome); only these are baked.
// Without that font they are left out: every icon stands beside a word.
#pragma once

namespace unbrick::gui::icon {

inline constexpr const char* kPhone = "\xef\x84\x8b";        // f10b mobile
inline constexpr const char* kSearch = "\xef\x80\x82";       // f002
inline constexpr const char* kBook = "\xef\x80\xad";         // f02d
inline constexpr const char* kFolder = "\xef\x81\xbb";       // f07b
inline constexpr const char* kCog = "\xef\x80\x93";          // f013
inline constexpr const char* kHeadset = "\xef\x80\xa5";      // f025 headphones
inline constexpr const char* kFlask = "\xef\x83\x83";        // f0c3
inline constexpr const char* kBolt = "\xef\x83\xa7";         // f0e7
inline constexpr const char* kCheck = "\xef\x80\x8c";        // f00c
inline constexpr const char* kCross = "\xef\x80\x8d";        // f00d
inline constexpr const char* kWarning = "\xef\x81\xb1";      // f071
inline constexpr const char* kInfo = "\xef\x81\x9a";         // f05a
inline constexpr const char* kQuestion = "\xef\x81\x99";     // f059
inline constexpr const char* kEye = "\xef\x81\xae";          // f06e
inline constexpr const char* kUndo = "\xef\x83\xa2";         // f0e2
inline constexpr const char* kShield = "\xef\x84\xb2";       // f132
inline constexpr const char* kTrash = "\xef\x87\xb8";        // f1f8
inline constexpr const char* kLock = "\xef\x80\xa3";         // f023
inline constexpr const char* kClock = "\xef\x80\x97";        // f017
inline constexpr const char* kPlug = "\xef\x87\xa6";         // f1e6
inline constexpr const char* kUsb = "\xef\x8a\x87";          // f287
inline constexpr const char* kDown = "\xef\x81\xb8";         // f078 chevron-down
inline constexpr const char* kRight = "\xef\x81\x94";        // f054 chevron-right
inline constexpr const char* kLeft = "\xef\x81\x93";         // f053 chevron-left
inline constexpr const char* kCopy = "\xef\x83\x85";         // f0c5
inline constexpr const char* kFile = "\xef\x83\xb6";         // f0f6 file-text-o
inline constexpr const char* kPlay = "\xef\x81\x8b";         // f04b
inline constexpr const char* kStop = "\xef\x81\x8d";         // f04d
inline constexpr const char* kWrench = "\xef\x82\xad";       // f0ad
inline constexpr const char* kComment = "\xef\x81\xb5";      // f075
inline constexpr const char* kPrint = "\xef\x80\xaf";        // f02f
inline constexpr const char* kUser = "\xef\x80\x87";         // f007
inline constexpr const char* kPlus = "\xef\x81\xa7";         // f067
inline constexpr const char* kMinus = "\xef\x81\xa8";        // f068
inline constexpr const char* kDot = "\xef\x84\x91";          // f111 circle
inline constexpr const char* kHome = "\xef\x80\x95";         // f015
inline constexpr const char* kDownload = "\xef\x80\x99";     // f019
inline constexpr const char* kHistory = "\xef\x87\x9a";      // f1da

// For the glyph ranges: the code points of the above.
inline constexpr unsigned short kCodePoints[] = {
    0xf10b, 0xf002, 0xf02d, 0xf07b, 0xf013, 0xf025, 0xf0c3, 0xf0e7, 0xf00c, 0xf00d, 0xf071, 0xf05a, 0xf059,
    0xf06e, 0xf0e2, 0xf132, 0xf1f8, 0xf023, 0xf017, 0xf1e6, 0xf287, 0xf078, 0xf054, 0xf053, 0xf0c5, 0xf0f6,
    0xf04b, 0xf04d, 0xf0ad, 0xf075, 0xf02f, 0xf007, 0xf067, 0xf068, 0xf111, 0xf015, 0xf019, 0xf1da};

}  // namespace unbrick::gui::icon
