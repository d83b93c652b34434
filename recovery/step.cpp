#include "recovery/step.h"

#include <fmt/core.h>

#include <algorithm>

namespace unbrick::recovery {

base::Status StepContext::before_act(std::string_view act, base::OrderedJson data) const {
    UB_TRY_VOID(base::check_cancelled(stop, act));
    if (journal == nullptr) return {};
    base::OrderedJson entry{{"run", run}, {"step", step->id}, {"phone", phone.to_string()}, {"act", act}};
    if (!data.empty()) entry["data"] = std::move(data);
    auto written = journal->append("act", std::move(entry));
    if (!written) return base::fail(std::move(written).error().with_context("nothing was done, because the journal could not be written"));
    return {};
}

void StepContext::progress(double fraction, std::string doing) const {
    if (on_progress) on_progress({fraction, std::move(doing), -1});
}

void StepContext::phone_said(std::string_view mode, std::string text) const {
    // Losing a line about what was seen must not end a plan: acts are guarded by before_act().
    if (journal != nullptr) (void)journal->append("phone", {{"run", run}, {"step", step->id}, {"mode", mode}, {"text", text}});
    if (on_phone) on_phone(std::string(mode), text);
}

base::Result<device::Phone> StepContext::phone_now() {
    if (watcher != nullptr)
        if (auto found = watcher->find(phone)) {
            phone = found->key;
            return *found;
        }
    return base::fail(base::ErrorCode::NoPhone, fmt::format("{} is not here", phone.to_string()));
}

base::Result<device::Phone> StepContext::wait_mode(std::initializer_list<device::Mode> modes) {
    const std::vector<device::Mode> wanted(modes);
    auto found = watcher->wait_for(
        phone, [&](const device::Phone& now) { return std::find(wanted.begin(), wanted.end(), now.mode) != wanted.end(); }, longest(), stop);
    if (found) phone = found->key;
    return found;
}

base::Deadline StepContext::longest() const { return clock->patience(step->longest); }

std::string StepContext::text_parameter(std::string_view name, std::string fallback) const {
    return base::json_string(step->parameters, name).value_or(std::move(fallback));
}

double StepContext::number_parameter(std::string_view name, double fallback) const {
    return base::json_double(step->parameters, name).value_or(fallback);
}

AskDesk::Open StepContext::ask(Ask what) {
    what.phone = phone.to_string();
    what.step = step->id;
    return desk->open(std::move(what));
}

const StepKind* StepRegistry::find(std::string_view kind) const {
    const auto found = kinds_.find(kind);
    return found == kinds_.end() ? nullptr : &found->second;
}

std::vector<std::string> StepRegistry::kinds() const {
    std::vector<std::string> names;
    for (const auto& [name, kind] : kinds_) names.push_back(name);
    return names;
}

}  // namespace unbrick::recovery
