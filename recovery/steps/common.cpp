#include "recovery/restore/restore_step.h"
#include "recovery/steps/steps.h"
#include "src/base/text.h"

namespace unbrick::recovery::steps {

std::string words(const StepContext& context, std::string_view key, std::initializer_list<std::pair<std::string_view, std::string>> values) {
    if (context.texts == nullptr || !context.texts->has(key)) return {};
    return context.texts->get(key, values);
}

bool has_phone(const StepContext& context) { return context.phone.ecid.has_value() || !context.phone.port.path.empty(); }

base::Result<device::Phone> wait_phone(StepContext& context, const std::function<bool(const device::Phone&)>& predicate,
                                       const base::Deadline& deadline, const std::stop_token& stop) {
    auto found = has_phone(context) ? context.watcher->wait_for(context.phone, predicate, deadline, stop)
                                    : context.watcher->wait_for_any(predicate, deadline, stop);
    if (found) context.phone = found->key;
    return found;
}

AskDesk::Open ask_for(StepContext& context, std::string_view act, std::string text) {
    Ask ask;
    ask.kind = AskKind::Act;
    ask.act = act;
    ask.text = std::move(text);
    ask.choices = {{"done", words(context, "answer.done")}, {"cannot", words(context, "answer.cannot")}};
    return context.ask(std::move(ask));
}

bool means_cannot(const StepContext& context, std::string_view answer) {
    const auto word = base::to_lower(base::trim(answer));
    return word == "cannot" || word == "no" || word == base::to_lower(words(context, "answer.cannot"));
}

}  // namespace unbrick::recovery::steps

namespace unbrick::recovery {

void register_gentle_steps(StepRegistry& registry) {
    const auto reads = [](const Step&) { return Risk::ReadsOnly; };
    const auto changes = [](const Step&) { return Risk::Reversible; };
    registry.add("read-boot-variables", {steps::read_boot_variables, reads});
    registry.add("set-boot-variable", {steps::set_boot_variable, changes});
    registry.add("save-boot-variables", {steps::save_boot_variables, changes});
    registry.add("restart", {steps::restart, changes});
    registry.add("wait-stable", {steps::wait_stable, reads});
    registry.add("enter-recovery", {steps::enter_recovery, changes});
    registry.add("wait-mode", {steps::wait_for_mode, reads});
    registry.add("reach-recovery", {steps::reach_recovery, changes});
    registry.add("reach-dfu", {steps::reach_dfu, changes});
    registry.add("guided-buttons", {steps::guided_buttons, changes});
    registry.add("tell", {steps::tell, reads});
    registry.add("ask-act", {steps::ask_act, reads});
    registry.add("ask-question", {steps::ask_question, reads});
    registry.add("trust", {steps::trust, changes});
    registry.add("unlock", {steps::unlock, reads});
    registry.add("activate", {steps::activate, changes});
    registry.add("measure-link", {steps::measure_link, reads});
    registry.add("compare-link", {steps::compare_link, reads});
    registry.add("fix-host", {steps::fix_host, reads});
    registry.add("check-network", {steps::check_network, reads});
    registry.add("wait-charge", {steps::wait_charge, reads});
    registry.add("collect-logs", {steps::collect_logs, reads});
    registry.add("prepare-firmware", {steps::prepare_firmware, reads});
    restore::register_restore_steps(registry);
}

}  // namespace unbrick::recovery
