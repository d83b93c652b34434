// What only a person can do or say, and the desk where the running step waits for the answer.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "src/base/cancel.h"
#include "src/base/json.h"
#include "src/base/result.h"

namespace unbrick::recovery {

enum class AskKind { Consent, Question, Buttons, Act, Text };
std::string_view to_string(AskKind kind);   // "consent", "question" ...

struct Ask {
    std::string id;                      // made by the desk; its random part keeps answers from being prepared
    AskKind kind = AskKind::Act;
    std::string phone;                   // ECID, or "port ..." as long as it is not known
    std::string step;
    std::string text;
    std::string phrase;                  // Consent: what must be typed
    std::string question;                // Question: id of knowledge/questions.json
    std::vector<std::pair<std::string, std::string>> choices;   // id and text; for Act: "done", "cannot"
    base::Json buttons;                  // Buttons: {"sequence", "steps": [{"action","buttons","seconds"}]}
    std::string act;                     // Act: "replug", "other-cable" ... (docs/architecture.md)
};
base::OrderedJson to_json(const Ask& ask);   // the members of the event "ask"

// Thread-safe. The running job opens an ask; front ends answer it. At most one is open.
class AskDesk {
public:
    // `on_change` is called, from the thread that opens or closes, with the open ask or null.
    explicit AskDesk(std::function<void(const Ask*)> on_change);
    ~AskDesk();

    // Errors: NotFound when no ask of that id is open (an answer given before or after does not count).
    base::Status answer(std::string_view id, std::string text);

    class Open {
    public:
        Open(Open&&) noexcept;
        Open& operator=(Open&&) = delete;
        ~Open();                         // closes the ask
        const Ask& ask() const;
        std::optional<std::string> take_answer();     // and be ready for another one
        // Stopped as soon as an answer lies here or `stop` is; renewed by take_answer(). For waits on the phone.
        std::stop_token answered_or(const std::stop_token& stop);
        // Errors: TimedOut, Cancelled.
        base::Result<std::string> wait(const base::Deadline& deadline, const std::stop_token& stop);

    private:
        friend class AskDesk;
        struct State;
        explicit Open(std::unique_ptr<State> state);
        std::unique_ptr<State> state_;
    };
    Open open(Ask ask);

private:
    friend class Open;
    struct Shared;
    std::shared_ptr<Shared> shared_;
};

}  // namespace unbrick::recovery
