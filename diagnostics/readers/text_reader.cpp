#include "diagnostics/readers/text_reader.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <map>
#include <unordered_map>

#include "diagnostics/readers/checkpoints.h"
#include "diagnostics/readers/device_facts.h"
#include "diagnostics/readers/error_numbers.h"
#include "diagnostics/readers/panic_reader.h"
#include "diagnostics/readers/vocabulary.h"
#include "diagnostics/text/normalise.h"
#include "src/base/file.h"
#include "src/base/text.h"

namespace unbrick::diagnostics {
namespace {

constexpr std::size_t kLongestLine = 64 << 10;
constexpr std::size_t kKeptText = 96 << 10;         // of the beginning, for panics and device facts
constexpr std::size_t kJoinedUpTo = 64 << 10;       // only short texts are read over their line breaks
constexpr std::uint32_t kTriesPerMarker = 400;      // matches after which a marker is only counted no further
constexpr std::size_t kErrorsKept = 64;
constexpr std::size_t kLineKept = 300;

std::string shortened(std::string_view line) { return base::to_valid_utf8(line.substr(0, kLineKept)); }

// How a line looks that a program printed: such lines are no prose, bare numbers in them mean nothing.
bool looks_like_prose(std::string_view line) {
    std::size_t letters = 0, odd = 0;
    for (const char c : line) {
        const auto byte = static_cast<unsigned char>(c);
        if ((byte >= 'a' && byte <= 'z') || byte >= 0x80 || c == ' ') ++letters;
        if (c == '=' || c == '{' || c == '[' || c == '<' || c == '/' || c == '_' || c == '@') ++odd;
    }
    return odd <= 1 + line.size() / 80 && letters * 2 > line.size() && !line.starts_with("ERROR:");
}

}  // namespace

class Reading {
public:
    explicit Reading(const knowledge::Knowledge& source)
        : knowledge(source), vocabulary(source), errors(source), steps(source) {}
    knowledge::Knowledge knowledge;
    Vocabulary vocabulary;
    ErrorTable errors;
    RestoreSteps steps;
};

struct Sighting {
    std::size_t line = 0, last_line = 0;
    std::uint32_t count = 0;
    std::string text;
};

struct TextReader::State {
    const Reading* reading;
    std::string source;
    Origin origin;
    std::string model;

    std::string pending, line, previous, kept;
    std::size_t number = 0, bytes = 0;
    bool binary = false, line_cut = false;
    std::vector<Sighting> sightings;
    std::vector<std::uint32_t> order;               // marker indexes as they were first seen
    std::vector<std::uint32_t> tried_at;            // the line on which a marker was tried last
    struct Error { ErrorNumber number; std::size_t line; std::string text; std::uint32_t count; };
    std::vector<Error> errors;
    struct Step { std::uint32_t id; std::size_t line; std::string text; std::int64_t result; std::string name; };
    std::vector<Step> failed_checkpoints;
    std::optional<Step> last_checkpoint, last_operation;
    std::map<int, Sighting> operations;
    bool storage_written = false;

    State(const Reading& r, std::string s, Origin o, std::string m)
        : reading(&r), source(std::move(s)), origin(o), model(std::move(m)),
          sightings(r.vocabulary.markers().size()), tried_at(r.vocabulary.markers().size(), 0) {}

    bool known_log() const {
        const auto& markers = reading->vocabulary.markers();
        return std::any_of(order.begin(), order.end(), [&](std::uint32_t index) { return markers[index].key == "log.kind" && markers[index].id != "people"; });
    }

    bool try_marker(std::uint32_t index, std::string_view text, std::size_t at_line, bool joined) {
        const auto& marker = reading->vocabulary.markers()[index];
        auto& seen = sightings[index];
        if (seen.count >= kTriesPerMarker || (marker.key == "log.kind" && seen.count > 0)) return false;
        if (joined && (!marker.joined || seen.count > 0)) return false;
        if (std::none_of(marker.match.begin(), marker.match.end(), [&](const Pattern& p) { return p.matches(text); })) return false;
        if (std::any_of(marker.unless.begin(), marker.unless.end(), [&](const Pattern& p) { return p.matches(text); })) return false;
        if (seen.count++ == 0) {
            seen.line = at_line;
            seen.text = shortened(text);
            order.push_back(index);
        }
        seen.last_line = at_line;
        return true;
    }

    // Long logs repeat themselves with other numbers. A line whose letters were seen often is looked at only
    // now and then: what it says is known, and a 200 MB log has to be read in seconds.
    struct Shape { std::uint64_t hash = 0; std::uint32_t count = 0; };
    std::vector<Shape> shapes = std::vector<Shape>(1024);
    static constexpr std::uint32_t kSeenOften = 64;

    bool seen_often(std::string_view raw) {
        std::uint64_t hash = 1469598103934665603ULL;
        for (const char c : raw)
            if (c < '0' || c > '9') hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
        auto& shape = shapes[(hash >> 20) % shapes.size()];
        if (shape.hash != hash) {
            shape = {hash, 1};
            return false;
        }
        return ++shape.count > kSeenOften && shape.count % kSeenOften != 0;
    }

    void take_line(std::string_view raw) {
        ++number;
        if (bytes > kJoinedUpTo && seen_often(raw)) return;
        if (is_plain(raw)) line.assign(raw);
        else normalise_line(raw, line);
        if (line.empty()) return;
        // A panic report holds its text as one JSON string: its lines are lines for us.
        if (line.find("\\n") != std::string::npos && line.find("panicString") != std::string::npos) {
            line = base::replace_all(base::replace_all(base::replace_all(line, "\\n", "\n"), "\\/", "/"), "\\\"", "\"");
            const auto whole = line;
            for (const auto part : base::split_lines(whole)) {
                line.assign(part);
                take_clean_line();
            }
            return;
        }
        take_clean_line();
    }

    void take_clean_line() {
        if (kept.size() < kKeptText) {
            kept.append(line, 0, std::min(line.size(), kKeptText - kept.size()));
            kept += '\n';
        }
        const auto stamp = static_cast<std::uint32_t>(number);
        bool any = false;
        reading->vocabulary.candidates(line, [&](std::uint32_t index) {
            if (tried_at[index] == stamp && line.size() == tried_length) return;
            tried_at[index] = stamp;
            any |= try_marker(index, line, number, false);
        });
        tried_length = line.size();
        if (!read_steps()) read_errors();
        if (bytes < kJoinedUpTo && !previous.empty() && previous.size() + line.size() < 4096) {
            // Words of people and of screenshots run over line ends.
            auto joined = previous + ' ' + line;
            const auto line_before = number > 0 ? number - 1 : 0;
            reading->vocabulary.candidates(joined, [&](std::uint32_t index) { try_marker(index, joined, std::max<std::size_t>(line_before, 1), true); });
        }
        if (bytes < kJoinedUpTo) previous = line;
    }
    std::size_t tried_length = 0;

    // Whether the line is a step of the restore; its number in brackets is no error then.
    bool read_steps() {
        const bool maybe_checkpoint = line.find("heckpoint") != std::string::npos || line.find("CHECKPOINT") != std::string::npos;
        if (maybe_checkpoint) {
            if (const auto found = parse_checkpoint(line)) {
                const auto* step = reading->steps.checkpoint(found->id);
                const auto name = found->name.empty() && step != nullptr ? step->name : found->name;
                Step here{found->id, number, shortened(line), found->result, name};
                if (step != nullptr && step->storage_written) storage_written = true;
                if (found->state == CheckpointLine::State::Failed) {
                    if (failed_checkpoints.size() < 16) failed_checkpoints.push_back(here);
                }
                last_checkpoint = std::move(here);
                return false;
            }
        }
        const bool maybe_operation = !line.empty() && (line.back() == ')' || line.find("peration") != std::string::npos);
        if (!maybe_operation || line.size() > 400 || line.find("rror") != std::string::npos) return false;
        const auto found = parse_operation(line);
        if (!found) return false;
        const auto* step = reading->steps.operation(*found);
        if (step == nullptr) return false;
        if (step->storage_written || *found == 11 || *found == 12 || *found == 13) storage_written = true;
        auto& seen = operations[*found];
        if (seen.count++ == 0) { seen.line = number; seen.text = shortened(line); }
        seen.last_line = number;
        last_operation = Step{static_cast<std::uint32_t>(*found), number, shortened(line), 0, step->name};
        return true;
    }

    void read_errors() {
        if (errors.size() >= kErrorsKept || line.size() > 2000) return;
        const bool prose = looks_like_prose(line);
        for (auto& found : find_error_numbers(line, reading->errors, prose)) {
            const auto same = std::find_if(errors.begin(), errors.end(), [&](const Error& e) { return e.number.code == found.code && e.number.domain == found.domain; });
            if (same != errors.end()) { ++same->count; continue; }
            if (errors.size() < kErrorsKept) errors.push_back({found, number, shortened(line), 1});
        }
    }

    void feed(std::string_view piece) {
        if (bytes == 0) binary = looks_binary(piece);
        bytes += piece.size();
        if (binary) return;
        while (!piece.empty()) {
            const auto end = piece.find('\n');
            auto part = piece.substr(0, end);
            // Progress bars rewrite their line with CR: what stands last is what was seen.
            if (pending.empty() && end != std::string_view::npos) {
                take_pieces(part);
            } else {
                if (pending.size() < kLongestLine) pending.append(part.substr(0, kLongestLine - pending.size()));
                if (end != std::string_view::npos) {
                    const auto whole = std::move(pending);
                    pending.clear();
                    take_pieces(whole);
                }
            }
            if (end == std::string_view::npos) return;
            piece.remove_prefix(end + 1);
        }
    }

    void take_pieces(std::string_view whole) {
        if (whole.size() > kLongestLine) whole = whole.substr(0, kLongestLine);
        while (!whole.empty() && whole.back() == '\r') whole.remove_suffix(1);
        std::size_t at = whole.find('\r');
        while (at != std::string_view::npos) {
            if (at > 0) take_line(whole.substr(0, at));
            whole.remove_prefix(at + 1);
            at = whole.find('\r');
        }
        take_line(whole);
    }

    EvidenceSet finish() {
        if (!pending.empty()) {
            const auto whole = std::move(pending);
            pending.clear();
            take_pieces(whole);
        }
        EvidenceSet set;
        const auto add = [&](std::string key, base::Json value, std::size_t at, std::string text) {
            return set.add({std::move(key), std::move(value), {origin, source, at, std::move(text)}, std::nullopt});
        };
        if (binary) add("log.binary", true, 0, "");
        else if (number == 0 || kept.find_first_not_of(" \n") == std::string::npos) add("log.empty", true, 0, "");
        add_stages(set);
        const auto& markers = reading->vocabulary.markers();
        for (const auto index : order) {
            const auto& marker = markers[index];
            const auto& seen = sightings[index];
            add(marker.key, marker.id, seen.line, seen.text);
            if (seen.count > 1 && marker.key != "log.kind")
                add("log.repeated", base::Json{{"marker", marker.id}, {"count", seen.count}, {"last_line", seen.last_line}}, seen.last_line, "");
        }
        for (const auto& error : errors) {
            base::Json value{{"domain", error.number.domain}, {"code", error.number.code}, {"certain", error.number.certain}};
            if (error.count > 1) value["count"] = error.count;
            add("error", std::move(value), error.line, error.text);
        }
        add_device(set);
        add_panic(set);
        return set;
    }

    void add_stages(EvidenceSet& set) {
        const auto add = [&](std::string key, base::Json value, std::size_t at, std::string text) {
            set.add({std::move(key), std::move(value), {origin, source, at, std::move(text)}, std::nullopt});
        };
        const auto hex = [](std::uint32_t id) {
            char text[16];
            std::snprintf(text, sizeof text, "0x%04X", id);
            return std::string(text);
        };
        if (storage_written) add("restore.storage_written", true, 0, "");
        for (const auto& failed : failed_checkpoints)
            add("checkpoint.failed", base::Json{{"id", hex(failed.id)}, {"name", failed.name}, {"result", failed.result}}, failed.line, failed.text);
        if (last_checkpoint) add("checkpoint.last", base::Json{{"id", hex(last_checkpoint->id)}, {"name", last_checkpoint->name}}, last_checkpoint->line, last_checkpoint->text);
        for (const auto& [op, seen] : operations)
            add("operation.seen", base::Json{{"number", op}, {"count", seen.count}}, seen.last_line, seen.text);
        if (last_operation) add("operation.last", last_operation->id, last_operation->line, last_operation->text);
        // Where the log stopped: the last stage begun, and each stage that a line says has failed.
        std::size_t last_line = 0;
        std::string last_stage;
        const auto begun = [&](const std::string& stage, std::size_t at) {
            if (!stage.empty() && at >= last_line) { last_line = at; last_stage = stage; }
        };
        const auto& markers = reading->vocabulary.markers();
        for (const auto index : order) {
            const auto& marker = markers[index];
            if (marker.mark == StageMark::Begun) begun(marker.stage, sightings[index].last_line);
            if (marker.mark == StageMark::Failed)
                add("stage.failed", base::Json{{"stage", marker.stage}, {"strength", marker.strength}, {"marker", marker.id}}, sightings[index].line, sightings[index].text);
            if (marker.mark == StageMark::Done) add("stage.done", marker.stage, sightings[index].line, sightings[index].text);
        }
        if (last_operation)
            if (const auto* step = reading->steps.operation(static_cast<int>(last_operation->id))) begun(step->stage, last_operation->line);
        if (last_checkpoint)
            if (const auto* step = reading->steps.checkpoint(last_checkpoint->id)) begun(step->stage, last_checkpoint->line);
        if (!last_stage.empty()) add("stage.begun", last_stage, last_line, "");
        for (const auto& failed : failed_checkpoints)
            if (const auto* step = reading->steps.checkpoint(failed.id); step != nullptr && !step->stage.empty())
                add("stage.failed", base::Json{{"stage", step->stage}, {"strength", step->stage == "restored_operation" ? 2.5 : 4.0}, {"marker", "checkpoint"}}, failed.line, failed.text);
    }

    void add_device(EvidenceSet& set) {
        const auto facts = find_device_facts(kept, reading->knowledge);
        const auto add = [&](std::string key, base::Json value) {
            set.add({std::move(key), std::move(value), {origin, source, 0, ""}, std::nullopt});
        };
        if (!facts.models.empty()) {
            add("phone.model", facts.models.front());
            add("phone.models", facts.models);
            if (model.empty()) model = facts.models.front();
        }
        if (!facts.name.empty()) add("phone.name", facts.name);
        if (!facts.versions.empty()) add(origin == Origin::Log ? "log.versions" : "about.versions", facts.versions);
        if (!facts.date.empty()) add("known.date", facts.date);
    }

    void add_panic(EvidenceSet& set) {
        const auto lower = base::to_lower(kept);
        if (!base::contains(lower, "panic") && !base::contains(lower, "watchdog timeout") && !base::contains(lower, "sensor array")) return;
        const bool is_panic = !panic_text(kept).empty();
        if (!is_panic && !(base::contains(lower, "panic") && kept.size() < 8192)) return;
        const auto findings = read_panic(kept, model, reading->knowledge);
        const auto add = [&](std::string key, base::Json value) {
            set.add({std::move(key), std::move(value), {origin, source, 0, ""}, std::nullopt});
        };
        if (is_panic) add("log.kind", "panic");
        for (const auto& id : findings.signatures) add("panic.signature", id);
        if (!is_panic) return;
        for (const auto& sensor : findings.missing_sensors) add("panic.missing_sensor", sensor);
        for (const auto value : findings.sensor_array) add("panic.sensor_value", value);
        for (const auto& key : findings.stuck_keys) add("panic.stuck_key", key);
        for (const auto& key : findings.healthy_keys) add("panic.healthy_key", key);
        if (!findings.service.empty()) add("panic.service", findings.service);
        if (findings.cut_off) add("panic.cut_off", true);
    }
};

TextReader::TextReader(const Reading& reading, std::string source, Origin origin, std::string model)
    : state_(std::make_unique<State>(reading, std::move(source), origin, std::move(model))) {}
TextReader::~TextReader() = default;
TextReader::TextReader(TextReader&&) noexcept = default;
void TextReader::feed(std::string_view bytes) { state_->feed(bytes); }

EvidenceSet TextReader::evidence() const {
    // The copy takes the unfinished line; the reader itself goes on.
    State copy(*state_);
    return copy.finish();
}

std::shared_ptr<const Reading> prepare_reading(const knowledge::Knowledge& knowledge) {
    // A vocabulary compiles its expressions when they are needed and is not for several threads at once.
    thread_local std::string folder;
    thread_local std::shared_ptr<const Reading> cached;
    if (!cached || folder != knowledge.folder().string()) {
        folder = knowledge.folder().string();
        cached = std::make_shared<const Reading>(knowledge);
    }
    return cached;
}

EvidenceSet read_text(const knowledge::Knowledge& knowledge, std::string_view text, std::string source, Origin origin, std::string model) {
    const auto reading = prepare_reading(knowledge);
    TextReader reader(*reading, std::move(source), origin, std::move(model));
    reader.feed(text);
    return reader.evidence();
}

base::Result<EvidenceSet> read_text_file(const knowledge::Knowledge& knowledge, const std::filesystem::path& path, std::string model) {
    const auto reading = prepare_reading(knowledge);
    base::Fd file;
    int fd = STDIN_FILENO;
    if (path != "-") {
        file.reset(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
        if (!file) return base::fail(base::system_error("cannot open " + path.string()));
        fd = file.get();
    }
    TextReader reader(*reading, path == "-" ? "standard input" : path.filename().string(), Origin::Log, std::move(model));
    std::string buffer(128 << 10, '\0');
    while (true) {
        const auto got = ::read(fd, buffer.data(), buffer.size());
        if (got < 0) {
            if (errno == EINTR) continue;
            return base::fail(base::system_error("cannot read " + path.string()));
        }
        if (got == 0) break;
        reader.feed(std::string_view(buffer).substr(0, static_cast<std::size_t>(got)));
    }
    return reader.evidence();
}

EvidenceSet read_about(const knowledge::Knowledge& knowledge, std::string_view text) {
    return read_text(knowledge, text, "about", Origin::Person);
}

base::Result<EvidenceSet> read_error_code(const knowledge::Knowledge& knowledge, std::string_view text) {
    const auto reading = prepare_reading(knowledge);
    const auto found = parse_error_number(text, reading->errors);
    if (!found) return base::fail(base::ErrorCode::Usage, "not an error number: " + std::string(text));
    EvidenceSet set;
    set.add({"error", base::Json{{"domain", found->domain}, {"code", found->code}, {"certain", true}}, {Origin::Person, "--error", 0, base::to_valid_utf8(text)}, std::nullopt});
    return set;
}

base::Result<EvidenceSet> read_symptom(const knowledge::Knowledge& knowledge, std::string_view id) {
    EvidenceSet set;
    const auto reading = prepare_reading(knowledge);
    bool known = false;
    if (const auto* marker = reading->vocabulary.find(id); marker != nullptr && marker->key != "log.kind") {
        set.add({marker->key, marker->id, {Origin::Person, "--symptom", 0, ""}, std::nullopt});
        known = true;
    }
    const auto& symptoms = base::json_at(knowledge.document("symptoms"), "symptoms");
    if (symptoms.is_array())
        for (const auto& entry : symptoms)
            if (base::json_string(entry, "id") == id) {
                set.add({"symptom.known", std::string(id), {Origin::Person, "--symptom", 0, ""}, std::nullopt});
                known = true;
            }
    if (!known) return base::fail(base::ErrorCode::Usage, "no such symptom: " + std::string(id));
    return set;
}

}  // namespace unbrick::diagnostics
