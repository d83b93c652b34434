#include "recovery/restore/reporter.h"

#include "src/base/log.h"
#include "src/base/text.h"

namespace unbrick::recovery::restore {

namespace {
constexpr std::chrono::milliseconds kProgressEvery{100};
constexpr std::size_t kWordsKept = 64u << 10;
}  // namespace

void Reporter::stage(std::string_view id) {
    const std::scoped_lock lock(mutex_);
    if (stage_ == id) return;
    stage_ = id;
    rate_ = -1;
    rate_since_ = {};
    last_progress_ = {};
    const auto times = times_.stage(id);
    if (times.writing) written_ = true;
    base::log::info("restore", "stage {}", id);
    if (callbacks_.stage) callbacks_.stage({std::string(id), times.text_key, times.stop_text_key, times.usual, times.longest, written_});
}

std::string Reporter::current_stage() const {
    const std::scoped_lock lock(mutex_);
    return stage_;
}

void Reporter::progress(double fraction) {
    const std::scoped_lock lock(mutex_);
    const auto now = std::chrono::steady_clock::now();
    if (now - last_progress_ < kProgressEvery && fraction < 1.0) return;
    last_progress_ = now;
    if (callbacks_.progress) callbacks_.progress(fraction, -1);
}

void Reporter::bytes(std::uint64_t done, std::uint64_t total) {
    const std::scoped_lock lock(mutex_);
    const auto now = std::chrono::steady_clock::now();
    if (now - last_progress_ < kProgressEvery && done < total) return;
    last_progress_ = now;
    if (rate_since_ == std::chrono::steady_clock::time_point{} || done < rate_from_) {
        rate_since_ = now;
        rate_from_ = done;
    } else if (const std::chrono::duration<double> span = now - rate_since_; span.count() >= 0.5) {
        const double now_rate = static_cast<double>(done - rate_from_) / span.count();
        rate_ = rate_ < 0 ? now_rate : 0.6 * rate_ + 0.4 * now_rate;
        rate_since_ = now;
        rate_from_ = done;
    }
    if (callbacks_.progress) callbacks_.progress(total > 0 ? static_cast<double>(done) / static_cast<double>(total) : -1, rate_);
}

void Reporter::phone_said(std::string_view text) {
    const std::scoped_lock lock(mutex_);
    const auto valid = base::to_valid_utf8(text);
    words_ += valid + "\n";
    if (words_.size() > kWordsKept) words_.erase(0, words_.size() - kWordsKept);
    base::log::debug("phone", "{}", valid);
    if (callbacks_.phone_said) callbacks_.phone_said(valid);
}

void Reporter::said(std::string_view text) {
    const std::scoped_lock lock(mutex_);
    base::log::info("restore", "{}", text);
    if (callbacks_.said) callbacks_.said(text);
}

void Reporter::ask(const PersonAct& act) {
    const std::scoped_lock lock(mutex_);
    if (callbacks_.ask) callbacks_.ask(act);
}

void Reporter::evidence(std::string_view key, base::Json value, std::string_view text) { evidence_at(key, std::move(value), "restore", text); }

void Reporter::evidence_at(std::string_view key, base::Json value, std::string_view source, std::string_view text) {
    const std::scoped_lock lock(mutex_);
    for (const auto index : evidence_.indexes_of(key))
        if (evidence_[index].value == value) return;
    diagnostics::Evidence item;
    item.key = key;
    item.value = std::move(value);
    item.from = {diagnostics::Origin::EarlierAttempt, std::string(source), 0, base::to_valid_utf8(text.substr(0, 2000))};
    item.when = std::chrono::system_clock::now();
    evidence_.add(std::move(item));
}

void Reporter::storage_written() { written_ = true; }

diagnostics::EvidenceSet Reporter::take_evidence() {
    const std::scoped_lock lock(mutex_);
    return std::exchange(evidence_, {});
}

std::string Reporter::phone_words() const {
    const std::scoped_lock lock(mutex_);
    return words_;
}

}  // namespace unbrick::recovery::restore
