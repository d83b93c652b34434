#include "src/base/phone_clock.h"

#include <cstdlib>
#include <string>

#include "src/base/text.h"

namespace unbrick::base {

namespace {
// What a loaded two-core test machine was seen to lose between an event and its handling.
constexpr auto kHostSlack = std::chrono::seconds(10);
}  // namespace

const PhoneClock& PhoneClock::instance() {
    static const PhoneClock clock = [] {
        const char* rehearsal = std::getenv("UNBRICK_REHEARSAL");
        const char* speed = std::getenv("UNBRICK_REHEARSAL_SPEED");
        if (rehearsal == nullptr || speed == nullptr) return PhoneClock(1.0);
        return PhoneClock(parse_double(speed).value_or(1.0));
    }();
    return clock;
}

Deadline PhoneClock::patience(std::chrono::duration<double> phone) const {
    auto span = host_span(phone);
    if (factor_ > 1.0) span += kHostSlack;
    return Deadline::after(span);
}

}  // namespace unbrick::base
