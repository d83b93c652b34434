// What a phone says of itself in its USB strings in Recovery, DFU and KIS (restore-protocol.md 1.4, 1.5).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "src/base/text.h"
#include "src/device/identity.h"

namespace unbrick::device {

struct IbootInfo {
    std::optional<std::uint32_t> cpid, cprv, cpfm, scep, ibfl, prev;
    std::optional<std::uint64_t> bdid_long;   // port DFU packs chip and board into it
    std::optional<Ecid> ecid;
    std::string srtg;                         // SecureROM version; only SecureROM itself says it
    std::string srnm, imei, pwnd;
    base::Bytes ap_nonce, sep_nonce;          // empty: the phone has none now

    std::optional<std::uint32_t> bdid() const;
    bool image4() const { return ibfl && (*ibfl & 0x04u) != 0; }
    bool in_secure_rom() const { return !srtg.empty(); }
    friend bool operator==(const IbootInfo&, const IbootInfo&) = default;
};

// Takes any text: unknown keys are skipped, values that are no numbers or too long are left out.
IbootInfo parse_iboot_string(std::string_view text);
// "NONC:<hex> SNON:<hex>", either may be missing.
void parse_nonce_string(std::string_view text, IbootInfo& into);

}  // namespace unbrick::device
