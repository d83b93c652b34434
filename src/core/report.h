// Reports of a case: one HTML page, JSON, or a zip with the logs. Identifiers are replaced by stable
// pseudonyms everywhere, in the logs inside too, unless they are asked for.
#pragma once

#include <filesystem>
#include <string>

#include "src/core/case_store.h"
#include "src/knowledge/knowledge.h"
#include "src/knowledge/texts.h"

namespace unbrick::core {

// The kind follows the file's extension: .html, .json, .zip. Errors: Usage for another, NotFound.
base::Status write_report(const CaseStore& cases, const knowledge::Knowledge& knowledge, const knowledge::Texts& texts,
                          const std::string& case_id, const std::filesystem::path& out, bool show_identifiers);
// The report as JSON, redacted as asked: what the page and the preview are made from.
base::Result<base::OrderedJson> make_report(const CaseStore& cases, const knowledge::Knowledge& knowledge, const knowledge::Texts& texts,
                                            const std::string& case_id, bool show_identifiers);
// `page`: the mustache template (knowledge/report/page.mustache).
std::string report_as_html(const base::OrderedJson& report, const knowledge::Texts& texts, const std::string& page);

}  // namespace unbrick::core
