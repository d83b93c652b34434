// The gentle steps, and what they share.
#pragma once

#include "recovery/step.h"

namespace unbrick::recovery::steps {

// recovery mode
base::Result<StepEnd> read_boot_variables(StepContext& context);
base::Result<StepEnd> set_boot_variable(StepContext& context);
base::Result<StepEnd> save_boot_variables(StepContext& context);
base::Result<StepEnd> restart(StepContext& context);
base::Result<StepEnd> wait_stable(StepContext& context);
// modes
base::Result<StepEnd> enter_recovery(StepContext& context);
base::Result<StepEnd> wait_for_mode(StepContext& context);
base::Result<StepEnd> reach_recovery(StepContext& context);
base::Result<StepEnd> reach_dfu(StepContext& context);
base::Result<StepEnd> guided_buttons(StepContext& context);
// a person
base::Result<StepEnd> tell(StepContext& context);
base::Result<StepEnd> ask_act(StepContext& context);
base::Result<StepEnd> ask_question(StepContext& context);
base::Result<StepEnd> trust(StepContext& context);
base::Result<StepEnd> unlock(StepContext& context);
base::Result<StepEnd> activate(StepContext& context);
// surroundings
base::Result<StepEnd> measure_link(StepContext& context);
base::Result<StepEnd> compare_link(StepContext& context);
base::Result<StepEnd> fix_host(StepContext& context);
base::Result<StepEnd> check_network(StepContext& context);
base::Result<StepEnd> wait_charge(StepContext& context);
base::Result<StepEnd> collect_logs(StepContext& context);
base::Result<StepEnd> prepare_firmware(StepContext& context);

// "text" of the catalogue, or nothing when it has none (so that a caller can fall back).
std::string words(const StepContext& context, std::string_view key,
                  std::initializer_list<std::pair<std::string_view, std::string>> values = {});
// Waits for a phone that fulfils the predicate: this one, or any when it is not known which ("no phone appears").
base::Result<device::Phone> wait_phone(StepContext& context, const std::function<bool(const device::Phone&)>& predicate,
                                       const base::Deadline& deadline, const std::stop_token& stop);
// The usual ask for an act: "done" or "cannot" can be answered.
AskDesk::Open ask_for(StepContext& context, std::string_view act, std::string text);
bool means_cannot(const StepContext& context, std::string_view answer);
// Presses the buttons of a sequence with the person until one of the modes is there ("restart": until it leaves
// or comes back). An empty string is success, else the outcome.
base::Result<std::string> guide_buttons(StepContext& context, std::string_view goal, const std::vector<std::string>& expected);
bool has_phone(const StepContext& context);

}  // namespace unbrick::recovery::steps
