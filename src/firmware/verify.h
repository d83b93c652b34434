// Every component of a firmware against the digests of its manifest, on all cores, read once.
#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "src/base/cancel.h"
#include "src/firmware/manifest.h"

namespace unbrick::firmware {

enum class Verdict { Good, Wrong, Unreadable, NotComparable };   // NotComparable: the digest is not one over the file's bytes
std::string_view to_string(Verdict verdict);

struct VerifiedFile {
    std::string path;
    std::vector<std::string> components;
    std::uint64_t size = 0;
    Verdict verdict = Verdict::NotComparable;
    std::string detail;
};
struct Verification {
    std::vector<VerifiedFile> files;
    std::uint64_t bytes = 0;
    std::size_t good = 0, wrong = 0, unreadable = 0, not_comparable = 0;
};
// Wrong and unreadable files are results, not errors. `threads` 0: all cores. `progress` from any thread. Errors: Cancelled.
base::Result<Verification> verify(const std::shared_ptr<const Archive>& archive, const BuildManifest& manifest, unsigned threads,
                                  const std::function<void(std::uint64_t done, std::uint64_t total)>& progress, const std::stop_token& stop);

}  // namespace unbrick::firmware
