// Panic reports: the panic text out of an .ips file, a plain text or a screenshot's typed-in words, and
// the signatures of knowledge/panics.json that it fits.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "src/knowledge/knowledge.h"

namespace unbrick::diagnostics {

struct PanicFindings {
    std::vector<std::string> signatures;      // ids, suppressed ones left out, strongest first
    std::vector<std::string> missing_sensors; // after "Missing sensor(s):"
    std::vector<std::uint64_t> sensor_array;  // the S.sensor values that are not zero
    std::vector<std::string> stuck_keys;      // SMC keys in the mailbox whose outbox is not ready
    std::vector<std::string> healthy_keys;    // SMC keys of the other mailboxes: periodic reads, no finding
    std::string service;                      // the service of a userspace watchdog
    bool cut_off = false;                     // no "Debugger message" after the text
};

// `text`: all lines of the file, normalised, JSON escapes resolved. `model`: product type, may be empty.
PanicFindings read_panic(std::string_view text, std::string_view model, const knowledge::Knowledge& knowledge);
// The part of `text` that is panic text: names in the list of loaded drivers are no findings.
std::string_view panic_text(std::string_view text);

}  // namespace unbrick::diagnostics
