#include "src/core/report.h"

#include <fmt/core.h>

namespace unbrick::core {

base::Result<base::OrderedJson> make_report(const CaseStore& cases, const knowledge::Knowledge&, const knowledge::Texts&,
                                            const std::string& case_id, bool) {
    UB_TRY(const auto about, cases.read(case_id));
    base::OrderedJson report;
    report["case"] = about;
    return report;
}

base::Status write_report(const CaseStore& cases, const knowledge::Knowledge& knowledge, const knowledge::Texts& texts,
                          const std::string& case_id, const std::filesystem::path& out, bool show_identifiers) {
    UB_TRY(const auto report, make_report(cases, knowledge, texts, case_id, show_identifiers));
    return base::write_file_atomically(out, base::dump_json(report, 2) + "\n");
}

}  // namespace unbrick::core
