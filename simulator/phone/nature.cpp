#include "simulator/phone/nature.h"

#include <fmt/core.h>

#include <optional>

#include "src/base/digest.h"
#include "src/base/text.h"

namespace unbrick::simulator {

namespace {

using base::Json;

// Takes members out of an object one by one, remembers the first mistake, and leaves what it did not
// know. Numbers may be written as "0x8015", as scenario authors read them.
class Reader {
public:
    explicit Reader(Json object) : object_(std::move(object)) {}

    template <class T>
    void number(const char* key, T& into) {
        take(key, [&](const Json& value) {
            if (value.is_number_integer() && (value.is_number_unsigned() || value.get<std::int64_t>() >= 0)) {
                into = static_cast<T>(value.get<std::uint64_t>());
                return true;
            }
            if (!value.is_string()) return false;
            const auto text = value.get<std::string>();
            const auto parsed = base::parse_hex(text);
            if (!parsed) return false;
            into = static_cast<T>(*parsed);
            return true;
        }, "a number that is not negative, or hex text");
    }
    void real(const char* key, double& into) {
        take(key, [&](const Json& value) {
            if (!value.is_number() || value.get<double>() < 0) return false;
            into = value.get<double>();
            return true;
        }, "a number that is not negative");
    }
    void text(const char* key, std::string& into) {
        take(key, [&](const Json& value) {
            if (!value.is_string()) return false;
            into = value.get<std::string>();
            return true;
        }, "a text");
    }
    void flag(const char* key, bool& into) {
        take(key, [&](const Json& value) {
            if (!value.is_boolean()) return false;
            into = value.get<bool>();
            return true;
        }, "true or false");
    }
    template <class T, class Convert>
    void choice(const char* key, T& into, Convert convert) {
        take(key, [&](const Json& value) {
            if (!value.is_string()) return false;
            const auto parsed = convert(value.get<std::string>());
            if (!parsed) return false;
            into = *parsed;
            return true;
        }, "one of the known words");
    }
    template <class Read>
    void object(const char* key, Read read) {
        take(key, [&](const Json& value) {
            if (!value.is_object()) return false;
            Reader inner(value);
            read(inner);
            if (inner.mistake_) mistake_ = fmt::format("{}.{}", key, *inner.mistake_);
            else if (!inner.object_.empty())
                mistake_ = fmt::format("{}.{}: not a known member", key, inner.object_.begin().key());
            return true;
        }, "an object");
    }
    template <class Check>
    void take(const char* key, Check check, const char* expected) {
        const auto found = object_.find(key);
        if (found == object_.end()) return;
        const Json value = *found;
        object_.erase(found);
        if (!check(value) && !mistake_) mistake_ = fmt::format("{}: should be {}", key, expected);
    }

    bool has(const char* key) const { return object_.contains(key); }
    const std::optional<std::string>& mistake() const { return mistake_; }
    void complain(std::string text) { if (!mistake_) mistake_ = std::move(text); }
    Json rest() && { return std::move(object_); }

private:
    Json object_;
    std::optional<std::string> mistake_;
};

std::optional<ButtonClass> button_class_from(const std::string& text) {
    if (text == "home") return ButtonClass::Home;
    if (text == "7") return ButtonClass::HomeCapacitive;
    if (text == "8plus") return ButtonClass::NoHome;
    return std::nullopt;
}

std::optional<UserData> user_data_from(const std::string& text) {
    if (text == "kept") return UserData::Kept;
    if (text == "gone") return UserData::Gone;
    return std::nullopt;
}

// Chip generations: restore-protocol.md 1.10.
bool is_a9_or_older(std::uint32_t cpid) {
    return cpid == 0x8960 || cpid == 0x7000 || cpid == 0x7001 || cpid == 0x8000 || cpid == 0x8001 || cpid == 0x8003;
}
bool is_a10_or_a11(std::uint32_t cpid) { return cpid == 0x8010 || cpid == 0x8011 || cpid == 0x8015; }
bool has_kis(std::uint32_t cpid) { return cpid == 0x8120 || (cpid >= 0x8130 && cpid < 0x8200); }

void defaults_by_chip(Nature& nature) {
    nature.kis = has_kis(nature.cpid);
    nature.ibss_is_dfu = is_a9_or_older(nature.cpid);
    nature.ap_nonce_size = is_a9_or_older(nature.cpid) ? 20 : 32;
    if (is_a9_or_older(nature.cpid) || nature.cpid == 0x8011) nature.buttons = ButtonClass::Home;
    else if (nature.cpid == 0x8010)
        nature.buttons = base::starts_with(nature.product_type, "iPhone9,") ? ButtonClass::HomeCapacitive
                                                                            : ButtonClass::Home;
    if (base::starts_with(nature.product_type, "iPad")) nature.normal_product = 0x12ab;
}

void read_identity(Reader& reader, Nature& nature) {
    reader.text("name", nature.name);
    reader.text("product_type", nature.product_type);
    reader.text("board", nature.board);
    reader.text("marketing_name", nature.marketing_name);
    reader.number("cpid", nature.cpid);
    reader.number("bdid", nature.bdid);
    defaults_by_chip(nature);
    reader.number("cprv", nature.cprv);
    reader.number("cpfm", nature.cpfm);
    reader.number("scep", nature.scep);
    reader.number("ibfl", nature.ibfl);
    reader.number("ecid", nature.ecid);
    reader.text("serial", nature.serial);
    reader.text("udid", nature.udid);
    reader.text("imei", nature.imei);
    reader.text("srtg", nature.srtg);
    reader.text("iboot_version", nature.iboot_version);
    reader.text("ios_version", nature.ios_version);
    reader.text("ios_build", nature.ios_build);
    reader.number("recovery_product", nature.recovery_product);
    reader.number("normal_product", nature.normal_product);
    reader.flag("kis", nature.kis);
    reader.flag("ibss_is_dfu", nature.ibss_is_dfu);
    reader.flag("nonce_changes_across_ibss", nature.nonce_changes_across_ibss);
    reader.number("ap_nonce_size", nature.ap_nonce_size);
    reader.choice("buttons", nature.buttons, button_class_from);
    reader.flag("passcode_set", nature.passcode_set);
    reader.text("user_data_digest", nature.user_data_digest);
    reader.text("system_digest", nature.system_digest);
    reader.number("image_limit", nature.image_limit);
    reader.number("dfu_limit", nature.dfu_limit);
    reader.object("latency", [&](Reader& inner) {
        auto& l = nature.latency;
        inner.real("enter_recovery_detach", l.enter_recovery_detach);
        inner.real("reboot_detach", l.reboot_detach);
        inner.real("go_detach", l.go_detach);
        inner.real("bootx_detach", l.bootx_detach);
        inner.real("iboot_attach", l.iboot_attach);
        inner.real("ibss_attach", l.ibss_attach);
        inner.real("ibec_attach", l.ibec_attach);
        inner.real("dfu_attach", l.dfu_attach);
        inner.real("restore_attach", l.restore_attach);
        inner.real("normal_attach", l.normal_attach);
        inner.real("services", l.services);
        inner.real("bounce", l.bounce);
    });
    reader.object("settle", [&](Reader& inner) {
        inner.real("before_go_in_ibss", nature.settle.before_go_in_ibss);
        inner.real("after_ramdisk", nature.settle.after_ramdisk);
    });
}

void read_condition(Reader& reader, Nature& nature) {
    reader.object("start", [&](Reader& inner) {
        inner.choice("mode", nature.start_mode, [](const std::string& text) { return mode_from(text); });
        inner.choice("stage", nature.start_stage, [](const std::string& text) { return stage_from(text); });
        inner.flag("off_bus", nature.start_off_bus);
    });
    reader.take("boot_variables", [&](const Json& value) {
        if (!value.is_object()) return false;
        for (const auto& [name, content] : value.items()) {
            if (content.is_null()) nature.boot_variables.erase(name);
            else if (content.is_string()) nature.boot_variables[name] = content.get<std::string>();
            else return false;
        }
        return true;
    }, "an object of texts (null: not set)");
    reader.choice("system", nature.system, [](const std::string& text) { return system_image_from(text); });
    reader.choice("user_data", nature.user_data, user_data_from);
    reader.object("boot", [&](Reader& inner) {
        inner.choice("outcome", nature.boot_outcome,
                     [](const std::string& text) { return boot_outcome_from(text); });
        inner.real("period", nature.restart_period);
        inner.take("cured_by", [&](const Json& value) {
            if (!value.is_array()) return false;
            for (const auto& item : value) {
                if (!item.is_string()) return false;
                nature.cured_by.insert(item.get<std::string>());
            }
            return true;
        }, "a list of texts");
    });
    reader.choice("cable", nature.cable, [](const std::string& text) { return cable_from(text); });
    reader.flag("charger", nature.charger);
    reader.real("battery", nature.battery);
    reader.real("battery_to_boot", nature.battery_to_boot);
    reader.real("charge_per_minute", nature.charge_per_minute);
    reader.real("drain_per_minute", nature.drain_per_minute);
    reader.flag("locked", nature.locked);
    reader.flag("usb_restricted", nature.usb_restricted);
}

}  // namespace

base::Result<Nature> Nature::from_json(const Json& phone) {
    if (!phone.is_object()) return base::fail(base::ErrorCode::InvalidInput, "phone: should be an object");
    Nature nature;
    Reader reader(phone);
    read_identity(reader, nature);
    read_condition(reader, nature);
    for (const auto* key : {"cpid", "bdid", "ecid", "product_type"})
        if (!phone.contains(key)) reader.complain(fmt::format("{}: is missing", key));
    if (nature.battery > 100) reader.complain("battery: should be at most 100");
    if (reader.mistake())
        return base::fail(base::ErrorCode::InvalidInput, fmt::format("phone.{}", *reader.mistake()));
    nature.extras = std::move(reader).rest();

    if (nature.udid.empty()) {
        // A11 and older: 40 hex digits; newer: chip, dash, ECID.
        if (is_a9_or_older(nature.cpid) || is_a10_or_a11(nature.cpid))
            nature.udid = base::to_hex(base::digest_of(
                base::DigestKind::Sha1,
                base::as_bytes(fmt::format("{}{:016X}{}", nature.serial, nature.ecid, nature.imei))));
        else nature.udid = fmt::format("{:08X}-{:016X}", nature.cpid, nature.ecid);
    }
    return nature;
}

}  // namespace unbrick::simulator
