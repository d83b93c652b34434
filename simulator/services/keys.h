// The keys and certificates of pairing.
#pragma once

#include <string>

#include "src/base/plist.h"
#include "src/base/result.h"

namespace unbrick::simulator::services {

struct DeviceKey {
    std::string private_key;   // PEM
    std::string public_pkcs1;  // PEM "BEGIN RSA PUBLIC KEY", the form that lockdownd gives out
};

// One RSA-2048 key for this process: making one costs tens of milliseconds, and no host compares the
// keys of two phones.
base::Result<DeviceKey> device_key();

// A complete pair record, as if this host had been trusted long ago: the host's part (what usbmuxd
// keeps) holds root and host keys as well.
base::Result<base::Plist> make_pair_record(const std::string& host_id, const std::string& system_buid,
                                           const std::string& wifi_address);

// Whether two PEM certificates are the same certificate, whatever their white space.
bool same_certificate(std::string_view one, std::string_view other);

}  // namespace unbrick::simulator::services
