// `unbrick firmware info|verify`: what a firmware file is for, and whether it is whole.
#pragma once

#include <string>

namespace unbrick::cli {

int firmware_info(const std::string& file, bool json);
int firmware_verify(const std::string& file, unsigned threads, bool json);

}  // namespace unbrick::cli
