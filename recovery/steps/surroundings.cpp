// Cable, computer, network, firmware: what lies around the phone.
#include <curl/curl.h>
#include <fmt/core.h>

#include <cstdlib>

#include "recovery/steps/steps.h"
#include "src/device/link_measurement.h"

namespace unbrick::recovery::steps {

base::Result<StepEnd> measure_link(StepContext& context) {
    const auto now = context.phone_now();
    if (!now || !now->present()) return StepEnd::skip();
    const std::chrono::duration<double> span(context.number_parameter("seconds", 10));
    // Transfers take as long as the host's bus takes, so the span is host time; a rehearsal shortens it.
    constexpr std::chrono::milliseconds kLeastSpan{600};
    const auto host_span = std::max<std::chrono::milliseconds>(kLeastSpan, std::chrono::duration_cast<std::chrono::milliseconds>(context.clock->host_span(span)));
    const auto begun = base::SteadyClock::now();
    const auto measured = device::measure_link(
        *context.watcher, context.phone, host_span,
        [&](const device::LinkMeasurement&) {
            context.progress(std::min(1.0, std::chrono::duration<double>(base::SteadyClock::now() - begun) / std::chrono::duration<double>(host_span)),
                             words(context, "doing.measuring"));
        },
        context.stop);
    if (!measured) {
        if (measured.error().code() == base::ErrorCode::Cancelled) return base::fail(measured.error());
        return StepEnd::go_on({{"as", context.text_parameter("as", "before")}, {"error", measured.error().to_string()}, {"score", 0.0}});
    }
    auto facts = measured->to_json();
    facts.erase("latency_ms");
    facts["as"] = context.text_parameter("as", "before");
    facts["score"] = measured->score;
    if (const auto least = context.number_parameter("least", -1); measured->score >= 0 && measured->score < least)
        return StepEnd::end_plan("link-too-poor", std::move(facts));
    return StepEnd::go_on(std::move(facts));
}

base::Result<StepEnd> compare_link(StepContext& context) {
    double before = -1, after = -1;
    for (const auto& [step, facts] : context.facts.items()) {
        const auto score = base::json_double(facts, "score");
        const auto as = base::json_string(facts, "as");
        if (!score || !as) continue;
        (*as == "before" ? before : after) = *score;
    }
    constexpr double kGood = 0.9, kClearlyBetter = 0.1;
    const bool better = after >= 0 && (before < 0 || after >= kGood || after > before + kClearlyBetter);
    return StepEnd::end_plan(better ? "link-better" : "link-no-better", {{"before", before}, {"after", after}});
}

base::Result<StepEnd> fix_host(StepContext& context) {
    using device::Hidden;
    const auto deadline = context.longest();
    bool asked = false;
    for (;;) {
        auto phone = context.phone_now();
        if (!phone) phone = wait_phone(context, [](const device::Phone& now) { return now.present(); }, deadline, context.stop);
        if (!phone) return base::fail(phone.error());
        const auto hidden = phone->hidden;
        const char* act = nullptr;
        if (hidden == Hidden::NoUsbPermission) act = "install-udev-rule";
        if (hidden == Hidden::HeldByOther) act = "close-other-program";
        if (hidden == Hidden::NoMuxDaemon) act = "start-usbmuxd";
        if (act == nullptr) {
            if (asked) return StepEnd::end_plan("host-fixed");
            // Nothing that can be seen is missing; what the diagnosis found is told in words.
            act = "fix-host";
        }
        auto open = ask_for(context, act, context.texts->get(fmt::format("act.{}", act)));
        asked = true;
        const auto changed = context.watcher->wait_for(context.phone, [&](const device::Phone& now) { return now.hidden != hidden && now.present(); }, deadline,
                                                       open.answered_or(context.stop));
        if (changed) {
            context.phone = changed->key;
            continue;
        }
        UB_TRY_VOID(base::check_cancelled(context.stop, "host"));
        const auto answer = open.take_answer();
        if (!answer) return StepEnd::end_plan("host-not-fixed");
        if (means_cannot(context, *answer)) return StepEnd::end_plan("person-unable");
        if (hidden == Hidden::No || std::string_view(act) == "fix-host") return StepEnd::end_plan("host-fixed");
        context.watcher->probe_again(context.phone);
        constexpr std::chrono::seconds kTakesEffect{30};
        const auto now = context.watcher->wait_for(context.phone, [&](const device::Phone& it) { return it.hidden != hidden && it.present(); },
                                                   context.clock->patience(kTakesEffect), context.stop);
        if (!now && now.error().code() != base::ErrorCode::TimedOut) return base::fail(now.error());
        if (!now) context.progress(-1, words(context, "doing.host_still"));
        if (deadline.expired()) return StepEnd::end_plan("host-not-fixed");
    }
}

namespace {

std::size_t forget(char*, std::size_t size, std::size_t count, void*) { return size * count; }

// Whether an HTTP answer, of any status, comes from the signing server.
std::string reach(const std::string& url) {
    CURL* curl = curl_easy_init();
    if (curl == nullptr) return "no HTTP library";
    constexpr long kTimeoutSeconds = 10;
    curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, kTimeoutSeconds);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &forget);
    const auto result = curl_easy_perform(curl);
    curl_easy_cleanup(curl);
    return result == CURLE_OK ? std::string() : curl_easy_strerror(result);
}

}  // namespace

base::Result<StepEnd> check_network(StepContext& context) {
    const char* given = std::getenv("UNBRICK_SIGNING_SERVER");
    auto url = base::json_string(context.inputs, "signing_server").value_or(given != nullptr ? given : "");
    if (url.empty()) url = "https://gs.apple.com/";
    const auto trouble = reach(url);
    base::Json facts{{"as", context.text_parameter("as")}, {"reached", trouble.empty()}, {"server", url}};
    if (!trouble.empty()) facts["trouble"] = trouble;
    const bool required = base::json_bool(context.step->parameters, "required").value_or(false);
    if (trouble.empty()) return StepEnd::end_plan("network-reached", std::move(facts));
    if (required) return StepEnd::end_plan("network-not-reached", std::move(facts));
    return StepEnd::go_on(std::move(facts));
}

base::Result<StepEnd> prepare_firmware(StepContext& context) {
    const auto given = base::json_string(context.inputs, "firmware");
    if (!given || given->empty()) return StepEnd::end_plan("needs-firmware-restore");
    return StepEnd::go_on({{"firmware", *given}});
}

}  // namespace unbrick::recovery::steps
