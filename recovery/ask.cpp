#include "recovery/ask.h"

#include <fmt/core.h>

#include <condition_variable>
#include <mutex>

#include "src/base/digest.h"
#include "src/base/text.h"

namespace unbrick::recovery {

std::string_view to_string(AskKind kind) {
    switch (kind) {
        case AskKind::Consent: return "consent";
        case AskKind::Question: return "question";
        case AskKind::Buttons: return "buttons";
        case AskKind::Act: return "act";
        case AskKind::Text: return "text";
    }
    return "act";
}

base::OrderedJson to_json(const Ask& ask) {
    base::OrderedJson json;
    json["id"] = ask.id;
    json["kind"] = to_string(ask.kind);
    json["phone"] = ask.phone;
    json["step"] = ask.step;
    json["text"] = ask.text;
    if (!ask.phrase.empty()) json["phrase"] = ask.phrase;
    if (!ask.question.empty()) json["question"] = ask.question;
    if (!ask.choices.empty()) {
        json["choices"] = base::OrderedJson::array();
        for (const auto& [id, text] : ask.choices) json["choices"].push_back({{"id", id}, {"text", text}});
    }
    if (!ask.buttons.is_null()) json["buttons"] = ask.buttons;
    if (!ask.act.empty()) json["act"] = ask.act;
    return json;
}

struct AskDesk::Open::State {
    std::shared_ptr<Shared> shared;
    Ask ask;
    std::optional<std::string> answer;
    std::stop_source arrived;
    std::unique_ptr<std::stop_callback<std::function<void()>>> link;
};

struct AskDesk::Shared {
    std::function<void(const Ask*)> on_change;
    std::mutex mutex;
    std::condition_variable_any changed;
    Open::State* open = nullptr;
};

AskDesk::AskDesk(std::function<void(const Ask*)> on_change) : shared_(std::make_shared<Shared>()) {
    shared_->on_change = std::move(on_change);
}
AskDesk::~AskDesk() = default;

base::Status AskDesk::answer(std::string_view id, std::string text) {
    std::stop_source arrived;
    {
        const std::lock_guard lock(shared_->mutex);
        if (shared_->open == nullptr || shared_->open->ask.id != id)
            return base::fail(base::ErrorCode::NotFound, fmt::format("nothing is asked under the name {} now", id));
        shared_->open->answer = std::move(text);
        arrived = shared_->open->arrived;
    }
    shared_->changed.notify_all();
    arrived.request_stop();
    return {};
}

AskDesk::Open AskDesk::open(Ask ask) {
    constexpr std::size_t kRandomBytes = 4;
    ask.id = fmt::format("{}-{}", ask.step.empty() ? "ask" : ask.step, base::to_hex(base::random_bytes(kRandomBytes)));
    auto state = std::make_unique<Open::State>();
    state->shared = shared_;
    state->ask = std::move(ask);
    {
        const std::lock_guard lock(shared_->mutex);
        shared_->open = state.get();
    }
    if (shared_->on_change) shared_->on_change(&state->ask);
    return Open(std::move(state));
}

AskDesk::Open::Open(std::unique_ptr<State> state) : state_(std::move(state)) {}
AskDesk::Open::Open(Open&&) noexcept = default;

AskDesk::Open::~Open() {
    if (!state_) return;
    state_->link.reset();
    bool was_open = false;
    {
        const std::lock_guard lock(state_->shared->mutex);
        was_open = state_->shared->open == state_.get();
        if (was_open) state_->shared->open = nullptr;
    }
    if (was_open && state_->shared->on_change) state_->shared->on_change(nullptr);
}

const Ask& AskDesk::Open::ask() const { return state_->ask; }

std::optional<std::string> AskDesk::Open::take_answer() {
    const std::lock_guard lock(state_->shared->mutex);
    auto answer = std::exchange(state_->answer, std::nullopt);
    state_->arrived = std::stop_source();
    return answer;
}

std::stop_token AskDesk::Open::answered_or(const std::stop_token& stop) {
    state_->link.reset();
    std::stop_source arrived;
    bool already = false;
    {
        const std::lock_guard lock(state_->shared->mutex);
        arrived = state_->arrived;
        already = state_->answer.has_value();
    }
    if (already) arrived.request_stop();
    state_->link = std::make_unique<std::stop_callback<std::function<void()>>>(stop, [arrived]() mutable { arrived.request_stop(); });
    return arrived.get_token();
}

base::Result<std::string> AskDesk::Open::wait(const base::Deadline& deadline, const std::stop_token& stop) {
    std::unique_lock lock(state_->shared->mutex);
    state_->shared->changed.wait_until(lock, stop, base::SteadyClock::now() + deadline.remaining(),
                                       [this] { return state_->answer.has_value(); });
    if (state_->answer) return *std::exchange(state_->answer, std::nullopt);
    if (stop.stop_requested()) return base::fail(base::ErrorCode::Cancelled, "the question was withdrawn");
    return base::fail(base::ErrorCode::TimedOut, "nobody answered");
}

}  // namespace unbrick::recovery
