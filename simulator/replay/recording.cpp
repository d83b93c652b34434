#include "simulator/replay/recording.h"

#include <fmt/core.h>

#include <map>

#include "src/base/file.h"

namespace unbrick::simulator::replay {

using base::ErrorCode;
using base::fail;
using base::Json;

namespace {

constexpr std::int64_t kVersion = 1;
constexpr std::size_t kLargestFile = 64u << 20;

// Lines of one phone carry its ECID, its UDID, its USB serial string or its port: sightings tie them together.
class Names {
public:
    std::string root(const std::string& name) {
        auto found = parent_.find(name);
        if (found == parent_.end()) return name;
        const std::string top = root(found->second);
        parent_[name] = top;
        return top;
    }
    void tie(const std::string& one, const std::string& other) {
        const std::string top = root(one), under = root(other);
        if (top != under) parent_[under] = top;
    }

private:
    std::map<std::string, std::string> parent_;
};

std::uint64_t number(const Json& entry, std::string_view key) {
    const auto value = base::json_int(entry, key);
    return value && *value > 0 ? static_cast<std::uint64_t>(*value) : 0;
}

base::Bytes payload(const Json& entry) {
    const auto hex = base::json_string(base::json_at(entry, "data"), "hex");
    return hex ? base::from_hex(*hex).value_or(base::Bytes{}) : base::Bytes{};
}

class Reader {
public:
    void take(const Json& entry) {
        const auto type = base::json_string(entry, "type").value_or("");
        const auto named = base::json_string(entry, "phone");
        if (!named) return;
        const double when = base::json_double(entry, "t").value_or(0);
        if (type == "sighting") return sighting(entry, *named, when);
        const auto found = lives_.find(names_.root(*named));
        if (found == lives_.end() || found->second.empty()) return;
        Life& life = found->second.back();
        if (life.ended != 0) return;
        if (type == "control") control(entry, life);
        else if (type == "message") message(entry, life);
        else if (type == "event") event(entry, life);
    }
    void tie(const Json& entry) {
        if (base::json_string(entry, "type") != "sighting") return;
        const auto phone = base::json_string(entry, "phone").value_or("");
        for (const char* other : {"serial", "udid"}) {
            const auto name = base::json_string(entry, other).value_or("");
            if (!name.empty()) names_.tie(phone, name);
        }
    }
    Recording finish() {
        Recording recording;
        for (const auto& name : order_) recording.phones.push_back({name, std::move(lives_[name])});
        std::erase_if(recording.phones, [](const Phone& phone) { return phone.lives.empty(); });
        return recording;
    }

private:
    void sighting(const Json& entry, const std::string& named, double when) {
        const std::string name = names_.root(named);
        if (!lives_.contains(name)) order_.push_back(name);
        auto& lives = lives_[name];
        const auto mode = base::json_string(entry, "mode").value_or("");
        const auto product = static_cast<std::uint16_t>(number(entry, "product"));
        const bool alive = !lives.empty() && lives.back().ended == 0;
        if (mode == "absent") {
            if (alive) lives.back().ended = std::max(when, lives.back().begun + 0.001);
            return;
        }
        // Another product id, or another kind of mode, is another life even when the leaving was not seen.
        const bool same = alive && (product == 0 || lives.back().product == 0 || lives.back().product == product);
        if (!same) {
            if (alive) lives.back().ended = when;
            Life life;
            life.begun = when;
            lives.push_back(std::move(life));
        }
        Life& life = lives.back();
        if (mode != "unknown" || life.mode.empty()) life.mode = mode == "unknown" ? "normal" : mode;
        if (product != 0) life.product = product;
        if (const auto serial = base::json_string(entry, "serial"); serial && !serial->empty()) life.serial = *serial;
        if (const auto udid = base::json_string(entry, "udid"); udid && !udid->empty()) life.udid = *udid;
    }
    static void control(const Json& entry, Life& life) {
        Control one;
        one.type = static_cast<std::uint8_t>(number(entry, "rt"));
        one.request = static_cast<std::uint8_t>(number(entry, "rq"));
        one.value = static_cast<std::uint16_t>(number(entry, "v"));
        one.index = static_cast<std::uint16_t>(number(entry, "i"));
        one.result = static_cast<int>(base::json_int(entry, "r").value_or(0));
        one.milliseconds = base::json_double(entry, "ms").value_or(0);
        one.data = payload(entry);
        if (one.type == 0x40) life.leaving_control = one.data;
        life.controls.push_back(std::move(one));
    }
    static void message(const Json& entry, Life& life) {
        Message one{base::json_string(entry, "service").value_or(""), number(entry, "c"), base::json_string(entry, "dir") == "out",
                    base::json_at(entry, "plist")};
        if (one.sent) {
            const auto request = base::json_string(one.plist, "Request").value_or("");
            if (request == "EnterRecovery" || request == "Restart" || request == "Reboot") life.leaving_message = request;
        }
        life.messages.push_back(std::move(one));
    }
    static void event(const Json& entry, Life& life) {
        const auto what = base::json_string(entry, "what").value_or("");
        if (what == "reset") life.leaving_reset = true;
        if (what == "connect") life.services.emplace_back(base::json_string(entry, "service").value_or(""), static_cast<std::uint16_t>(number(entry, "port")));
    }

    Names names_;
    std::vector<std::string> order_;
    std::map<std::string, std::vector<Life>> lives_;
};

}  // namespace

base::Result<Recording> read_recording(const std::filesystem::path& file) {
    UB_TRY(const std::string text, base::read_text_file(file, kLargestFile));
    std::vector<Json> entries;
    for (const auto line : base::split_lines(text)) {
        if (base::trim(line).empty()) continue;
        auto entry = base::parse_json(line, file.string());
        if (!entry) {
            if (entries.empty()) return fail(std::move(entry).error());
            break;   // the program ended in the middle of a line
        }
        entries.push_back(std::move(*entry));
    }
    if (entries.empty() || base::json_string(entries.front(), "format") != "unbrick-recording")
        return fail(ErrorCode::InvalidInput, file.string() + " is no flight recording");
    if (base::json_int(entries.front(), "version") != kVersion)
        return fail(ErrorCode::InvalidInput, file.string() + " was recorded by another version of unbrick");
    Reader reader;
    for (const auto& entry : entries) reader.tie(entry);
    for (const auto& entry : entries) reader.take(entry);
    Recording recording = reader.finish();
    if (recording.phones.empty()) return fail(ErrorCode::InvalidInput, file.string() + " has no phone in it");
    return recording;
}

base::Plist to_plist(const Json& value) {
    if (value.is_object()) {
        if (const auto data = base::json_string(value, "$data")) return base::Plist::data(base::from_base64(*data).value_or(base::Bytes{}));
        auto dict = base::Plist::dict();
        for (const auto& [key, member] : value.items())
            if (auto converted = to_plist(member)) dict.set(key, std::move(converted));
        return dict;
    }
    if (value.is_array()) {
        auto array = base::Plist::array();
        for (const auto& item : value)
            if (auto converted = to_plist(item)) array.append(std::move(converted));
        return array;
    }
    if (value.is_string()) return base::Plist::string(value.get<std::string>());
    if (value.is_boolean()) return base::Plist::boolean(value.get<bool>());
    if (value.is_number_unsigned()) return base::Plist::integer(value.get<std::uint64_t>());
    if (value.is_number_integer()) return base::Plist::integer(static_cast<std::uint64_t>(value.get<std::int64_t>()));
    if (value.is_number_float()) return base::Plist::real(value.get<double>());
    return {};
}

std::string request_key(const Json& request) {
    if (!request.is_object()) return base::dump_json(request);
    Json bare = request;
    for (const char* key : {"Label", "HostID", "SystemBUID", "SessionID", "ProtocolVersion", "PairRecord"}) bare.erase(key);
    return base::dump_json(bare);
}

}  // namespace unbrick::simulator::replay
