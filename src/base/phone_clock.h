// Phone time: how long things take for a phone. With a real phone it is host time. In a rehearsal
// the virtual phone may run faster, and says so in UNBRICK_REHEARSAL_SPEED (a factor >= 1, set by
// `unbrick rehearse` together with UNBRICK_REHEARSAL); without UNBRICK_REHEARSAL it is ignored.
//
// Two uses, which scale differently:
//  - hold: "the phone must stay up for four minutes": exactly span / factor of host time.
//  - patience: "a mode change may take 60 s": span / factor, plus host time that the computer itself
//    may lose (a busy machine is not a silent phone).
#pragma once

#include "src/base/cancel.h"

namespace unbrick::base {

class PhoneClock {
public:
    explicit PhoneClock(double factor) : factor_(factor < 1.0 ? 1.0 : factor) {}
    // Reads the environment once; factor 1 outside a rehearsal.
    static const PhoneClock& instance();

    double factor() const { return factor_; }
    bool rehearsal() const { return factor_ > 1.0; }

    SteadyClock::duration host_span(std::chrono::duration<double> phone) const {
        return std::chrono::duration_cast<SteadyClock::duration>(phone / factor_);
    }
    std::chrono::duration<double> phone_span(SteadyClock::duration host) const {
        return std::chrono::duration<double>(host) * factor_;
    }
    Deadline hold(std::chrono::duration<double> phone) const { return Deadline::after(host_span(phone)); }
    Deadline patience(std::chrono::duration<double> phone) const;

private:
    double factor_;
};

}  // namespace unbrick::base
