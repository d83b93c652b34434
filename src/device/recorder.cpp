#include "src/device/recorder.h"

#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <mutex>

#include "src/base/cancel.h"
#include "src/base/digest.h"
#include "src/base/file.h"
#include "src/base/log.h"

namespace unbrick::device {

namespace {

constexpr int kFormatVersion = 1;
constexpr std::size_t kFlushAt = 16 * 1024;
std::mutex installed_mutex;
std::shared_ptr<Recorder>& installed_recorder() {
    static auto* const recorder = new std::shared_ptr<Recorder>;
    return *recorder;
}

}  // namespace

struct Recorder::State {
    std::mutex mutex;
    std::filesystem::path path;
    base::Fd file;
    RecorderOptions options;
    std::shared_ptr<Pseudonyms> pseudonyms = Pseudonyms::of_this_computer();
    base::SteadyClock::time_point begun = base::SteadyClock::now();
    std::string buffer;
    std::uint64_t written = 0;
    std::uint64_t left_out = 0;
    bool broken = false;

    // Errors of the recording never disturb what is recorded: they are told once.
    base::Status write_out() {
        std::size_t done = 0;
        while (done < buffer.size() && !broken) {
            const ssize_t wrote = write(file.get(), buffer.data() + done, buffer.size() - done);
            if (wrote < 0 && errno == EINTR) continue;
            if (wrote < 0) {
                broken = true;
                base::log::warning("recorder", "{}", base::system_error("write " + path.string()).to_string());
                return base::fail(base::system_error("write " + path.string()));
            }
            done += static_cast<std::size_t>(wrote);
        }
        buffer.clear();
        return {};
    }

    void add(std::string_view type, std::string_view phone, base::Json fields) {
        const std::scoped_lock lock(mutex);
        if (broken) return;
        const double seconds = std::chrono::duration<double>(base::SteadyClock::now() - begun).count();
        fields["t"] = static_cast<double>(static_cast<std::int64_t>(seconds * 1e6)) / 1e6;
        fields["type"] = type;
        if (!phone.empty()) fields["phone"] = pseudonyms->redact(phone);
        std::string line = base::dump_json(fields);
        line += '\n';
        if (written + line.size() > options.limit) {
            ++left_out;
            return;
        }
        written += line.size();
        buffer += line;
        if (buffer.size() >= kFlushAt) (void)write_out();
    }

    base::Json payload(base::ByteView data) const {
        if (data.empty()) return nullptr;
        if (data.size() <= options.payload_limit) {
            const auto text = base::as_text(data);
            bool printable = true;
            for (const char letter : text) printable = printable && ((letter >= 0x20 && letter < 0x7f) || letter == 0);
            if (!printable) return {{"hex", base::to_hex(data)}};
            // A command, an answer or a variable: it may name the phone.
            return {{"hex", base::to_hex(base::as_bytes(pseudonyms->redact(text)))}};
        }
        return {{"bytes", data.size()}, {"sha256", base::to_hex(base::digest_of(base::DigestKind::Sha256, data))}};
    }
    // A string descriptor carries the identity as UTF-16.
    base::Json descriptor_payload(base::ByteView data) const {
        if (data.size() < 4 || data[1] != 3) return payload(data);
        std::string text;
        for (std::size_t at = 2; at + 1 < data.size(); at += 2) text += data[at + 1] == 0 ? static_cast<char>(data[at]) : '?';
        const std::string redacted = pseudonyms->redact(text);
        base::Bytes bytes{static_cast<std::uint8_t>(2 + 2 * redacted.size()), 3};
        for (const char letter : redacted) {
            bytes.push_back(static_cast<std::uint8_t>(letter));
            bytes.push_back(0);
        }
        return {{"hex", base::to_hex(bytes)}};
    }
};

Recorder::Recorder(std::unique_ptr<State> state) : state_(std::move(state)) {}

Recorder::~Recorder() {
    if (state_->left_out != 0) {
        state_->options.limit += 4096;
        state_->add("event", {}, {{"what", "left-out"}, {"entries", state_->left_out}});
    }
    const std::scoped_lock lock(state_->mutex);
    (void)state_->write_out();
}

base::Result<std::shared_ptr<Recorder>> Recorder::create(const std::filesystem::path& file, RecorderOptions options) {
    UB_TRY_VOID(base::make_directories(file.parent_path()));
    auto state = std::make_unique<State>();
    state->path = file;
    state->options = options;
    state->file = base::Fd(open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    if (!state->file) return base::fail(base::system_error("make " + file.string()));
    const auto now = std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
    state->add("header", {}, {{"format", "unbrick-recording"}, {"version", kFormatVersion}, {"begun", now}});
    return std::shared_ptr<Recorder>(new Recorder(std::move(state)));
}

std::shared_ptr<Recorder> Recorder::installed() {
    const std::scoped_lock lock(installed_mutex);
    return installed_recorder();
}

void Recorder::install(std::shared_ptr<Recorder> recorder) {
    const std::scoped_lock lock(installed_mutex);
    installed_recorder() = std::move(recorder);
}

void Recorder::sighting(std::string_view phone, const base::Json& what) {
    base::Json fields = what;
    for (const char* key : {"serial", "udid"})
        if (const auto text = base::json_string(what, key)) fields[key] = state_->pseudonyms->redact(*text);
    state_->add("sighting", phone, std::move(fields));
}

void Recorder::control(std::string_view phone, const Control& transfer) {
    base::Json fields{{"rt", transfer.type}, {"rq", transfer.request}, {"v", transfer.value}, {"i", transfer.index},
                      {"len", transfer.length}, {"r", transfer.result}, {"ms", transfer.milliseconds}};
    const bool string_read = transfer.type == 0x80 && transfer.request == 6 && (transfer.value >> 8) == 3;
    if (!transfer.data.empty())
        fields["data"] = string_read ? state_->descriptor_payload(transfer.data) : state_->payload(transfer.data);
    state_->add("control", phone, std::move(fields));
}

void Recorder::bulk(std::string_view phone, const Bulk& transfer) {
    base::Json fields{{"ep", transfer.endpoint}, {"len", transfer.length}, {"r", transfer.result}, {"ms", transfer.milliseconds}};
    if (!transfer.data.empty()) fields["data"] = state_->payload(transfer.data);
    state_->add("bulk", phone, std::move(fields));
}

void Recorder::message(std::string_view phone, std::string_view service, std::uint64_t connection, bool sent, const base::Plist& message) {
    state_->add("message", phone,
                {{"service", service}, {"c", connection}, {"dir", sent ? "out" : "in"},
                 {"plist", state_->pseudonyms->redact(message).to_json(state_->options.payload_limit)}});
}

void Recorder::event(std::string_view phone, std::string_view what, const base::Json& data) {
    base::Json fields = data.is_object() ? data : base::Json{{"data", data}};
    fields["what"] = what;
    state_->add("event", phone, std::move(fields));
}

base::Status Recorder::flush() {
    const std::scoped_lock lock(state_->mutex);
    return state_->write_out();
}

const std::filesystem::path& Recorder::file() const { return state_->path; }

}  // namespace unbrick::device
