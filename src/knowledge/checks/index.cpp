#include "src/knowledge/checks/index.h"

#include <fmt/core.h>

namespace unbrick::knowledge::checks {

namespace {

class Indexer {
public:
    Indexer(Index& index, Findings& findings) : index_(index), findings_(findings) {}

    void add(const std::string& kind, const std::string& id, const std::string& file, const std::string& pointer) {
        const auto [there, added] = places_.try_emplace({kind, id}, file + "#" + pointer);
        if (!added) findings_.push_back({file, pointer, fmt::format("\"{}\" is already at {}", id, there->second)});
        index_.ids[kind].insert(id);
    }

    // Entries of a list; `id` makes the id of one, or nothing.
    template <typename MakeId>
    void add_list(const base::Json& document, const std::string& member, const std::string& kind, const std::string& file, MakeId make_id) {
        const auto& list = base::json_at(document, member);
        std::size_t at = 0;
        for (const auto& entry : list) {
            if (const auto id = make_id(entry); !id.empty()) add(kind, id, file, fmt::format("/{}/{}", member, at));
            ++at;
        }
    }

private:
    Index& index_;
    Findings& findings_;
    std::map<std::pair<std::string, std::string>, std::string> places_;
};

std::string id_of(const base::Json& entry) { return base::json_string(entry, "id").value_or(""); }

void index_errors(const base::Json& document, Indexer& indexer) {
    indexer.add_list(document, "domains", "domains", "errors.json", id_of);
    indexer.add_list(document, "actions", "error-actions", "errors.json", id_of);
    indexer.add_list(document, "codes", "codes", "errors.json", [](const base::Json& entry) {
        const auto code = base::json_int(entry, "code");
        return code ? fmt::format("{}/{}", base::json_string(entry, "domain").value_or(""), *code) : std::string();
    });
}

void index_devices(const base::Json& document, Indexer& indexer) {
    indexer.add_list(document, "button_classes", "button-classes", "devices.json", id_of);
    indexer.add_list(document, "devices", "models", "devices.json",
                     [](const base::Json& entry) { return base::json_string(entry, "product_type").value_or(""); });
    std::size_t at = 0;
    for (const auto& device : base::json_at(document, "devices")) {
        for (const auto& board : base::json_at(device, "boards"))
            indexer.add("chips", base::json_string(board, "cpid").value_or("") + "/" + base::json_string(board, "bdid").value_or(""),
                        "devices.json", fmt::format("/devices/{}/boards", at));
        ++at;
    }
}

}  // namespace

bool Index::knows(const std::string& kind, const std::string& id) const {
    const auto found = ids.find(kind);
    return found != ids.end() && found->second.contains(id);
}

bool Index::has_any(const std::string& kind) const { return ids.contains(kind); }

Index index_documents(const Documents& documents, Findings& findings) {
    Index index;
    Indexer indexer(index, findings);
    for (const auto& [name, document] : documents.data) {
        const auto kind = kind_of(name);
        const auto file = name + ".json";
        if (kind == "plans" || kind == "articles") {
            if (const auto id = id_of(document); !id.empty()) {
                indexer.add(kind, id, file, "");
                if (name != kind + "/" + id) findings.push_back({file, "/id", "is not the name of its file"});
            }
        } else if (kind == "errors") {
            index_errors(document, indexer);
        } else if (kind == "devices") {
            index_devices(document, indexer);
        } else if (kind == "operations") {
            indexer.add_list(document, "operations", kind, file, [](const base::Json& entry) {
                const auto number = base::json_int(entry, "number");
                return number ? fmt::format("{}", *number) : std::string();
            });
        } else if (kind == "evidence") {
            for (const auto* member : {"evidence", "keys"})
                indexer.add_list(document, member, kind, file, [](const base::Json& entry) {
                    return base::json_string(entry, "key").value_or(id_of(entry));
                });
        } else {
            // causes, actions, stages, questions, symptoms, sources, signatures, checkpoints, rules ...: lists of entries with an id
            if (!document.is_object()) continue;
            for (const auto& [member, list] : document.items())
                if (list.is_array()) indexer.add_list(document, member, kind, file, id_of);
        }
    }
    if (const auto sources = documents.data.find("sources"); sources != documents.data.end())
        for (const auto& source : base::json_at(sources->second, "sources"))
            if (!base::json_string(source, "url").value_or("").empty()) index.addressed_sources.insert(id_of(source));
    if (const auto english = documents.texts.find("en"); english != documents.texts.end())
        for (const auto& [area, document] : english->second) {
            if (!document.is_object()) continue;
            for (const auto& [key, text] : document.items()) index.ids["texts"].insert(key);
        }
    return index;
}

}  // namespace unbrick::knowledge::checks
