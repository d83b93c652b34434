// The words, icons and tones of what snapshots name by id.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "gui/widgets/ui.h"
#include "recovery/plan.h"
#include "src/core/snapshot.h"
#include "src/knowledge/knowledge.h"

namespace unbrick::gui {

struct Sign {
    Tone tone = Tone::Neutral;
    const char* icon = nullptr;
    std::string word;
};

Sign mode_sign(const Ui& ui, const core::PhoneSnapshot& phone);
Sign risk_sign(const Ui& ui, recovery::Risk risk);
recovery::Risk worst_risk(const recovery::Plan& plan);
recovery::Risk risk_of(const diagnostics::Rung& rung);
Sign link_sign(const Ui& ui, const core::LinkHealth& link);
std::string battery_words(const Ui& ui, const core::Battery& battery);

// Titles of knowledge entries: the text that the entry names, or else "<kind>.<id>.<part>", or else the id in
// readable form.
std::string cause_title(const Ui& ui, const knowledge::Knowledge& knowledge, std::string_view cause);
std::string cause_summary(const Ui& ui, const knowledge::Knowledge& knowledge, std::string_view cause);
std::string plan_title(const Ui& ui, const recovery::Plan& plan);
std::string plan_summary(const Ui& ui, std::string_view plan);
std::string stage_title(const Ui& ui, const knowledge::Knowledge& knowledge, std::string_view stage);
std::string entry_words(const Ui& ui, const knowledge::Knowledge& knowledge, std::string_view document, std::string_view kind,
                        std::string_view id, std::string_view part);
const base::Json& device_entry(const knowledge::Knowledge& knowledge, std::string_view product_type);

// "about 4 minutes", "25 seconds"
std::string duration_words(const Ui& ui, std::chrono::duration<double> time);
std::string clock_words(std::chrono::duration<double> time);   // "3:05"
std::string speed_words(const Ui& ui, double bytes_per_second);
std::string date_words(std::chrono::system_clock::time_point time);   // "2026-11-25 04:20", local time
std::string percent_words(double part);

}  // namespace unbrick::gui
