#include "simulator/usb/faults.h"

#include <fmt/core.h>

#include <array>

namespace unbrick::simulator {

namespace {

using base::ErrorCode;
using base::Json;

std::string_view name_of(LinkFaults::Transfer transfer) {
    switch (transfer) {
        case LinkFaults::Transfer::ControlOut: return "control-out";
        case LinkFaults::Transfer::ControlIn: return "control-in";
        case LinkFaults::Transfer::BulkOut: return "bulk-out";
        case LinkFaults::Transfer::BulkIn: return "bulk-in";
    }
    return "";
}

bool matches(const std::string& wanted, LinkFaults::Transfer transfer) {
    const auto name = name_of(transfer);
    return wanted == "any" || wanted == name || (wanted == "control" && name.substr(0, 7) == "control");
}

std::optional<LinkFaults::Effect> effect_from(const std::string& text) {
    using Effect = LinkFaults::Effect;
    constexpr std::array<std::pair<std::string_view, Effect>, 7> kNames{{{"stall", Effect::Stall},
                                                                         {"short", Effect::Short},
                                                                         {"timeout", Effect::Timeout},
                                                                         {"disconnect", Effect::Disconnect},
                                                                         {"wrong", Effect::Wrong},
                                                                         {"delay", Effect::Delay},
                                                                         {"error", Effect::Error}}};
    for (const auto& [name, effect] : kNames)
        if (name == text) return effect;
    return std::nullopt;
}

class FaultyDevice : public UsbDevice {
public:
    FaultyDevice(std::shared_ptr<UsbDevice> device, std::shared_ptr<LinkFaults> faults, VirtualPhone& phone)
        : device_(std::move(device)), faults_(std::move(faults)), phone_(phone) {
        device_->set_data_ready([this] { data_ready(); });
    }
    ~FaultyDevice() override { device_->set_data_ready(nullptr); }

    const UsbDescriptors& descriptors() const override { return device_->descriptors(); }
    UsbReply control(const UsbSetup& setup, base::ByteView out) override {
        const auto kind = setup.in() ? LinkFaults::Transfer::ControlIn : LinkFaults::Transfer::ControlOut;
        return with_fault(kind, out, [&](base::ByteView data) { return device_->control(setup, data); });
    }
    UsbReply bulk_out(std::uint8_t endpoint, base::ByteView data) override {
        return with_fault(LinkFaults::Transfer::BulkOut, data,
                          [&](base::ByteView bytes) { return device_->bulk_out(endpoint, bytes); });
    }
    UsbReply bulk_in(std::uint8_t endpoint, std::size_t limit) override {
        // An IN transfer counts once it has data; waiting is no event.
        auto reply = device_->bulk_in(endpoint, limit);
        if (reply.pending) return reply;
        return with_fault(LinkFaults::Transfer::BulkIn, {}, [&](base::ByteView) { return std::move(reply); });
    }
    void configuration_set(int configuration) override { device_->configuration_set(configuration); }
    void alternate_set(int interface, int alternate) override { device_->alternate_set(interface, alternate); }
    void reset() override { device_->reset(); }

private:
    template <class Forward>
    UsbReply with_fault(LinkFaults::Transfer kind, base::ByteView sent, Forward forward) {
        const auto decision = faults_->decide(phone_.state(), kind, sent);
        if (decision.effect != LinkFaults::Effect::None && decision.effect != LinkFaults::Effect::Delay)
            phone_.record("link-fault", {{"transfer", name_of(kind)}, {"effect", static_cast<int>(decision.effect)}});
        switch (decision.effect) {
            case LinkFaults::Effect::Stall: return UsbReply::stall();
            case LinkFaults::Effect::Error: return UsbReply::failed(EPROTO);
            case LinkFaults::Effect::Timeout: return UsbReply::no_answer();
            case LinkFaults::Effect::Disconnect:
                lose_contact(decision.replug_after);
                return UsbReply::no_answer();  // ends when the bus notices that the device has gone
            default: break;
        }
        base::Bytes changed;
        if (decision.effect == LinkFaults::Effect::Wrong && !sent.empty()) {
            changed.assign(sent.begin(), sent.end());
            changed[changed.size() / 2] ^= 0x10;
            sent = changed;
        }
        if (decision.effect == LinkFaults::Effect::Short) sent = sent.first(sent.size() / 2);
        auto reply = forward(sent);
        if (decision.effect == LinkFaults::Effect::Wrong && !reply.data.empty()) reply.data[reply.data.size() / 2] ^= 0x10;
        if (decision.effect == LinkFaults::Effect::Short) reply.data.resize(reply.data.size() / 2);
        reply.delay += decision.delay;
        return reply;
    }

    void lose_contact(std::optional<double> replug_after) {
        auto& timeline = phone_.timeline();
        // On the timeline: here the bus holds the device's lock.
        timeline.post([this_phone = &phone_, replug_after] {
            this_phone->lose_cable("link fault");
            if (replug_after)
                this_phone->timeline().after(PhoneSeconds(*replug_after),
                                             [this_phone] { this_phone->plug(Cable::Data); }, this_phone);
        }, &phone_);
    }

    std::shared_ptr<UsbDevice> device_;
    std::shared_ptr<LinkFaults> faults_;
    VirtualPhone& phone_;
};

}  // namespace

base::Result<std::shared_ptr<LinkFaults>> LinkFaults::from_json(const Json& link) {
    auto faults = std::make_shared<LinkFaults>();
    if (link.is_null()) return faults;
    if (!link.is_object()) return base::fail(ErrorCode::InvalidInput, "link: should be an object");
    for (const auto& [key, value] : link.items()) {
        if (key == "rules") continue;
        if ((key != "latency" && key != "rate") || !value.is_number() || value.get<double>() < 0)
            return base::fail(ErrorCode::InvalidInput, fmt::format("link.{}: should be latency or rate, a number", key));
    }
    faults->latency_ = base::json_double(link, "latency").value_or(0);
    faults->rate_ = base::json_double(link, "rate").value_or(0);
    const auto& rules = base::json_at(link, "rules");
    if (rules.is_null()) return faults;
    if (!rules.is_array()) return base::fail(ErrorCode::InvalidInput, "link.rules: should be a list");
    for (std::size_t i = 0; i < rules.size(); ++i) {
        UB_TRY(auto rule, rule_from(rules[i], i));
        faults->rules_.push_back(std::move(rule));
    }
    return faults;
}

base::Result<LinkFaults::Rule> LinkFaults::rule_from(const Json& json, std::size_t index) {
    const auto wrong = [&](std::string_view what) {
        return base::fail(ErrorCode::InvalidInput, fmt::format("link.rules[{}].{}", index, what));
    };
    if (!json.is_object()) return wrong(": should be an object");
    Rule rule;
    bool has_effect = false;
    for (const auto& [key, value] : json.items()) {
        const bool number = value.is_number() && value.get<double>() >= 0;
        const bool count = value.is_number_integer() && number;
        if (key == "mode" && value.is_string() && (rule.mode = mode_from(value.get<std::string>()))) continue;
        if (key == "stage" && value.is_string() && (rule.stage = stage_from(value.get<std::string>()))) continue;
        if (key == "transfer" && value.is_string()) {
            rule.transfer = value.get<std::string>();
            if (rule.transfer == "any" || rule.transfer == "control" || rule.transfer == "control-out" ||
                rule.transfer == "control-in" || rule.transfer == "bulk-out" || rule.transfer == "bulk-in")
                continue;
        }
        if (key == "contains" && value.is_string()) { rule.contains = value.get<std::string>(); continue; }
        if (key == "nth" && count) { rule.nth = value.get<std::uint64_t>(); continue; }
        if (key == "every" && count && value.get<std::uint64_t>() > 0) { rule.every = value.get<std::uint64_t>(); continue; }
        if (key == "byte" && count) { rule.byte = value.get<std::uint64_t>(); continue; }
        if (key == "chance" && number) { rule.chance = value.get<double>(); continue; }
        if (key == "times" && count) { rule.times = value.get<std::uint64_t>(); continue; }
        if (key == "seconds" && number) { rule.seconds = value.get<double>(); continue; }
        if (key == "replug_after" && number) { rule.replug_after = value.get<double>(); continue; }
        if (key == "do" && value.is_string()) {
            if (const auto effect = effect_from(value.get<std::string>())) {
                rule.effect = *effect;
                has_effect = true;
                continue;
            }
        }
        return wrong(key + ": not a known member, or of the wrong kind");
    }
    if (!has_effect) return wrong("do: is missing");
    return rule;
}

bool LinkFaults::fires(Rule& rule, const PhoneState& state, Transfer transfer, base::ByteView sent) {
    if (rule.mode && *rule.mode != state.mode) return false;
    if (rule.stage && *rule.stage != state.stage) return false;
    if (!matches(rule.transfer, transfer)) return false;
    if (!rule.contains.empty() && !base::contains(base::as_text(sent), rule.contains)) return false;
    ++rule.seen;
    const auto before = rule.bytes;
    rule.bytes += sent.size();
    if (rule.times != 0 && rule.fired >= rule.times) return false;
    // Beginning with the nth, so that with `times` several in a row can be hit.
    if (rule.nth && rule.seen < *rule.nth) return false;
    if (rule.every && rule.seen % *rule.every != 0) return false;
    if (rule.byte && (before > *rule.byte || rule.bytes <= *rule.byte)) return false;
    if (rule.chance && std::uniform_real_distribution<double>(0, 1)(random_) >= *rule.chance) return false;
    ++rule.fired;
    return true;
}

LinkFaults::Decision LinkFaults::decide(const PhoneState& state, Transfer transfer, base::ByteView sent) {
    std::lock_guard lock(mutex_);
    Decision decision;
    decision.delay = latency_ + (rate_ > 0 ? static_cast<double>(sent.size()) / rate_ : 0);
    for (auto& rule : rules_) {
        // Every rule counts every transfer; the first that fires decides.
        if (!fires(rule, state, transfer, sent) || decision.effect != Effect::None) continue;
        decision.effect = rule.effect;
        decision.replug_after = rule.replug_after;
        if (rule.effect == Effect::Delay) decision.delay += rule.seconds;
    }
    return decision;
}

std::shared_ptr<UsbDevice> behind_link(std::shared_ptr<UsbDevice> device, std::shared_ptr<LinkFaults> faults,
                                       VirtualPhone& phone) {
    if (!faults) return device;
    return std::make_shared<FaultyDevice>(std::move(device), std::move(faults), phone);
}

}  // namespace unbrick::simulator
