// Names of components and the four characters of their images (restore-protocol.md 5.2, 5.3).
#pragma once

#include <string_view>

namespace unbrick::firmware {

// Empty for names that keep what they carry.
std::string_view fourcc_of_component(std::string_view name);
// Whether the file carries the type of the normal component and must be sent under that of the restore one.
bool is_retagged(std::string_view name);

}  // namespace unbrick::firmware
