// The components of a made-up build for one generation: names, types, flags and contents.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "simulator/firmware/generation.h"
#include "src/base/plist.h"

namespace unbrick::simulator {

enum class Packing { Im4p, Raw, None };   // None: an entry with a digest of nothing and no file (ftap ...)

struct Component {
    std::string name;          // "RestoreKernelCache"
    std::string file_fourcc;   // in the file: "krnl"
    std::string sent_fourcc;   // in the ticket, and when sent: "rkrn"
    std::string path;
    Packing packing = Packing::Im4p;
    std::size_t size = 4096;   // of the payload
    bool trusted = true;
    bool firmware_payload = false;
    bool secondary_payload = false;
    bool fud = false;
    bool loaded_by_iboot = false;
    bool in_ticket = true;     // false: has its own request (baseband, SE, Savage ...)
};

// What a restore ramdisk is for; it lies readable at the start of its payload, so that the phone learns it from
// what was really booted and not from what a host believes.
struct RamdiskNote {
    std::string behaviour;   // "Erase", "Update", "Recovery"
    std::string version, build;
    std::string to_text() const;
    static std::optional<RamdiskNote> parse(base::ByteView payload);
};

// `real_sizes`: as large as in real builds (kernel 20 MiB, ramdisk 100 MiB, baseband 80 MiB ...).
std::vector<Component> components_of(const Generation& generation, bool real_sizes, std::string_view behaviour);

// Component name -> fourcc of the ticket, for a signing server that gets only names.
base::Plist fourcc_table();

// The bytes of a component's payload: a stream that depends only on the seed and the name.
base::Bytes payload_bytes(std::uint64_t seed, std::string_view name, std::size_t size);
// Bytes [offset, offset + out.size()) of the endless stream of `seed`: fast, no state.
void stream_bytes(std::uint64_t seed, std::uint64_t offset, std::uint8_t* out, std::size_t count);

}  // namespace unbrick::simulator
