// What the phones say at the end; nobody else's opinion.
#pragma once

#include <vector>

#include "simulator/world/phone_unit.h"

namespace unbrick::simulator {

// A phone counts as stable when it was in Normal, its services up, for this long without a restart.
inline constexpr double kStableSeconds = 240;

// When this returns, everything that was due in phone time has happened and been heard of.
void drain(Timeline& timeline);

// Skips phone time until every phone has come to rest (see World::verdict).
base::Json settle_and_judge(std::vector<std::unique_ptr<PhoneUnit>>& phones, Timeline& timeline);

}  // namespace unbrick::simulator
