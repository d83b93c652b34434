#include "recovery/outcome.h"

namespace unbrick::recovery {

namespace {
using enum base::ExitCode;
constexpr OutcomeKind kOutcomes[] = {
    {"normal-stable", true, Done},
    {"nothing-to-do", true, Done},
    {"in-recovery", true, Done},
    {"in-dfu", true, Done},
    {"host-fixed", true, Done},
    {"link-better", true, Done},
    {"network-reached", true, Done},
    {"charged", true, Done},
    {"trusted", true, Done},
    {"unlocked", true, Done},
    {"activated", true, Done},
    {"logs-collected", true, Done},
    {"done", true, Done},
    {"service-advised", false, NeedsPerson},
    {"data-recovery-advised", false, NeedsPerson},
    {"official-way", false, NeedsPerson},
    {"report-advised", false, NeedsPerson},
    {"not-safe-to-charge", false, NeedsPerson},
    {"person-unable", false, NeedsPerson},
    {"no-answer", false, NeedsPerson},
    {"no-reaction", false, NeedsPerson},
    {"consent-refused", false, NeedsPerson},
    {"needs-trust", false, NeedsPerson},
    {"trust-refused", false, NeedsPerson},
    {"still-locked", false, NeedsPerson},
    {"host-not-fixed", false, NeedsPerson},
    {"not-activated", false, NeedsPerson},
    {"refused-by-guard", false, RefusedByRule},
    {"needs-firmware-restore", false, LeftInRecovery},
    {"restore-failed", false, LeftInRecovery},
    {"back-in-recovery", false, LeftInRecovery},
    {"back-in-dfu", false, LeftInRecovery},
    {"stays-in-restore", false, LeftInRecovery},
    {"boot-loop", false, Failed},
    {"normal-silent", false, StateUnknown},
    {"vanished", false, StateUnknown},
    {"link-no-better", false, Failed},
    {"link-too-poor", false, Failed},
    {"network-not-reached", false, Failed},
    {"not-charged", false, Failed},
    {"wrong-mode", false, Failed},
    {"no-phone", false, NoPhone},
    {"cancelled", false, Cancelled},
    {"firmware-not-signed", false, Failed},
    {"firmware-unsuitable", false, Failed},
    {"failed", false, Failed},
};
}  // namespace

std::span<const OutcomeKind> all_outcomes() { return kOutcomes; }

const OutcomeKind& outcome_kind(std::string_view id) {
    for (const auto& kind : kOutcomes)
        if (kind.id == id) return kind;
    return kOutcomes[std::size(kOutcomes) - 1];
}

}  // namespace unbrick::recovery
