// What a text says of the phone itself: model, versions, the day it was seen.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "src/knowledge/knowledge.h"

namespace unbrick::diagnostics {

struct DeviceFacts {
    std::vector<std::string> models;     // product types ("iPhone9,1"); a family name gives several
    std::string name;                    // "iPhone 7 Plus", as far as said
    std::vector<std::string> versions;   // "15.7", in order
    std::string date;                    // "2022-10-11"
};

// The first model that is named, and only that: later ones are comparisons ("works on my other iPhone X").
DeviceFacts find_device_facts(std::string_view text, const knowledge::Knowledge& knowledge);

// -1, 0, 1 for dotted versions.
int compare_versions(std::string_view left, std::string_view right);

}  // namespace unbrick::diagnostics
