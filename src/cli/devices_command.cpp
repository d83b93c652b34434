#include <fmt/core.h>

#include "diagnostics/engine.h"
#include "src/base/file.h"
#include "src/cli/diagnose_command.h"
#include "src/cli/job_view.h"
#include "src/cli/simple_commands.h"

namespace unbrick::cli {

namespace {

constexpr std::chrono::seconds kFirstLook{6};
constexpr std::chrono::seconds kDiagnosisComes{30};

base::OrderedJson phone_json(const core::PhoneSnapshot& phone) {
    base::OrderedJson json;
    json["phone"] = phone.key.to_string();
    json["ecid"] = phone.key.ecid ? base::OrderedJson(phone.key.ecid->to_string()) : base::OrderedJson();
    json["port"] = fmt::format("{}-{}", phone.key.port.bus, phone.key.port.path);
    json["mode"] = device::to_string(phone.mode);
    json["hidden"] = device::to_string(phone.hidden);
    json["title"] = phone.title;
    json["product_type"] = phone.identity.product_type;
    json["board"] = phone.identity.board;
    json["udid"] = phone.identity.udid;
    json["ios_version"] = phone.identity.ios_version;
    json["ios_build"] = phone.identity.ios_build;
    json["text"] = phone.first_word;
    return json;
}

void print_phone(const core::PhoneSnapshot& phone, bool json) {
    if (json) return print_event(phone_json(phone));
    fmt::print("{:<18} {:<24} {:<9} {}\n", phone.key.to_string(), phone.title, device::to_string(phone.mode), phone.first_word);
    std::fflush(stdout);
}

}  // namespace

int devices(const GlobalOptions& global, bool watch, bool json) {
    auto opened = Session::open(global, false);
    if (!opened) return complain(opened.error());
    auto& session = **opened;
    session.wait([](const core::AppSnapshot& app) { return app.settled; }, base::Deadline::after(kFirstLook));
    if (!watch) {
        const auto app = session.now();
        if (json) {
            auto list = base::OrderedJson::array();
            for (const auto& phone : app->phones) list.push_back(phone_json(*phone));
            base::OrderedJson document;
            if (app->rehearsal) document["rehearsal"] = app->rehearsal_name;
            document["phones"] = std::move(list);
            fmt::print("{}\n", base::dump_json(document, 2));
            return 0;
        }
        for (const auto& phone : app->phones) print_phone(*phone, false);
        if (app->phones.empty()) fmt::print(stderr, "unbrick: {}\n", session.texts().get("cli.no_phone"));
        return 0;
    }
    std::map<std::string, std::string> shown;
    while (session.interrupted() == 0) {
        const auto app = session.now();
        for (const auto& phone : app->phones) {
            const auto state = fmt::format("{} {} {}", device::to_string(phone->mode), device::to_string(phone->hidden), phone->title);
            auto& last = shown[phone->key.to_string()];
            if (last == state) continue;
            last = state;
            print_phone(*phone, json);
        }
        session.wait_news(base::Deadline::never());
    }
    return 0;
}

int diagnose_device(const GlobalOptions& global, const std::string& device, bool explain, bool json) {
    auto opened = Session::open(global);
    if (!opened) return complain(opened.error());
    auto& session = **opened;
    const auto chosen = choose_phone(session, device);
    std::shared_ptr<const diagnostics::Diagnosis> diagnosis;
    base::OrderedJson phone;
    if (chosen) {
        session.wait(
            [&](const core::AppSnapshot& app) {
                const auto found = find_phone(app, *chosen);
                if (!found || found->diagnosing || found->diagnosed == 0) return false;
                diagnosis = found->diagnosis;
                phone = phone_json(*found);
                return true;
            },
            base::Deadline::after(kDiagnosisComes));
    } else if (chosen.error().code() == base::ErrorCode::NoPhone && device.empty()) {
        session.workbench().submit(core::DiagnosePhone{});
        session.wait([&](const core::AppSnapshot& app) { return (diagnosis = app.host_diagnosis) != nullptr; }, base::Deadline::after(kDiagnosisComes));
    } else {
        return complain(chosen.error());
    }
    if (!diagnosis) return complain(base::ExitCode::Failed, session.texts().get("cli.no_diagnosis"));
    if (json) {
        base::OrderedJson document{{"phone", phone}};
        const auto conclusion = diagnosis->to_json();
        for (const auto& [key, value] : conclusion.items())
            if (key != "phone" || phone.is_null()) document[key] = value;
        fmt::print("{}\n", base::dump_json(document, 2));
        return 0;
    }
    if (const auto found = chosen ? find_phone(*session.now(), *chosen) : nullptr) fmt::print("{}\n", found->first_word);
    fmt::print("{}\n", explain ? diagnostics::explain(*diagnosis, session.texts()) : in_words(*diagnosis, session.texts()));
    return 0;
}

}  // namespace unbrick::cli
