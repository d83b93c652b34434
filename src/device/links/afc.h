// Apple File Conduit, as far as crash reports need it: list a folder, size of a file, read a file.
// The wire is framed here (not by libimobiledevice's afc_client_t) so that every read has a deadline.
#pragma once

#include <string>
#include <vector>

#include "src/device/links/plist_connection.h"

namespace unbrick::device {

struct AfcInfo {
    bool folder = false;
    std::uint64_t size = 0;
};

class Afc {
public:
    explicit Afc(PlistConnection connection) : connection_(std::move(connection)) {}
    base::Result<std::vector<std::string>> list(const std::string& folder, const base::Deadline& deadline, const std::stop_token& stop);
    base::Result<AfcInfo> info(const std::string& path, const base::Deadline& deadline, const std::stop_token& stop);
    // At most `limit` bytes from the start.
    base::Result<base::Bytes> read(const std::string& path, std::size_t limit, const base::Deadline& deadline, const std::stop_token& stop);

private:
    struct Reply {
        std::uint64_t operation = 0;
        base::Bytes header;   // what follows the 40 byte header, within the header length
        base::Bytes payload;
    };
    base::Result<Reply> exchange(std::uint64_t operation, base::ByteView data, const base::Deadline& deadline, const std::stop_token& stop);

    PlistConnection connection_;
    std::uint64_t number_ = 0;
};

}  // namespace unbrick::device
