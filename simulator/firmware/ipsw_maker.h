// Makes an IPSW with the structure of a real build and made-up contents (restore-protocol.md 3).
#pragma once

#include <filesystem>

#include "simulator/firmware/components.h"
#include "src/base/result.h"

namespace unbrick::simulator {

struct IpswOrder {
    const Generation* generation = nullptr;
    std::string version, build;            // empty: the generation's own
    std::uint64_t seed = 1;                // two orders with the same seed give the same bytes
    std::uint64_t image_bytes = 4u << 20;  // of the system image
    bool deflate_image = false;
    bool real_sizes = false;
    // A real BuildManifest.plist whose structure is taken (its identities, names, flags, rules); digests are
    // those of the made-up contents. Empty: our own structure.
    std::filesystem::path manifest_template;
    std::string key_url;                   // AEA: where the phone has its key fetched
};

struct MadeIpsw {
    std::filesystem::path path;
    base::Bytes image_sha256;              // of the system image as it is streamed
    std::uint64_t image_bytes = 0;
};

// Writes `path`. Memory: the components one at a time; the image is never held. Errors: Io, OutOfSpace, InvalidInput.
base::Result<MadeIpsw> make_ipsw(const IpswOrder& order, const std::filesystem::path& path);

}  // namespace unbrick::simulator
