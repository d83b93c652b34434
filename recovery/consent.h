// A person's typed word for an erasing step: for this phone, this step and this run only. Only the guard of
// the executor makes one, after the answer was compared and written to the journal.
#pragma once

#include <string>

namespace unbrick::recovery {

class Consent {
public:
    bool covers(std::string_view phone, std::string_view run, std::string_view step) const {
        return phone_ == phone && run_ == run && step_ == step;
    }

private:
    friend class RiskGuard;
    Consent(std::string phone, std::string run, std::string step)
        : phone_(std::move(phone)), run_(std::move(run)), step_(std::move(step)) {}
    std::string phone_, run_, step_;
};

}  // namespace unbrick::recovery
