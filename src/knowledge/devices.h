// The models that knowledge/devices.json knows, and how their buttons are pressed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "src/knowledge/knowledge.h"
#include "src/knowledge/texts.h"

namespace unbrick::knowledge {

// One part of a sequence: exactly these buttons are down. Buttons: "home", "side" (the power button
// wherever it sits), "volume-up", "volume-down".
struct ButtonStep {
    std::vector<std::string> buttons;
    double seconds = 0;      // phone time: how long to hold
    double most = 0;         // at the latest after this
    bool tap = false;        // press and let go
    std::string until;       // the reaction that ends it sooner: "logo", "recovery", "screen-black", "left-recovery", "dfu"; empty: time alone
    std::string text_key;
};

struct Board {
    std::string name;        // "n104ap"
    std::uint32_t cpid = 0;
    std::uint32_t bdid = 0;
};

struct Model {
    std::string product_type;   // "iPhone12,1"
    std::string name;           // "iPhone 11"
    std::vector<std::string> aliases;   // what people write instead: "iPhone SE 2020"
    std::string family;         // "iPhone", "iPad", "iPod"
    std::string soc;
    std::vector<Board> boards;
    std::string connector;      // "lightning", "usb-c"
    std::string button_class;   // "home", "volume-down", "volume"
    std::string side_button;    // where the power button sits: "side", "top"
    std::string home_button;    // "none", "press", "touch" (does nothing without power)
    std::string biometric;      // "none", "touch-id", "face-id"
    bool baseband = false;      // has a modem
    int first_ios = 0;
    int last_ios = 0;
    bool supported = false;     // the newest iOS still runs on it
    int usb_mbit = 0;           // 0: not known
    std::vector<std::string> features;   // "nearby-restore", "recovery-assistant" (from iOS 26 on), "kis-dfu"
    std::string sureness;       // "high", "medium", "low"

    bool has(std::string_view feature) const;
};

// Thread-safe after read(); lives on its own.
class Devices {
public:
    // Entries that are not what the schema asks for are left out.
    static Devices read(const Knowledge& knowledge);

    const std::vector<Model>& all() const { return models_; }
    const Model* by_product_type(std::string_view product_type) const;
    // CPID and BDID as a phone in recovery or DFU reports them.
    const Model* by_chip(std::uint32_t cpid, std::uint32_t bdid) const;
    // The model whose name is the longest one found in a sentence ("my iPhone 11 Pro, iOS 17"); ignores case.
    // None when the name alone fits models of different generations ("iPhone SE").
    const Model* in_text(std::string_view text) const;

    // goal: "force-restart", "recovery", "dfu", "dfu-from-recovery". Empty when class or goal is unknown.
    std::vector<ButtonStep> sequence(std::string_view button_class, std::string_view goal) const;
    std::vector<ButtonStep> sequence(const Model& model, std::string_view goal) const { return sequence(model.button_class, goal); }
    std::vector<std::string> button_classes() const;

private:
    struct Sequence {
        std::string button_class;
        std::string goal;
        std::vector<ButtonStep> steps;
    };
    std::vector<Model> models_;
    std::vector<Sequence> sequences_;
};

// The sentence of a step, with the power button named as on this model (nullptr: "side button").
std::string step_text(const ButtonStep& step, const Model* model, const Texts& texts);
// The same as data for a front end: {"buttons":[...],"seconds":..,"most":..,"tap":..,"until":..,"text":..}.
base::Json step_json(const ButtonStep& step, const Model* model, const Texts& texts);

}  // namespace unbrick::knowledge
