// Keeps the computer awake while a phone's storage is written: a logind inhibitor, held as long as the object lives.
#pragma once

#include <string>

#include "src/base/file.h"

namespace unbrick::recovery::restore {

class SleepInhibitor {
public:
    // Without logind (a container, another init) it holds nothing, and says so.
    explicit SleepInhibitor(const std::string& why);
    bool held() const { return static_cast<bool>(lock_); }

private:
    base::Fd lock_;
};

}  // namespace unbrick::recovery::restore
