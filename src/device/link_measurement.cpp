#include "src/device/link_measurement.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "src/device/links/normal_link.h"
#include "src/device/links/settle.h"
#include "src/device/links/usb_handle.h"

namespace unbrick::device {

namespace {

constexpr std::size_t kMostLatencies = 240;
constexpr std::chrono::milliseconds kBetween{4};           // so that the measuring itself does not fill the link
constexpr std::chrono::milliseconds kProgressEvery{100};
constexpr std::chrono::milliseconds kOneTransfer{2000};    // a small transfer that takes longer has failed

class Samples {
public:
    void add(double milliseconds) {
        all_.push_back(static_cast<float>(milliseconds));
        if (all_.size() > 20000) all_.erase(all_.begin(), all_.begin() + 10000);
    }
    void write_to(LinkMeasurement& into) const {
        if (all_.empty()) return;
        std::vector<float> sorted = all_;
        std::sort(sorted.begin(), sorted.end());
        into.latency_ms_median = sorted[sorted.size() / 2];
        into.latency_ms_p95 = sorted[sorted.size() * 95 / 100];
        double distance = 0;
        for (std::size_t index = 1; index < all_.size(); ++index) distance += std::fabs(all_[index] - all_[index - 1]);
        into.jitter_ms = all_.size() > 1 ? distance / static_cast<double>(all_.size() - 1) : 0;
        into.latency_ms.assign(all_.size() > kMostLatencies ? all_.end() - kMostLatencies : all_.begin(), all_.end());
    }

private:
    std::vector<float> all_;
};

// One way to send something small and have it answered.
class Pinger {
public:
    virtual ~Pinger() = default;
    virtual base::Status ping(const std::stop_token& stop) = 0;
};

class UsbPinger final : public Pinger {
public:
    explicit UsbPinger(UsbHandle usb) : usb_(std::move(usb)) {}
    base::Status ping(const std::stop_token& stop) override {
        // The device descriptor: every mode answers it, nothing is changed by it.
        auto answer = usb_.control_in(0x80, 6, 0x0100, 0, 18, base::Deadline::after(kOneTransfer), stop);
        if (!answer) return base::fail(std::move(answer).error());
        if (answer->size() != 18) return base::fail(base::ErrorCode::Protocol, "a short device descriptor");
        return {};
    }

private:
    UsbHandle usb_;
};

class LockdownPinger final : public Pinger {
public:
    explicit LockdownPinger(NormalLink link) : link_(std::move(link)) {}
    base::Status ping(const std::stop_token& stop) override {
        auto answer = link_.value("", "ProductVersion", base::Deadline::after(kOneTransfer), stop);
        // A refusal is an answer as well: the link works.
        if (!answer && answer.error().native().domain != "lockdown") return base::fail(std::move(answer).error());
        return {};
    }

private:
    NormalLink link_;
};

base::Result<std::unique_ptr<Pinger>> open_pinger(const Phone& phone, const std::stop_token& stop) {
    LinkOptions options;
    options.phone = phone.key.to_string();
    if (!phone.mux_udid.empty()) {
        UB_TRY(NormalLink link, NormalLink::open(phone.mux_udid, base::Deadline::after(kOneTransfer), stop, options));
        return std::unique_ptr<Pinger>(std::make_unique<LockdownPinger>(std::move(link)));
    }
    if (!phone.usb) return base::fail(base::ErrorCode::NoPhone, "the phone is not there");
    UB_TRY(UsbHandle usb, UsbHandle::open(phone.usb->address, options));
    return std::unique_ptr<Pinger>(std::make_unique<UsbPinger>(std::move(usb)));
}

}  // namespace

double link_score(std::uint64_t transfers, std::uint64_t errors, std::uint64_t reconnects) {
    if (transfers == 0 && reconnects == 0) return -1;
    const double error_share = transfers != 0 ? static_cast<double>(errors) / static_cast<double>(transfers) : 0;
    return std::pow(0.5, error_share / 0.02) * std::pow(0.5, static_cast<double>(reconnects));
}

base::Json LinkMeasurement::to_json() const {
    return {{"transfers", transfers}, {"errors", errors}, {"timeouts", timeouts}, {"reconnects", reconnects},
            {"latency_ms_median", latency_ms_median}, {"latency_ms_p95", latency_ms_p95}, {"jitter_ms", jitter_ms},
            {"speed_mbit", speed_mbit}, {"score", score}, {"span_ms", span.count()}};
}

base::Result<LinkMeasurement> measure_link(Watcher& watcher, const PhoneKey& key, std::chrono::milliseconds span,
                                           const std::function<void(const LinkMeasurement&)>& progress, const std::stop_token& stop) {
    auto phone = watcher.find(key);
    // Away for now is what a bad cable does: it is waited for. A phone never seen is another thing.
    if (!phone) return base::fail(base::ErrorCode::NoPhone, "the phone is not there");
    LinkMeasurement result;
    if (phone->usb) result.speed_mbit = phone->usb->speed;
    Samples samples;
    const auto begun = base::SteadyClock::now();
    const auto until = base::Deadline::after(span);
    auto told = begun;
    const std::uint32_t arrivals_before = phone->arrivals;
    std::unique_ptr<Pinger> pinger;
    const auto finish = [&] {
        samples.write_to(result);
        if (const auto now = watcher.find(key); now && now->arrivals > arrivals_before) result.reconnects = now->arrivals - arrivals_before;
        result.span = std::chrono::duration_cast<std::chrono::milliseconds>(base::SteadyClock::now() - begun);
        result.score = link_score(result.transfers, result.errors, result.reconnects);
    };
    while (!until.expired()) {
        UB_TRY_VOID(base::check_cancelled(stop, "measure the link"));
        if (!pinger) {
            phone = watcher.find(key);
            const bool there = phone && phone->present() && (phone->usb || !phone->mux_udid.empty());
            auto opened = there ? open_pinger(*phone, stop) : base::fail(base::ErrorCode::NoPhone, "away");
            if (opened) {
                pinger = std::move(*opened);
            } else if (opened.error().code() == base::ErrorCode::PermissionDenied) {
                return base::fail(std::move(opened).error());
            } else {
                // Away, or not ready: its next event or a moment later.
                const auto sequence = phone ? phone->sequence : 0;
                (void)watcher.wait_for(key, [&](const Phone& now) { return now.sequence != sequence && now.present(); },
                                       base::Deadline::after(std::min(std::chrono::milliseconds(200), until.remaining())), stop);
            }
        } else {
            const auto sent = base::SteadyClock::now();
            const auto answered = pinger->ping(stop);
            ++result.transfers;
            if (answered) {
                samples.add(std::chrono::duration<double, std::milli>(base::SteadyClock::now() - sent).count());
                settle(kBetween, stop);
            } else if (answered.error().code() != base::ErrorCode::Cancelled) {
                ++result.errors;
                if (answered.error().code() == base::ErrorCode::TimedOut) ++result.timeouts;
                pinger.reset();
            }
        }
        if (const auto now = base::SteadyClock::now(); progress && now - told >= kProgressEvery) {
            told = now;
            finish();
            progress(result);
        }
    }
    finish();
    return result;
}

}  // namespace unbrick::device
