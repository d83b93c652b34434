// A phone in Restore mode, as far as everybody needs it: who it is. The engine opens its own conversation.
#pragma once

#include "src/device/links/plist_connection.h"

namespace unbrick::device {

struct RestoredType {
    std::uint64_t protocol_version = 0;
    base::Plist answer;                  // the whole QueryType answer
};

class RestoreLink {
public:
    // Connects to port 62078. Errors: WrongMode when lockdownd answers there instead.
    static base::Result<RestoreLink> open(const std::string& udid, const base::Deadline& deadline, const std::stop_token& stop,
                                          LinkOptions options = {});
    const RestoredType& type() const { return type_; }
    // HardwareInfo: UniqueChipID (which may come negative), SerialNumber, SupportsImage4 ...
    base::Result<base::Plist> hardware_info(const base::Deadline& deadline, const std::stop_token& stop);
    base::Result<Identity> identity(const base::Deadline& deadline, const std::stop_token& stop);
    base::Status reboot(const base::Deadline& deadline, const std::stop_token& stop);
    PlistConnection& connection() { return connection_; }

private:
    RestoreLink(PlistConnection connection, RestoredType type) : connection_(std::move(connection)), type_(std::move(type)) {}
    PlistConnection connection_;
    RestoredType type_;
};

}  // namespace unbrick::device
