// Answers of the signing server, kept for the same phone, boot and firmware: after a lost cable the same ticket goes
// on being good as long as the phone's nonce is the same.
#pragma once

#include <filesystem>
#include <optional>

#include "src/base/plist.h"
#include "src/base/result.h"

namespace unbrick::firmware::signing {

class SavedTickets {
public:
    explicit SavedTickets(std::filesystem::path folder) : folder_(std::move(folder)) {}
    // By everything in the request but its UUID: a ticket is never used for another phone, nonce or firmware.
    std::optional<base::Plist> find(const base::Plist& request) const;
    base::Status save(const base::Plist& request, const base::Plist& response) const;

private:
    std::filesystem::path file_of(const base::Plist& request) const;
    std::filesystem::path folder_;
};

}  // namespace unbrick::firmware::signing
