// What the signing server is asked for the phone itself (restore-protocol.md 4.2, 4.3, 4.6 baseband and eSIM).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "src/base/plist.h"
#include "src/firmware/manifest.h"
#include "src/firmware/signing/rules.h"

namespace unbrick::firmware::signing {

// What the phone said of itself, in the mode that the request is made for.
struct PhoneParameters {
    std::uint64_t ecid = 0;
    base::Bytes ap_nonce, sep_nonce;
    bool production_mode = true, security_mode = true;
    base::Plist ap_parameters;         // lockdownd's ApParameters, or none
    base::Plist baseband_preflight;    // lockdownd's FirmwarePreflightInfo, or none
};

// The keys that every request has. The UUID is random.
base::Plist new_request();
// ApECID, UniqueBuildID, ApChipID, ApBoardID, ApSecurityDomain.
void add_common_keys(base::Plist& request, const BuildIdentity& identity, std::uint64_t ecid);

// The AP ticket. Errors: InvalidInput without an AP nonce.
base::Result<base::Plist> ap_request(const BuildIdentity& identity, const PhoneParameters& phone);

struct BasebandParameters {
    std::uint64_t chip_id = 0, cert_id = 0;
    base::Bytes serial, nonce;         // the nonce may be empty
};
// Of a preflight dict or of a BasebandData request's arguments; nothing without ChipSerialNo (4.7: some models).
std::optional<BasebandParameters> baseband_parameters(const base::Plist& info);
void add_baseband(base::Plist& request, const BuildIdentity& identity, const BasebandParameters& baseband);
// Only when EID and nonces are there: the server answers 168 to a chip alone (4.5).
void add_euicc(base::Plist& request, const BuildIdentity& identity, const base::Plist& preflight);
// The same request without what concerns baseband and eSIM, for the second try after 8, 49, 126..168 (4.5).
base::Plist without_baseband(base::Plist request);
bool concerns_baseband(std::int64_t status);

// The recovery OS's root ticket of newer iPhones: the same request for the other identity.
base::Result<base::Plist> recovery_os_request(const BuildIdentity& recovery, const PhoneParameters& phone);

// What leaves this computer, for people: "ApECID (which phone it is)" ...
struct SentItem { std::string key, kind; };
std::vector<SentItem> items_of(const base::Plist& request);

}  // namespace unbrick::firmware::signing
