// The baseband's package (itself a zip): blobs of the signing server put into its files, the ticket beside them
// (restore-protocol.md 6.5.1; real-restore.md 3.7).
#pragma once

#include "src/base/plist.h"
#include "src/base/result.h"
#include "src/base/text.h"

namespace unbrick::firmware {

// `response`: BBTicket and BasebandFirmware with its "<element>-Blob" values. Errors: FirmwareInvalid, FirmwareUnsuitable
// (an element or a container that we cannot sign).
base::Result<base::Bytes> sign_baseband_package(base::Bytes package, const base::Plist& response, std::uint64_t chip_id);

// Overwrites the end of a file with its blob. Errors: FirmwareInvalid (blob larger than the file).
base::Status put_trailing_blob(base::Bytes& file, base::ByteView blob);
// The newer form: an mbn_v7 blob into the last program segment of an ELF.
base::Status put_elf_blob(base::Bytes& file, base::ByteView blob);

}  // namespace unbrick::firmware
