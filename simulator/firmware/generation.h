// The generations of phones that the virtual phone can be, and what their firmware looks like.
// Numbers from restore-protocol.md 1.10, 3, 9.4 and from the build manifests in ../shared/manifests.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/digest.h"

namespace unbrick::simulator {

struct Generation {
    std::string_view id;             // "a8", "a11", "a12", "a15", "a16", "a18", "a19"
    std::string_view product_type;   // "iPhone7,2"
    std::string_view board;          // "n61ap"
    std::uint32_t cpid = 0;
    std::uint32_t bdid = 0;
    std::string_view version;        // of the firmware made for it by default
    std::string_view build;
    bool sha384 = true;              // digests of components; false: SHA-1 (A7 to A9)
    std::size_t nonce_length = 32;   // AP nonce
    bool ibss_is_dfu = false;        // after iBSS the phone is still in DFU (A7 to A9)
    bool kis = false;                // DFU is "debug USB" (A16 and newer)
    bool trust_cache = false;        // RestoreTrustCache and StaticTrustCache
    bool host_lists = false;         // is_host_compatible looks at the supported data types (iOS 15 and newer)
    bool iboot_images = false;       // ANE, GFX, ISP ... are loaded by iBoot before the ramdisk
    bool sealed_volume = false;      // root hash and canonical metadata
    bool page_table_monitor = false; // SPTM and TXM
    bool aea = false;                // system image is an Apple Encrypted Archive, key by URLAsset
    bool cryptex = false;
    bool nonce_slots = false;        // RequiresNonceSlot, recovery variant
    std::uint32_t baseband_chip = 0;
    std::string_view baseband_kind;  // "mav5", "ice17", "ice18", "mav20", "mav25"
    std::vector<std::string_view> updaters;   // in the order in which the phone runs them
};

const std::vector<Generation>& generations();
const Generation* find_generation(std::string_view id);
// The row whose ways a chip shares (an A13 phone restores as an A12 one); nullptr: before Image4, or unknown.
const Generation* generation_of_chip(std::uint32_t cpid);

inline base::DigestKind component_digest(const Generation& generation) {
    return generation.sha384 ? base::DigestKind::Sha384 : base::DigestKind::Sha1;
}

}  // namespace unbrick::simulator
