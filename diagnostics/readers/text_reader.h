// Reads any text that a user may bring, line by line as it comes, and says what is in it.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "diagnostics/evidence.h"
#include "src/base/result.h"
#include "src/knowledge/knowledge.h"

namespace unbrick::diagnostics {

// What reading needs of the knowledge, prepared once. Use from one thread at a time.
class Reading;

// Bounded memory whatever comes in: long lines are cut at 64 KiB, observations are capped, repeated ones
// are counted. feed() takes pieces of any size; evidence() may be asked at any time (watch-log does).
class TextReader {
public:
    TextReader(const Reading& reading, std::string source, Origin origin, std::string model = {});
    ~TextReader();
    TextReader(TextReader&&) noexcept;
    void feed(std::string_view bytes);
    // Everything seen so far, the unfinished last line included.
    EvidenceSet evidence() const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

std::shared_ptr<const Reading> prepare_reading(const knowledge::Knowledge& knowledge);

EvidenceSet read_text(const knowledge::Knowledge& knowledge, std::string_view text, std::string source,
                      Origin origin = Origin::Log, std::string model = {});
// Streams; "-" is standard input. Errors: NotFound, PermissionDenied, Io.
base::Result<EvidenceSet> read_text_file(const knowledge::Knowledge& knowledge, const std::filesystem::path& path,
                                         std::string model = {});
// "iPhone X, iOS 16.1, bought used, seen on 2024-05-01": facts of the phone, history and symptoms in it.
EvidenceSet read_about(const knowledge::Knowledge& knowledge, std::string_view text);
// What follows --error: "14", "0xE", "(14)", "AMRErrorDomain/14". Errors: Usage.
base::Result<EvidenceSet> read_error_code(const knowledge::Knowledge& knowledge, std::string_view text);
// What follows --symptom: an id of knowledge/symptoms.json or of a reader's symptom. Errors: Usage.
base::Result<EvidenceSet> read_symptom(const knowledge::Knowledge& knowledge, std::string_view id);

}  // namespace unbrick::diagnostics
