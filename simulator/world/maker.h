// The maker's side of a world: signing, firmware and the way to them; and the restore side of its phones.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "simulator/restore/restore_side.h"
#include "simulator/servers/firmware_server.h"
#include "simulator/servers/signing_server.h"
#include "simulator/servers/tls_front.h"
#include "simulator/world/phone_unit.h"

namespace unbrick::simulator {

// Of the scenario's "servers": {"signing": {"faults": [...], "nothing-signed": true},
//   "firmware": [{"version": "...", "build": "...", "image-mib": 4, "older": true}]}
class Maker {
public:
    // Makes firmware for each phone into `folder` when the scenario needs a restore. Errors: InvalidInput, Io.
    static base::Result<std::unique_ptr<Maker>> create(const Scenario& scenario, const std::vector<std::unique_ptr<PhoneUnit>>& phones, const std::filesystem::path& folder);
    ~Maker();
    // What programs of the world need to reach the servers, and nothing else.
    std::map<std::string, std::string> environment() const;
    // What was asked of the signing server, for the verdict.
    base::Json signing_json() const;

private:
    class UnitPorts;
    Maker() = default;
    bool network_ = true;
    std::unique_ptr<SigningServer> signing_;
    std::unique_ptr<FirmwareServer> firmware_;
    std::unique_ptr<TlsFront> front_;
    std::vector<std::unique_ptr<UnitPorts>> ports_;
    std::vector<std::shared_ptr<RestoreSide>> sides_;
    std::vector<std::filesystem::path> made_;
};

}  // namespace unbrick::simulator
