// Firmware tables of small processors (restore-protocol.md 6.5.3): a header, entries, data.
#pragma once

#include <string>
#include <vector>

#include "src/base/result.h"
#include "src/base/text.h"

namespace unbrick::firmware {

struct FtabEntry { std::string tag; base::Bytes data; };
struct Ftab {
    base::Bytes header;                  // the first 40 bytes as they are
    std::vector<FtabEntry> entries;
};
// Errors: FirmwareInvalid.
base::Result<Ftab> read_ftab(base::ByteView bytes);
base::Bytes write_ftab(const Ftab& table);
// `table` with the entry "rrko" of `restore` at its end.
base::Result<base::Bytes> add_restore_entry(base::ByteView table, base::ByteView restore);

}  // namespace unbrick::firmware
