// The table of probes and the list of evidence keys say the same.
#include <gtest/gtest.h>

#include <set>

#include "diagnostics/probes/probe.h"

namespace unbrick::diagnostics {
namespace {

TEST(ProbeTable, EveryKeyIsInTheList) {
    const auto document = base::load_json(std::string(UNBRICK_SOURCE_FOLDER) + "/knowledge/evidence.json");
    ASSERT_TRUE(document) << document.error().to_string();
    std::set<std::string> listed;
    for (const auto& item : base::json_at(*document, "keys")) {
        const auto key = base::json_string(item, "key").value_or("");
        EXPECT_TRUE(listed.insert(key).second) << key << " is listed twice";
        EXPECT_FALSE(base::json_string(item, "meaning").value_or("").empty()) << key;
    }
    std::set<std::string> ids, given{"probe.failed"};
    for (const auto& probe : all_probes()) {
        EXPECT_TRUE(ids.insert(std::string(probe.id)).second) << probe.id;
        for (const auto key : probe.keys) {
            EXPECT_TRUE(listed.contains(std::string(key))) << probe.id << " gives " << key << ", which knowledge/evidence.json does not list";
            given.insert(std::string(key));
        }
    }
    for (const auto& item : base::json_at(*document, "keys"))
        if (base::json_string(item, "from") == "probe") {
            const auto key = base::json_string(item, "key").value_or("");
            EXPECT_TRUE(given.contains(key)) << key << " is listed, but no probe gives it";
        }
}

TEST(ProbeTable, OnlyHostProbesRunWithoutAPhone) {
    for (const auto* probe : probes_for(std::nullopt)) EXPECT_TRUE(probe->modes.empty()) << probe->id;
    device::Phone phone;
    phone.mode = device::Mode::Normal;
    phone.mux_udid = "00008020-001A2B3C4D5E6F70";
    phone.hidden = device::Hidden::NotTrusted;
    for (const auto* probe : probes_for(phone)) EXPECT_FALSE(probe->needs_trust) << probe->id;
    phone.mux_udid.clear();
    for (const auto* probe : probes_for(phone)) EXPECT_NE(probe->id, "phone.pairing");
}

}  // namespace
}  // namespace unbrick::diagnostics
