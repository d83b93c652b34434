// What was known of a phone before: a phone in recovery or DFU cannot tell its battery or its iOS.
#pragma once

#include <filesystem>
#include <optional>

#include "src/base/json.h"
#include "src/core/snapshot.h"

namespace unbrick::core {

struct Remembered {
    std::optional<int> battery_percent;
    std::string product_type, board, ios_version, ios_build, name;
    std::chrono::system_clock::time_point when;
};

// state_folder()/phones/<ECID>.json. Nothing for a phone without ECID, or never seen, or a damaged file.
std::optional<Remembered> remembered(const device::PhoneKey& phone);
// A full disk is no reason not to help: failures are logged only.
void remember(const device::PhoneKey& phone, const device::Identity& identity, const std::optional<int>& battery_percent);
std::filesystem::path phone_folder();

}  // namespace unbrick::core
