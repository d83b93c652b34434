// The maker's firmware index and download server in the world of a virtual phone. Loopback only.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "src/base/result.h"

namespace unbrick::simulator {

struct OfferedFirmware {
    std::string product_type, version, build;
    std::filesystem::path file;
};

class FirmwareServer {
public:
    // Serves the index at /version.xml in the form of the maker's own (a property list by product type and build)
    // and the files at /firmware/<name>, with ranges.
    static base::Result<std::unique_ptr<FirmwareServer>> start(std::vector<OfferedFirmware> offered);
    ~FirmwareServer();
    std::string index_url() const;
    std::string key_url() const;   // where the phone has the key of an encrypted image fetched

private:
    struct State;
    explicit FirmwareServer(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace unbrick::simulator
