#include "src/knowledge/devices.h"

#include <algorithm>

#include "src/base/text.h"

namespace unbrick::knowledge {

namespace {

std::string text_of(const base::Json& object, std::string_view key) { return base::json_string(object, key).value_or(""); }
int int_of(const base::Json& object, std::string_view key) { return static_cast<int>(base::json_int(object, key).value_or(0)); }

std::vector<std::string> strings_of(const base::Json& object, std::string_view key) {
    std::vector<std::string> out;
    for (const auto& item : base::json_at(object, key))
        if (item.is_string()) out.push_back(item.get<std::string>());
    return out;
}

std::vector<Board> boards_of(const base::Json& entry) {
    std::vector<Board> boards;
    for (const auto& item : base::json_at(entry, "boards")) {
        const auto cpid = base::parse_hex(text_of(item, "cpid"));
        const auto bdid = base::parse_hex(text_of(item, "bdid"));
        if (cpid && bdid) boards.push_back({text_of(item, "board"), static_cast<std::uint32_t>(*cpid), static_cast<std::uint32_t>(*bdid)});
    }
    return boards;
}

Model model_of(const base::Json& entry) {
    Model model;
    model.product_type = text_of(entry, "product_type");
    model.name = text_of(entry, "name");
    model.aliases = strings_of(entry, "aliases");
    model.family = text_of(entry, "family");
    model.soc = text_of(entry, "soc");
    model.boards = boards_of(entry);
    model.connector = text_of(entry, "connector");
    model.button_class = text_of(entry, "button_class");
    model.side_button = text_of(entry, "side_button");
    model.home_button = text_of(entry, "home_button");
    model.biometric = text_of(entry, "biometric");
    model.baseband = base::json_bool(entry, "baseband").value_or(false);
    model.first_ios = int_of(entry, "first_ios");
    model.last_ios = int_of(entry, "last_ios");
    model.supported = base::json_bool(entry, "supported").value_or(false);
    model.usb_mbit = int_of(entry, "usb_mbit");
    model.features = strings_of(entry, "features");
    model.sureness = text_of(entry, "sureness");
    return model;
}

ButtonStep step_of(const base::Json& entry) {
    ButtonStep step;
    step.buttons = strings_of(entry, "buttons");
    step.seconds = base::json_double(entry, "seconds").value_or(0);
    step.most = base::json_double(entry, "most").value_or(step.seconds);
    step.tap = base::json_bool(entry, "tap").value_or(false);
    step.until = text_of(entry, "until");
    step.text_key = text_of(entry, "text_key");
    return step;
}

}  // namespace

bool Model::has(std::string_view feature) const { return std::find(features.begin(), features.end(), feature) != features.end(); }

Devices Devices::read(const Knowledge& knowledge) {
    Devices devices;
    const auto& document = knowledge.document("devices");
    for (const auto& entry : base::json_at(document, "devices"))
        if (auto model = model_of(entry); !model.product_type.empty() && !model.name.empty()) devices.models_.push_back(std::move(model));
    for (const auto& button_class : base::json_at(document, "button_classes"))
        for (const auto& sequence : base::json_at(button_class, "sequences")) {
            Sequence one{text_of(button_class, "id"), text_of(sequence, "goal"), {}};
            for (const auto& step : base::json_at(sequence, "steps")) one.steps.push_back(step_of(step));
            devices.sequences_.push_back(std::move(one));
        }
    return devices;
}

const Model* Devices::by_product_type(std::string_view product_type) const {
    const auto found = std::find_if(models_.begin(), models_.end(), [&](const Model& model) { return model.product_type == product_type; });
    return found == models_.end() ? nullptr : &*found;
}

const Model* Devices::by_chip(std::uint32_t cpid, std::uint32_t bdid) const {
    for (const auto& model : models_)
        for (const auto& board : model.boards)
            if (board.cpid == cpid && board.bdid == bdid) return &model;
    return nullptr;
}

const Model* Devices::in_text(std::string_view text) const {
    const auto lower = base::to_lower(text);
    const Model* best = nullptr;
    std::size_t longest = 0;
    bool ambiguous = false;
    const auto is_word = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
    const auto holds = [&](const std::string& name) {
        for (auto at = lower.find(name); at != std::string::npos; at = lower.find(name, at + 1)) {
            const auto end = at + name.size();
            if ((at == 0 || !is_word(lower[at - 1])) && (end == lower.size() || !is_word(lower[end]))) return true;
        }
        return false;
    };
    for (const auto& model : models_) {
        // "iPhone 7 (Global)" is what people call "iPhone 7".
        const auto plain = std::string(base::trim(base::to_lower(model.name).substr(0, model.name.find(" ("))));
        std::vector<std::string> names{base::to_lower(model.name), plain, base::to_lower(model.product_type)};
        for (const auto& alias : model.aliases) names.push_back(base::to_lower(alias));
        for (const auto& name : names) {
            if (name.size() < longest || !holds(name)) continue;
            ambiguous = name.size() == longest && best != nullptr && (ambiguous || best->soc != model.soc);
            if (name.size() > longest) best = &model;
            longest = name.size();
        }
    }
    return ambiguous ? nullptr : best;
}

std::vector<ButtonStep> Devices::sequence(std::string_view button_class, std::string_view goal) const {
    for (const auto& sequence : sequences_)
        if (sequence.button_class == button_class && sequence.goal == goal) return sequence.steps;
    return {};
}

std::vector<std::string> Devices::button_classes() const {
    std::vector<std::string> classes;
    for (const auto& sequence : sequences_)
        if (std::find(classes.begin(), classes.end(), sequence.button_class) == classes.end()) classes.push_back(sequence.button_class);
    return classes;
}

std::string step_text(const ButtonStep& step, const Model* model, const Texts& texts) {
    const bool top = model != nullptr && model->side_button == "top";
    return texts.get(step.text_key, {{"side", texts.get(top ? "button.top" : "button.side")}});
}

base::Json step_json(const ButtonStep& step, const Model* model, const Texts& texts) {
    return {{"buttons", step.buttons}, {"seconds", step.seconds}, {"most", step.most}, {"tap", step.tap},
            {"until", step.until}, {"text", step_text(step, model, texts)}};
}

}  // namespace unbrick::knowledge
