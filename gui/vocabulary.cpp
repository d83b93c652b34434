#include "gui/vocabulary.h"

#include <fmt/chrono.h>

#include <algorithm>
#include <cmath>
#include <ctime>

namespace unbrick::gui {

namespace {

std::string readable(std::string_view id) {
    std::string text(id);
    std::replace(text.begin(), text.end(), '_', ' ');
    std::replace(text.begin(), text.end(), '-', ' ');
    if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') text[0] = static_cast<char>(text[0] - 'a' + 'A');
    return text;
}

const base::Json* find_entry(const base::Json& document, std::string_view id) {
    const base::Json* list = &document;
    if (document.is_object())
        for (const auto& [name, value] : document.items())
            if (value.is_array() && !value.empty() && value[0].is_object() && value[0].contains("id")) {
                list = &value;
                break;
            }
    if (list->is_array())
        for (const auto& entry : *list)
            if (base::json_string(entry, "id") == std::string(id)) return &entry;
    return nullptr;
}

}  // namespace

Sign mode_sign(const Ui& ui, const core::PhoneSnapshot& phone) {
    using device::Hidden;
    using device::Mode;
    if (phone.hidden != Hidden::No && phone.mode != Mode::Absent) {
        const std::string reason = "gui.hidden." + std::string(device::to_string(phone.hidden));
        return {Tone::Care, icon::kLock, ui.tr(reason)};
    }
    const std::string mode = "gui.mode." + std::string(device::to_string(phone.mode));
    const std::string word = ui.tr(mode);
    switch (phone.mode) {
        case Mode::Normal: return {Tone::Good, icon::kCheck, word};
        case Mode::Recovery: return {Tone::Care, icon::kUsb, word};
        case Mode::Dfu:
        case Mode::Kis:
        case Mode::Wtf: return {Tone::Care, icon::kBolt, word};
        case Mode::PortDfu: return {Tone::Neutral, icon::kQuestion, word};
        case Mode::Restore: return {Tone::Accent, icon::kDownload, word};
        case Mode::Absent: return {Tone::Neutral, icon::kPlug, word};
        case Mode::Unknown: return {Tone::Neutral, icon::kQuestion, word};
    }
    return {Tone::Neutral, icon::kQuestion, word};
}

Sign risk_sign(const Ui& ui, recovery::Risk risk) {
    using recovery::Risk;
    switch (risk) {
        case Risk::ReadsOnly: return {Tone::Neutral, icon::kEye, ui.tr("gui.risk.reads_only")};
        case Risk::Reversible: return {Tone::Good, icon::kUndo, ui.tr("gui.risk.reversible")};
        case Risk::MeantToKeepData: return {Tone::Care, icon::kShield, ui.tr("gui.risk.meant_to_keep_data")};
        case Risk::ErasesData: return {Tone::Danger, icon::kTrash, ui.tr("gui.risk.erases_data")};
    }
    return {Tone::Danger, icon::kWarning, ui.tr("gui.risk.erases_data")};
}

recovery::Risk worst_risk(const recovery::Plan& plan) {
    auto worst = recovery::Risk::ReadsOnly;
    for (const auto& step : plan.steps) worst = std::max(worst, step.risk);
    return worst;
}

recovery::Risk risk_of(const diagnostics::Rung& rung) {
    if (rung.risk == "reads-only") return recovery::Risk::ReadsOnly;
    if (rung.risk == "reversible") return recovery::Risk::Reversible;
    if (rung.risk == "meant-to-keep-data") return recovery::Risk::MeantToKeepData;
    return recovery::Risk::ErasesData;   // what is not understood is shown as the worst
}

Sign link_sign(const Ui& ui, const core::LinkHealth& link) {
    if (link.score < 0) return {Tone::Neutral, icon::kUsb, ui.tr("gui.link.unmeasured")};
    if (link.score >= 0.9) return {Tone::Good, icon::kUsb, ui.tr("gui.link.good")};
    if (link.score >= 0.6) return {Tone::Care, icon::kUsb, ui.tr("gui.link.fair")};
    return {Tone::Danger, icon::kUsb, ui.tr("gui.link.poor")};
}

std::string battery_words(const Ui& ui, const core::Battery& battery) {
    if (!battery.percent) return ui.tr("gui.battery.unknown");
    const std::string percent = std::to_string(*battery.percent);
    if (battery.from_before) return ui.tr("gui.battery.before", {{"percent", percent}});
    if (battery.charging.value_or(false)) return ui.tr("gui.battery.charging", {{"percent", percent}});
    return ui.tr("gui.battery.now", {{"percent", percent}});
}

std::string entry_words(const Ui& ui, const knowledge::Knowledge& knowledge, std::string_view document, std::string_view kind,
                        std::string_view id, std::string_view part) {
    if (const auto* entry = find_entry(knowledge.document(document), id))
        for (const auto& name : {std::string(part) + "_key", std::string(part), std::string(part == "title" ? "name_key" : "text_key")})
            if (const auto key = base::json_string(*entry, name)) return ui.has(*key) ? ui.tr(*key) : *key;
    const std::string key = std::string(kind) + "." + std::string(id) + "." + std::string(part);
    if (ui.has(key)) return ui.tr(key);
    const std::string plain = std::string(kind) + "." + std::string(id);
    if (part == "title" && ui.has(plain)) return ui.tr(plain);
    return part == "title" ? readable(id) : std::string();
}

std::string cause_title(const Ui& ui, const knowledge::Knowledge& knowledge, std::string_view cause) {
    return entry_words(ui, knowledge, "causes", "cause", cause, "title");
}
std::string cause_summary(const Ui& ui, const knowledge::Knowledge& knowledge, std::string_view cause) {
    return entry_words(ui, knowledge, "causes", "cause", cause, "summary");
}
std::string stage_title(const Ui& ui, const knowledge::Knowledge& knowledge, std::string_view stage) {
    return entry_words(ui, knowledge, "stages", "stage", stage, "title");
}

std::string plan_title(const Ui& ui, const recovery::Plan& plan) {
    if (!plan.title_key.empty() && ui.has(plan.title_key)) return ui.tr(plan.title_key);
    const std::string key = "plan." + plan.id + ".title";
    return ui.has(key) ? ui.tr(key) : readable(plan.id);
}

std::string plan_summary(const Ui& ui, std::string_view plan) {
    const std::string key = "plan." + std::string(plan) + ".summary";
    return ui.has(key) ? ui.tr(key) : std::string();
}

const base::Json& device_entry(const knowledge::Knowledge& knowledge, std::string_view product_type) {
    static const base::Json none;
    for (const auto& entry : base::json_at(knowledge.document("devices"), "devices"))
        if (base::json_string(entry, "product_type") == std::string(product_type)) return entry;
    return none;
}

std::string duration_words(const Ui& ui, std::chrono::duration<double> time) {
    const double seconds = time.count();
    if (seconds < 90) return ui.tr("gui.time.seconds", {{"n", std::to_string(std::max(1L, std::lround(seconds)))}});
    if (seconds < 5400) return ui.tr("gui.time.minutes", {{"n", std::to_string(std::lround(seconds / 60))}});
    return ui.tr("gui.time.hours", {{"n", fmt::format("{:.1f}", seconds / 3600)}});
}

std::string clock_words(std::chrono::duration<double> time) {
    const auto seconds = std::max(0L, std::lround(time.count()));
    return fmt::format("{}:{:02}", seconds / 60, seconds % 60);
}

std::string speed_words(const Ui& ui, double bytes_per_second) {
    return ui.tr("gui.link.speed", {{"n", fmt::format("{:.1f}", bytes_per_second / 1e6)}});
}

std::string date_words(std::chrono::system_clock::time_point time) {
    const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
    std::tm local{};
    localtime_r(&seconds, &local);
    return fmt::format("{:%Y-%m-%d %H:%M}", local);
}

std::string percent_words(double part) { return fmt::format("{} %", std::lround(part * 100)); }

}  // namespace unbrick::gui
