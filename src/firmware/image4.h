// Image4: payload (IM4P), manifest or ticket (IM4M), restore info (IM4R) and the whole (IMG4), in strict DER
// (restore-protocol.md 5).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "src/base/der.h"
#include "src/base/digest.h"

namespace unbrick::firmware {

// The number of a private tag: its four characters, big endian.
std::uint64_t fourcc_number(std::string_view fourcc);
std::string fourcc_text(std::uint64_t number);

// Views into the bytes that were read.
struct Im4p {
    std::string fourcc;
    std::string description;
    base::ByteView payload;
    base::ByteView whole;                 // the complete element: what digests are made over
    std::size_t fourcc_offset = 0;        // in `whole`
    bool encrypted = false;               // has a keybag
};
// Errors: FirmwareInvalid.
base::Result<Im4p> read_im4p(base::ByteView bytes);
base::Bytes write_im4p(std::string_view fourcc, std::string_view description, base::ByteView payload);

using Image4Value = std::variant<std::uint64_t, bool, base::Bytes>;
using Image4Properties = std::map<std::string, Image4Value>;

// A ticket. Values that are neither INTEGER, BOOLEAN nor OCTET STRING are skipped.
struct Im4m {
    Image4Properties properties;                          // of MANP
    std::map<std::string, Image4Properties> components;   // by fourcc
    bool has_signature = false;
    std::optional<std::uint64_t> number(std::string_view name) const;
    std::optional<base::Bytes> bytes(std::string_view name) const;
};
base::Result<Im4m> read_im4m(base::ByteView bytes);
// Without signature and certificates: the local manifest of 5.7. Order as given.
base::Bytes write_im4m_unsigned(const std::vector<std::pair<std::string, Image4Value>>& properties,
                                const std::vector<std::pair<std::string, std::vector<std::pair<std::string, Image4Value>>>>& components);

base::Bytes write_im4r(const std::vector<std::pair<std::string, Image4Value>>& properties);
// `im4r` may be empty.
base::Bytes write_img4(base::ByteView im4p, base::ByteView im4m, base::ByteView im4r);

struct Img4 { Im4p payload; base::ByteView ticket, restore_info; };
base::Result<Img4> read_img4(base::ByteView bytes);

// The digest kind that a length tells: 20 SHA-1, 32 SHA-256, 48 SHA-384.
std::optional<base::DigestKind> digest_kind_of(std::size_t length);

}  // namespace unbrick::firmware
