#include "src/knowledge/check.h"

#include <algorithm>
#include <tuple>

#include "src/knowledge/checks/documents.h"

namespace unbrick::knowledge {

std::string Finding::to_string() const { return pointer.empty() ? file + ": " + reason : file + "#" + pointer + ": " + reason; }

base::Json CheckResult::to_json() const {
    base::Json list = base::Json::array();
    for (const auto& finding : findings) list.push_back({{"file", finding.file}, {"pointer", finding.pointer}, {"reason", finding.reason}});
    return {{"documents", documents}, {"texts", texts}, {"findings", std::move(list)}, {"passed", findings.empty()}};
}

CheckResult check_knowledge(const std::filesystem::path& folder) {
    CheckResult result;
    const auto documents = checks::read_documents(folder, result.findings);
    result.documents = documents.data.size();
    for (const auto& [language, areas] : documents.texts) {
        result.documents += areas.size();
        if (language == "en")
            for (const auto& [area, document] : areas) result.texts += document.is_object() ? document.size() : 0;
    }
    if (result.documents == 0) result.findings.push_back({folder.string(), "", "there is no knowledge here"});
    checks::check_schemas(documents, result.findings);
    checks::check_meaning(documents, result.findings);
    checks::check_texts(documents, result.findings);
    const auto order = [](const Finding& a, const Finding& b) {
        return std::tie(a.file, a.pointer, a.reason) < std::tie(b.file, b.pointer, b.reason);
    };
    std::sort(result.findings.begin(), result.findings.end(), order);
    return result;
}

}  // namespace unbrick::knowledge
