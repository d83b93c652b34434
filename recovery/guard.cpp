#include "recovery/guard.h"

#include <fmt/core.h>

#include <algorithm>

#include "src/base/digest.h"
#include "src/base/text.h"

namespace unbrick::recovery {

namespace {

constexpr int kTries = 3;
// A person may have to look for the backup first. After that the phone should not be left waiting.
constexpr std::chrono::minutes kPatience{30};

// The last four digits of the ECID are what a card and a sticker can be compared with.
std::string ending_of(const device::PhoneKey& phone) {
    const auto name = phone.to_string();
    constexpr std::size_t kDigits = 4;
    return name.size() > kDigits && phone.ecid ? name.substr(name.size() - kDigits) : name;
}

// A number that nobody can know before the question is on the screen.
std::string challenge() {
    const auto bytes = base::random_bytes(4);
    std::uint32_t number = 0;
    for (const auto byte : bytes) number = number << 8 | byte;
    return fmt::format("{:04}", number % 10000);
}

std::string squeeze(std::string_view text) {
    std::string out;
    for (const auto part : base::split(base::trim(text), ' '))
        if (!part.empty()) out += (out.empty() ? "" : " ") + std::string(part);
    return base::to_lower(out);
}

}  // namespace

Risk real_risk(const Step& step, const StepRegistry& registry) {
    const auto* kind = registry.find(step.kind);
    if (kind == nullptr || !kind->least_risk) return step.risk;
    return std::max(step.risk, kind->least_risk(step));
}

base::Result<std::optional<Consent>> RiskGuard::ask_to_erase(StepContext& context) {
    const auto phone = context.phone.to_string();
    const auto phone_now = context.phone_now();
    const auto model = phone_now && !phone_now->identity.product_type.empty() ? phone_now->identity.product_type : phone;
    const auto deadline = context.clock->patience(kPatience);
    for (int attempt = 0; attempt < kTries; ++attempt) {
        Ask ask;
        ask.kind = AskKind::Consent;
        ask.phrase = context.texts->get("consent.phrase", {{"phone", ending_of(context.phone)}, {"step", context.step->id}, {"code", challenge()}});
        ask.text = context.texts->get(attempt == 0 ? "consent.text" : "consent.text_again",
                                      {{"phone", phone}, {"model", model}, {"step", context.texts->get(context.step->text_key)}, {"phrase", ask.phrase}});
        const auto phrase = ask.phrase;
        UB_TRY_VOID(context.journal->append("ask", {{"run", context.run}, {"step", context.step->id}, {"kind", "consent"},
                                                    {"phone", phone}, {"phrase", phrase}}));
        auto open = context.ask(std::move(ask));
        auto answer = open.wait(deadline, context.stop);
        if (!answer) {
            if (answer.error().code() == base::ErrorCode::TimedOut) return std::nullopt;
            return base::fail(std::move(answer).error());
        }
        const bool agreed = squeeze(*answer) == squeeze(phrase);
        UB_TRY_VOID(context.journal->append(agreed ? "consent" : "no-consent", {{"run", context.run}, {"step", context.step->id},
                                                                                {"phone", phone}, {"phrase", phrase}, {"typed", *answer}}));
        if (agreed) return Consent(phone, context.run, context.step->id);
        const auto word = squeeze(*answer);
        if (word.empty() || word == "no" || word == "cannot" || word == squeeze(context.texts->get("consent.no"))) return std::nullopt;
    }
    return std::nullopt;
}

}  // namespace unbrick::recovery
