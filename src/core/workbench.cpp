#include "src/core/workbench.h"

#include <fmt/core.h>

#include <algorithm>

#include "recovery/restore/restore_step.h"
#include "src/base/exit_code.h"
#include "src/base/file.h"
#include "src/base/log.h"
#include "src/base/phone_clock.h"
#include "src/core/memory.h"
#include "src/core/rehearsal.h"
#include "src/core/workbench_impl.h"

namespace unbrick::core {

namespace {
constexpr std::chrono::milliseconds kFrame{33};        // snapshots are not drawn faster
constexpr std::chrono::milliseconds kTick{250};        // elapsed times of running jobs go on
constexpr std::chrono::seconds kSettles{5};
constexpr std::size_t kNotices = 20;
constexpr std::size_t kRecordings = 20;

// One recording a run of the program; the oldest ones go.
std::shared_ptr<device::Recorder> start_recording() {
    const auto folder = base::state_folder() / "recordings";
    std::error_code error;
    std::vector<std::filesystem::path> old;
    for (const auto& entry : std::filesystem::directory_iterator(folder, error)) old.push_back(entry.path());
    std::sort(old.begin(), old.end());
    for (std::size_t i = 0; i + kRecordings < old.size(); ++i) std::filesystem::remove(old[i], error);
    const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
    if (!base::make_directories(folder)) return nullptr;
    auto recorder = device::Recorder::create(folder / fmt::format("{:014}.jsonl", now));
    if (!recorder) {
        base::log::warning("core", "no flight recording: {}", recorder.error().to_string());
        return nullptr;
    }
    device::Recorder::install(*recorder);
    return *recorder;
}
}  // namespace

base::Result<std::unique_ptr<Workbench>> Workbench::create(WorkbenchOptions options) {
    std::filesystem::path folder = options.knowledge;
    if (folder.empty()) {
        UB_TRY(folder, base::knowledge_folder());
    }
    UB_TRY(auto knowledge, knowledge::Knowledge::load(folder));
    UB_TRY(auto texts, knowledge::Texts::load(folder, options.language));
    std::shared_ptr<device::Recorder> recorder;
    std::unique_ptr<device::Watcher> watcher;
    if (options.watch_phones) {
        if (options.record) recorder = start_recording();
        device::WatcherOptions watch;
        watch.recorder = recorder;
        UB_TRY(watcher, device::Watcher::start(std::move(watch)));
    }
    return std::make_unique<WorkbenchImpl>(std::move(options), std::move(knowledge), std::move(texts), std::move(watcher), std::move(recorder));
}

WorkbenchImpl::WorkbenchImpl(WorkbenchOptions options, knowledge::Knowledge knowledge, knowledge::Texts texts,
                             std::unique_ptr<device::Watcher> watcher, std::shared_ptr<device::Recorder> recorder)
    : options_(std::move(options)), knowledge_(std::move(knowledge)), texts_(std::move(texts)), watcher_(std::move(watcher)),
      recorder_(std::move(recorder)), diagnoser_(knowledge_, texts_, watcher_.get()), plans_(recovery::PlanLibrary::load(knowledge_)),
      cases_(CaseStore::of_this_user()) {
    recovery::register_gentle_steps(steps_);
    recovery::restore::register_restore_steps(steps_);
    app_.rehearsal = in_rehearsal();
    app_.rehearsal_name = rehearsal_name();
    app_.settled = watcher_ == nullptr;
    published_ = std::make_shared<AppSnapshot>(app_);
    auto host = std::make_unique<PhoneEntry>();
    host->real = false;
    phones_.emplace("", std::move(host));
    thread_ = std::jthread([this](std::stop_token end) { coordinate(end); });
    post([this] { read_cases(); });
    if (watcher_) {
        subscription_ = watcher_->subscribe([this](const device::WatchEvent& event) { post([this, event] { watched(event); }); });
        settle_ = std::jthread([this](std::stop_token end) {
            (void)watcher_->wait_settled(base::Deadline::after(kSettles), end);
            post([this] { app_.settled = true; changed_ = true; });
        });
    }
    for (const auto& error : plans_.errors()) notice(true, error, static_cast<int>(base::ExitCode::Failed));
}

WorkbenchImpl::~WorkbenchImpl() {
    if (watcher_ && subscription_ != 0) watcher_->unsubscribe(subscription_);
    settle_ = {};
    thread_.request_stop();
    queue_changed_.notify_all();
    if (thread_.joinable()) thread_.join();
    for (auto& [key, entry] : phones_) entry->worker->stop_current(true);
    phones_.clear();                     // ends the workers; a running plan is cancelled at its next safe point
    files_.reset();
    queue_.clear();
    if (recorder_) (void)recorder_->flush();
}

void WorkbenchImpl::post(std::function<void()> work) {
    { const std::lock_guard lock(queue_mutex_); queue_.push_back(std::move(work)); }
    queue_changed_.notify_all();
}

void WorkbenchImpl::submit(Command command) {
    post([this, command = std::move(command)]() mutable { std::visit([this](auto& what) { handle(what); }, command); changed_ = true; });
}

std::shared_ptr<const AppSnapshot> WorkbenchImpl::snapshot() const {
    const std::lock_guard lock(snapshot_mutex_);
    return published_;
}

void WorkbenchImpl::on_change(std::function<void()> wake) {
    const std::lock_guard lock(snapshot_mutex_);
    wake_ = std::move(wake);
}

void WorkbenchImpl::coordinate(const std::stop_token& end) {
    auto last_frame = base::SteadyClock::now() - kFrame;
    while (!end.stop_requested()) {
        bool running = false;
        for (const auto& [key, entry] : phones_) running |= entry->busy();
        std::deque<std::function<void()>> work;
        {
            std::unique_lock lock(queue_mutex_);
            const auto ready = [this] { return !queue_.empty() || changed_; };
            if (changed_) queue_changed_.wait_until(lock, end, last_frame + kFrame, [this] { return !queue_.empty(); });
            else if (running) queue_changed_.wait_for(lock, end, kTick, ready);
            else queue_changed_.wait(lock, end, ready);
            work.swap(queue_);
        }
        for (auto& item : work) {
            item();
            changed_ = true;
        }
        const auto now = base::SteadyClock::now();
        if ((changed_ && now - last_frame >= kFrame) || (running && now - last_frame >= kTick)) {
            changed_ = false;
            last_frame = now;
            publish();
        }
    }
}

void WorkbenchImpl::publish() {
    ++app_.revision;
    app_.phones.clear();
    for (auto& [key, entry] : phones_) {
        if (entry->job) {
            auto job = entry->job->snapshot();
            entry->shown.job = job;
            entry->changed = true;
        }
        if (!entry->real) {
            app_.host_diagnosis = entry->shown.diagnosis;
            app_.host_plans = entry->shown.plans;
            app_.host_job = entry->shown.job;
            continue;
        }
        if (entry->changed || !entry->last) {
            entry->last = std::make_shared<PhoneSnapshot>(entry->shown);
            entry->changed = false;
        }
        app_.phones.push_back(entry->last);
    }
    auto fresh = std::make_shared<AppSnapshot>(app_);
    std::function<void()> wake;
    {
        const std::lock_guard lock(snapshot_mutex_);
        published_ = std::move(fresh);
        wake = wake_;
    }
    if (wake) wake();
}

void WorkbenchImpl::notice(bool trouble, std::string text, int exit) {
    post([this, trouble, text = std::move(text), exit]() mutable {
        app_.notices.push_back({next_notice_++, trouble, exit, std::move(text)});
        if (app_.notices.size() > kNotices) app_.notices.erase(app_.notices.begin());
    });
}

void WorkbenchImpl::read_cases() { app_.cases = cases_.list(); }

PhoneEntry* WorkbenchImpl::find_entry(const device::PhoneKey& key) {
    const bool none = !key.ecid && key.port.path.empty();
    const auto found = phones_.find(none ? "" : key.to_string());
    return found == phones_.end() ? nullptr : found->second.get();
}

PhoneEntry& WorkbenchImpl::entry_of(const device::PhoneKey& key) {
    if (auto* found = find_entry(key)) return *found;
    auto entry = std::make_unique<PhoneEntry>();
    entry->phone.key = key;
    entry->phone.mode = device::Mode::Absent;
    show_phone(*entry);
    return *phones_.emplace(key.to_string(), std::move(entry)).first->second;
}

PhoneEntry* WorkbenchImpl::entry_with_job(std::string_view job) {
    for (auto& [key, entry] : phones_)
        if (entry->job && entry->job->snapshot()->id == job) return entry.get();
    return nullptr;
}

std::string WorkbenchImpl::title_of(const device::Identity& identity) const {
    for (const auto& model : base::json_at(knowledge_.document("devices"), "devices")) {
        bool same = !identity.product_type.empty() && base::json_string(model, "product_type") == identity.product_type;
        for (const auto& board : base::json_at(model, "boards")) {
            if (same) break;
            const auto cpid = base::parse_hex(base::json_string(board, "cpid").value_or(""));
            const auto bdid = base::parse_hex(base::json_string(board, "bdid").value_or(""));
            same = identity.cpid && identity.bdid && cpid == *identity.cpid && bdid == *identity.bdid;
        }
        if (same) return base::json_string(model, "name").value_or(identity.product_type);
    }
    return identity.product_type.empty() ? texts_.get("phone.unknown") : identity.product_type;
}

void WorkbenchImpl::show_phone(PhoneEntry& entry) {
    auto& shown = entry.shown;
    const auto& phone = entry.phone;
    shown.key = phone.key;
    shown.identity = phone.identity;
    shown.mode = phone.mode;
    shown.hidden = phone.hidden;
    shown.mode_since = phone.mode_since;
    if (phone.usb) shown.link.speed = phone.usb->speed;
    if (phone.key.ecid && shown.identity.product_type.empty()) {
        if (const auto known = remembered(phone.key)) {
            shown.identity.product_type = known->product_type;
            if (!shown.battery.percent && known->battery_percent) shown.battery = {known->battery_percent, std::nullopt, true};
        }
    }
    shown.title = title_of(shown.identity);
    const auto key = phone.hidden != device::Hidden::No ? fmt::format("hidden.{}", device::to_string(phone.hidden))
                                                        : fmt::format("seen.{}", device::to_string(phone.mode));
    shown.first_word = texts_.get(key, {{"phone", shown.title}});
    entry.changed = true;
}

void WorkbenchImpl::watched(const device::WatchEvent& event) {
    const auto former = event.former.to_string();
    const auto key = event.phone.key.to_string();
    // The same phone under another name: its card, job and evidence go on.
    if (former != key && phones_.contains(former) && !phones_.contains(key)) {
        auto moved = phones_.extract(former);
        moved.key() = key;
        phones_.insert(std::move(moved));
    }
    if (event.kind == device::WatchEventKind::Left) {
        if (const auto found = phones_.find(key); found != phones_.end() && !found->second->busy()) phones_.erase(found);
        return;
    }
    auto& entry = entry_of(event.phone.key);
    const bool news = entry.phone.mode != event.phone.mode || entry.phone.hidden != event.phone.hidden || entry.phone.key.ecid != event.phone.key.ecid;
    entry.phone = event.phone;
    show_phone(entry);
    if (!options_.diagnose_by_itself || !event.phone.present() || entry.busy()) return;
    if (news || event.kind == device::WatchEventKind::Appeared) look(entry);
}

void WorkbenchImpl::look(PhoneEntry& entry) {
    const auto number = ++entry.look;
    entry.shown.diagnosing = true;
    entry.changed = true;
    const auto key = entry.real ? entry.phone.key.to_string() : std::string();
    const std::optional<device::Phone> phone = entry.real ? std::optional(entry.phone) : std::nullopt;
    auto said = entry.given;
    said.append(entry.earlier);
    entry.worker->stop_current(false);   // an older look has nothing more to say
    entry.worker->add([this, key, number, phone, said](const std::stop_token& stop) {
        auto now = phone;
        if (now && watcher_)
            if (auto fresh = watcher_->find(now->key)) now = *fresh;
        auto probed = diagnoser_.probe(now, diagnostics::ProbeCost::Instant, stop);
        const auto conclude = [&] {
            auto all = probed;
            all.append(said);
            return diagnoser_.conclude(std::move(all));
        };
        auto first = conclude();
        post([this, key, number, probed, first] { looked(key, number, probed, first, false); });
        if (!stop.stop_requested()) probed.append(diagnoser_.probe(now, diagnostics::ProbeCost::Seconds, stop));
        auto second = conclude();
        post([this, key, number, probed, second] { looked(key, number, probed, second, true); });
    });
}

void WorkbenchImpl::looked(const std::string& key, std::uint64_t number, diagnostics::EvidenceSet probed,
                           std::shared_ptr<const diagnostics::Diagnosis> diagnosis, bool last) {
    const auto found = phones_.find(key);
    if (found == phones_.end() || found->second->look != number) return;
    auto& entry = *found->second;
    entry.probed = std::move(probed);
    entry.shown.diagnosis = std::move(diagnosis);
    entry.shown.plans.clear();
    for (const auto& rung : entry.shown.diagnosis->ladder)
        if (const auto* plan = plans_.find(rung.plan)) entry.shown.plans.push_back(*plan);
    entry.changed = true;
    if (const auto* level = entry.probed.find("battery.level"); level != nullptr && level->value.is_number()) {
        const int percent = static_cast<int>(level->value.get<double>());
        entry.shown.battery = {percent, std::nullopt, false};
        if (last && entry.phone.mode == device::Mode::Normal) remember(entry.phone.key, entry.phone.identity, percent);
    }
    if (!last) return;
    entry.shown.diagnosing = false;
    ++entry.shown.diagnosed;
    suggest_next(entry);
}

// After a plan that did not get there: what the new diagnosis puts first, or else the next rung that is offered.
void WorkbenchImpl::suggest_next(PhoneEntry& entry) {
    if (entry.suggest_after.empty() || !entry.job || !entry.shown.diagnosis) return;
    const auto tried = std::exchange(entry.suggest_after, {});
    const auto& diagnosis = *entry.shown.diagnosis;
    if (diagnosis.plan.action != tried && diagnosis.plan.offered) {
        entry.job->suggest(diagnosis.plan.plan);
        return;
    }
    bool passed = false;
    for (const auto& rung : diagnosis.ladder) {
        if (passed && rung.offered && rung.action != tried) {
            entry.job->suggest(rung.plan);
            return;
        }
        passed |= rung.action == tried;
    }
}

}  // namespace unbrick::core
