// The unsigned manifest that the preboard service wants for the stashbag (restore-protocol.md 5.7).
#pragma once

#include "src/firmware/manifest.h"

namespace unbrick::firmware {

base::Bytes local_manifest(const BuildIdentity& identity);

}  // namespace unbrick::firmware
