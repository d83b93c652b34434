#include "gui/demo/demo.h"

#include <cmath>
#include <functional>
#include <map>

namespace unbrick::gui {

namespace {

using core::AppSnapshot;
using core::JobSnapshot;
using core::PhoneSnapshot;
using std::chrono::duration;
using std::chrono::seconds;
using std::chrono::system_clock;

PhoneSnapshot phone(std::string title, std::string type, std::uint64_t ecid, device::Mode mode) {
    PhoneSnapshot phone;
    phone.key.ecid = device::Ecid{ecid};
    phone.key.port = {1, "1-" + std::to_string(ecid % 4 + 1)};
    phone.identity.ecid = phone.key.ecid;
    phone.identity.product_type = std::move(type);
    phone.title = std::move(title);
    phone.mode = mode;
    phone.mode_since = system_clock::now() - std::chrono::minutes(2);
    phone.link.score = 0.97;
    phone.link.transfers = 418;
    phone.link.speed = "480 Mb/s";
    for (int i = 0; i < 240; ++i) phone.link.latency_ms.push_back(1.4f + 0.5f * std::sin(static_cast<float>(i) * 0.31f) + 0.4f * std::sin(static_cast<float>(i) * 1.7f));
    return phone;
}

recovery::Plan plan(std::string id, std::vector<std::pair<std::string, recovery::Risk>> steps, std::vector<std::string> needs, int usual) {
    recovery::Plan plan;
    plan.id = std::move(id);
    plan.title_key = "plan." + plan.id + ".title";
    plan.needs = std::move(needs);
    for (auto& [text, risk] : steps) {
        recovery::Step step;
        step.id = text;
        step.text_key = "step." + text;
        step.risk = risk;
        step.usual = seconds(usual / static_cast<int>(steps.size()));
        step.longest = step.usual * 4;
        plan.steps.push_back(std::move(step));
    }
    return plan;
}

recovery::Plan kick_out() {
    return plan("exit-recovery", {{"set-auto-boot", recovery::Risk::Reversible}, {"reboot", recovery::Risk::Reversible}, {"wait-normal-stable", recovery::Risk::ReadsOnly}}, {}, 330);
}
recovery::Plan update() {
    return plan("update-from-recovery", {{"check-before-writing", recovery::Risk::ReadsOnly}, {"restore-update", recovery::Risk::MeantToKeepData}, {"wait-normal-stable", recovery::Risk::ReadsOnly}},
                {"battery", "firmware", "network", "disk"}, 1500);
}
recovery::Plan erase() {
    return plan("erase-from-recovery", {{"check-before-writing", recovery::Risk::ReadsOnly}, {"restore-erase", recovery::Risk::ErasesData}, {"wait-normal", recovery::Risk::ReadsOnly}},
                {"battery", "firmware", "network", "disk"}, 1800);
}

std::shared_ptr<diagnostics::Diagnosis> diagnosis_of_loop() {
    auto diagnosis = std::make_shared<diagnostics::Diagnosis>();
    diagnosis->hypotheses = {
        {"interrupted_restore", 0.82,
         {{"rule.recovery.auto-boot-off", 2.4, {}, "auto-boot is false: the phone was told to wait in recovery."},
          {"rule.recovery.enters-at-once", 0.8, {}, "It goes to recovery at once, without an attempt to start."}},
         {{"rule.recovery.no-progress", -0.3, {}, "No sign that a system was half written."}},
         {"screen_now"}},
        {"sensor_or_flex_hardware", 0.09, {{"rule.prior.loop", 0.2, {}, "Part of all phones that loop have a bad sensor cable."}}, {}, {}},
        {"battery_low", 0.05, {}, {{"rule.battery.known", -1.0, {}, "The battery was at 64 % before."}}, {}},
        {"nand_storage_hardware", 0.02, {}, {}, {}},
        {"unknown", 0.02, {}, {}, {}}};
    diagnosis->plan = {"exit-recovery", "exit_recovery_kickout", "reversible", true, {}};
    diagnosis->ladder = {diagnosis->plan,
                         {"update-from-recovery", "recovery_update_keep_data", "meant-to-keep-data", true, {}},
                         {"erase-from-recovery", "recovery_erase_restore", "erases-data", true, {}},
                         {"service", "hardware_service", "reads-only", true, {}}};
    return diagnosis;
}

PhoneSnapshot looping() {
    auto snapshot = phone("iPhone X", "iPhone10,6", 0x000A1B2C3D4E5F60, device::Mode::Recovery);
    snapshot.battery = {64, std::nullopt, true};
    snapshot.first_word = "This iPhone X waits in recovery mode and asks for a computer.";
    snapshot.diagnosis = diagnosis_of_loop();
    snapshot.plans = {kick_out(), update(), erase()};
    return snapshot;
}

std::shared_ptr<JobSnapshot> running(const recovery::Plan& plan, std::size_t current, double fraction) {
    auto job = std::make_shared<JobSnapshot>();
    job->id = "job-" + plan.id;
    job->case_id = "2026-11-25-0A1B";
    job->plan = plan;
    job->state = core::JobState::Running;
    job->current = current;
    const std::map<std::string, std::string> words = {
        {"set-auto-boot", "Let the phone start by itself again"}, {"reboot", "Restart the phone"},
        {"wait-normal-stable", "Wait until it is up, and stays up for four minutes"},
        {"check-before-writing", "Check battery, link, room and firmware"},
        {"restore-update", "Write the system again; your data are meant to stay"},
        {"restore-erase", "Erase the phone and write the system"}, {"wait-normal", "Wait until it is up"}};
    for (std::size_t i = 0; i < plan.steps.size(); ++i) {
        core::StepSnapshot step;
        step.id = plan.steps[i].id;
        step.text = words.contains(step.id) ? words.at(step.id) : step.id;
        step.usual = plan.steps[i].usual;
        step.longest = plan.steps[i].longest;
        using State = core::StepSnapshot::State;
        step.state = i < current ? State::Done : i == current ? State::Running : State::Todo;
        if (i < current) step.elapsed = duration<double>(9);
        if (i == current) {
            step.elapsed = duration<double>(step.usual.count() * std::max(fraction, 0.1));
            step.fraction = fraction;
        }
        job->steps.push_back(std::move(step));
    }
    job->doing = "The phone starts. unbrick waits for it to answer on USB.";
    job->if_stopped = "Nothing is lost: the phone goes on starting by itself.";
    job->last_words = "iBoot: setenv auto-boot true, saveenv: done";
    const char* lines[] = {"recovery mode, iBoot-8422.142.2", "auto-boot is \"false\"", "setenv auto-boot true", "saveenv", "left the bus", "is back on port 1-1: normal"};
    std::uint64_t number = 0;
    for (const char* line : lines) job->log.push_back({++number, system_clock::now(), number % 2 == 0 ? "phone" : "unbrick", line, {}});
    return job;
}

std::shared_ptr<AppSnapshot> empty() {
    auto app = std::make_shared<AppSnapshot>();
    app->settled = true;
    app->rehearsal = true;
    app->rehearsal_name = "demo";
    return app;
}

std::shared_ptr<AppSnapshot> with(std::vector<PhoneSnapshot> phones) {
    auto app = empty();
    for (auto& each : phones) app->phones.push_back(std::make_shared<PhoneSnapshot>(std::move(each)));
    core::CaseSummary cut;
    cut.id = "2026-11-25-0A1B";
    cut.title = "iPhone X: Let the phone start by itself again";
    cut.begun = system_clock::now();
    cut.unfinished = true;
    core::CaseSummary done;
    done.id = "2026-11-20-77C1";
    done.title = "iPhone 11: Update, data meant to stay";
    done.begun = system_clock::now() - std::chrono::hours(120);
    done.outcome = "normal-stable";
    app->cases = {cut, done};
    return app;
}

std::shared_ptr<AppSnapshot> with_request(core::RequestKind kind, const recovery::Plan& plan, core::Request request) {
    auto snapshot = looping();
    auto job = running(plan, 1, -1);
    job->state = core::JobState::NeedsPerson;
    request.kind = kind;
    request.id = "ask-1";
    job->request = std::move(request);
    snapshot.job = job;
    return with({snapshot});
}

const std::map<std::string, std::function<std::shared_ptr<AppSnapshot>()>, std::less<>>& demos() {
    static const std::map<std::string, std::function<std::shared_ptr<AppSnapshot>()>, std::less<>> all = {
        {"empty", empty},
        {"loop", [] { return with({looping()}); }},
        {"looking", [] {
             auto one = phone("iPhone 12", "iPhone13,2", 0x0011223344556677, device::Mode::Recovery);
             one.diagnosing = true;
             one.first_word = "An iPhone 12 in recovery mode is here.";
             one.link = {};
             return with({one});
         }},
        {"question", [] {
             auto one = looping();
             auto diagnosis = diagnosis_of_loop();
             diagnosis->questions = {{"screen_now", 0.4}};
             one.diagnosis = diagnosis;
             return with({one});
         }},
        {"four", [] {
             auto one = looping();
             auto two = phone("iPhone 11", "iPhone12,1", 0x0002, device::Mode::Normal);
             two.battery = {83, true, false};
             two.first_word = "This iPhone 11 is up and answers.";
             auto three = phone("iPhone 14 Pro", "iPhone15,2", 0x0003, device::Mode::Restore);
             three.battery = {51, std::nullopt, true};
             three.link.score = 0.7;
             three.link.errors = 3;
             three.job = running(update(), 1, 0.42);
             auto four = phone("iPhone SE (2nd generation)", "iPhone12,8", 0x0004, device::Mode::Normal);
             four.hidden = device::Hidden::NotTrusted;
             four.link.score = 0.4;
             return with({one, two, three, four});
         }},
        {"hidden", [] {
             auto one = phone("iPhone", "", 0x0005, device::Mode::Normal);
             one.key.ecid.reset();
             one.identity.ecid.reset();
             one.hidden = device::Hidden::NoUsbPermission;
             one.first_word = "A phone is on port 1-2, and this program may not talk to it.";
             auto app = with({one});
             app->host_findings = {{"usb-permission", "The rule that gives you access to phones on USB is not installed."}};
             return app;
         }},
        {"doing", [] {
             auto one = looping();
             one.job = running(kick_out(), 2, -1);
             return with({one});
         }},
        {"restoring", [] {
             auto one = looping();
             one.mode = device::Mode::Restore;
             auto job = running(update(), 1, 0.42);
             job->doing = "The phone writes the system image to its storage.";
             job->if_stopped = "The system is half written: the phone stays in recovery until an update is finished. Your data are not touched yet.";
             job->last_words = "restored: RestoreImage, progress 42";
             job->bytes_per_second = 28.4e6;
             one.job = job;
             return with({one});
         }},
        {"consent", [] {
             core::Request request;
             request.text = "This step erases everything on this iPhone X: photos, messages, apps. There is no way back.";
             request.phrase = "erase 000A1B2C3D4E5F60";
             return with_request(core::RequestKind::Consent, erase(), std::move(request));
         }},
        {"act", [] {
             core::Request request;
             request.text = "Plug the cable into another port of the computer, without a hub.";
             request.act = "replug";
             request.choices = {{"done", "Done"}, {"cannot", "I cannot do that"}};
             return with_request(core::RequestKind::Act, update(), std::move(request));
         }},
        {"coach", [] {
             core::Request request;
             request.text = "Put the phone into recovery with its buttons.";
             request.buttons = {{"sequence", "recovery"},
                                {"steps", {{{"buttons", {"volume-up"}}, {"seconds", 1}, {"text", "Press and let go."}},
                                           {{"buttons", {"volume-down"}}, {"seconds", 1}, {"text", "Press and let go."}},
                                           {{"buttons", {"side"}}, {"seconds", 10}, {"text", "Hold, also when a sign appears, until the picture of a cable."}}}}};
             request.choices = {{"cannot", "A button does not work"}};
             return with_request(core::RequestKind::Buttons, kick_out(), std::move(request));
         }},
        {"back", [] {
             auto one = looping();
             one.mode = device::Mode::Normal;
             one.identity.ios_version = "16.7.10";
             auto job = running(kick_out(), 3, -1);
             job->state = core::JobState::Done;
             job->outcome = "normal-stable";
             job->outcome_text = "The phone started, says that it is up with iOS 16.7.10, and stayed up for four minutes. Nothing on it was changed but the switch that starts it.";
             one.job = job;
             return with({one});
         }},
        {"failed", [] {
             auto one = looping();
             auto job = running(update(), 1, 0.42);
             job->state = core::JobState::Failed;
             job->steps[1].state = core::StepSnapshot::State::Failed;
             job->outcome = "needs-firmware-restore";
             job->outcome_text = "The cable came loose while the system was written. The phone is in recovery; your data were not touched yet. With a firm cable the update can begin again.";
             job->error = "usb: the phone left port 1-1 during RestoreImage at 42 %";
             one.job = job;
             return with({one});
         }},
        {"log-file", [] {
             auto app = empty();
             auto diagnosis = diagnosis_of_loop();
             diagnosis->stage = "asr_filesystem";
             diagnosis->storage_written = true;
             app->file_diagnosis = diagnosis;
             return app;
         }},
    };
    return all;
}

class Demo : public core::Workbench {
public:
    explicit Demo(std::shared_ptr<AppSnapshot> snapshot) : snapshot_(std::move(snapshot)) {}
    void submit(core::Command) override {}
    std::shared_ptr<const AppSnapshot> snapshot() const override { return snapshot_; }
    void on_change(std::function<void()>) override {}

private:
    std::shared_ptr<AppSnapshot> snapshot_;
};

}  // namespace

base::Result<std::unique_ptr<core::Workbench>> make_demo(std::string_view name) {
    const auto found = demos().find(name);
    if (found == demos().end()) return base::fail(base::ErrorCode::NotFound, "no demo \"" + std::string(name) + "\"");
    return std::unique_ptr<core::Workbench>(new Demo(found->second()));
}

std::vector<std::string> demo_names() {
    std::vector<std::string> names;
    for (const auto& [name, make] : demos()) names.push_back(name);
    return names;
}

}  // namespace unbrick::gui
