// Tickets of the separate chips (restore-protocol.md 4.6): what a phone in Restore mode asks for its Secure Element,
// face camera, radios, port controllers and cryptexes. `info` is MessageArgInfo of the phone's request.
#pragma once

#include <string>
#include <vector>

#include "src/base/plist.h"
#include "src/firmware/manifest.h"

namespace unbrick::firmware::signing {

struct ChipRequest {
    base::Plist request;
    std::string firmware;        // component whose bytes the phone may want with the ticket; empty: none
    std::string ticket;          // key that the answer must hold; empty: not known
};

base::Result<ChipRequest> secure_element_request(const BuildIdentity& identity, const base::Plist& info, const base::Plist& generated);
base::Result<ChipRequest> savage_request(const BuildIdentity& identity, const base::Plist& info, const base::Plist& generated);
base::Result<ChipRequest> yonkers_request(const BuildIdentity& identity, const base::Plist& info, const base::Plist& generated);
base::Result<ChipRequest> rose_request(const BuildIdentity& identity, const base::Plist& info, const base::Plist& generated);
base::Result<ChipRequest> veridian_request(const BuildIdentity& identity, const base::Plist& info, const base::Plist& generated);
base::Result<ChipRequest> tcon_request(const BuildIdentity& identity, const base::Plist& info, const base::Plist& generated);
base::Result<ChipRequest> timer_request(const BuildIdentity& identity, const base::Plist& info, const base::Plist& generated);

struct PhoneFusing { std::uint64_t ecid = 0; bool production_mode = true, security_mode = true; };
// Cryptex1, and Cryptex1LocalPolicy when the request carries an Ap,LocalPolicy. `tags`: DeviceGeneratedTags.
base::Result<ChipRequest> cryptex_request(const BuildIdentity& identity, const base::Plist& info, const base::Plist& generated,
                                          const base::Plist& tags, const PhoneFusing& fusing);
// The request that the phone wrote itself, with the identity's keys that it names and the fusing of the phone.
base::Result<ChipRequest> generic_request(const BuildIdentity& identity, const base::Plist& info, const base::Plist& generated,
                                          const base::Plist& tags, const PhoneFusing& fusing);

// The recovery OS's local policy: the 22 bytes of the empty policy, and the request that signs it.
base::Bytes empty_local_policy();
base::Result<base::Plist> local_policy_request(const BuildIdentity& identity, const base::Plist& arguments, const PhoneFusing& fusing);

}  // namespace unbrick::firmware::signing
