// How long stages, checkpoints and pauses are: data of knowledge/restore_times.json, in phone time.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <string_view>

#include "src/base/json.h"

namespace unbrick::recovery::restore {

using PhoneSpan = std::chrono::duration<double>;

struct StageTimes {
    PhoneSpan usual{0}, longest{0};
    std::string text_key, stop_text_key;
    bool writing = false;
};

class RestoreTimes {
public:
    explicit RestoreTimes(const base::Json& document);
    // A stage that the document lacks gets a minute and five: never an endless wait.
    StageTimes stage(std::string_view id) const;
    // Longest silence of the phone inside a checkpoint (low 16 bits of its id).
    PhoneSpan checkpoint_limit(std::uint32_t id) const;
    // A pause that the phone needs and does not signal (restore-protocol.md 2.5, 2.7).
    PhoneSpan settle(std::string_view id) const;

private:
    std::map<std::string, StageTimes, std::less<>> stages_;
    std::map<std::uint32_t, PhoneSpan> checkpoints_;
    std::map<std::string, PhoneSpan, std::less<>> settles_;
    PhoneSpan checkpoint_default_{180};
};

}  // namespace unbrick::recovery::restore
