// A healthy phone in Normal mode, seen through the real libraries. Runs inside the rehearsal "healthy".
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <mutex>

#include "diagnostics/probes/probe.h"
#include "src/device/link_measurement.h"
#include "src/device/links/normal_link.h"
#include "src/device/recorder.h"
#include "src/device/watcher.h"

namespace unbrick::device {
namespace {

// The recording of a run, when the test asks for one: it is played back by another test.
void record_if_asked() {
    const char* file = std::getenv("UNBRICK_TEST_RECORDING");
    if (file == nullptr) return;
    std::filesystem::remove(file);
    auto recorder = Recorder::create(file);
    ASSERT_TRUE(recorder);
    Recorder::install(*recorder);
}

base::Deadline soon() { return base::Deadline::after(std::chrono::seconds(20)); }

TEST(Healthy, IsSeenAskedAndSentToRecovery) {
    record_if_asked();
    std::mutex mutex;   // before the watcher: its thread calls back until it is destroyed
    std::vector<std::uint64_t> sequences;
    auto watcher = Watcher::start();
    ASSERT_TRUE(watcher) << watcher.error().to_string();
    (*watcher)->subscribe([&](const WatchEvent& event) {
        const std::scoped_lock lock(mutex);
        sequences.push_back(event.sequence);
    });
    ASSERT_TRUE((*watcher)->wait_settled(soon(), {}));
    const auto phone = (*watcher)->wait_for_any([](const Phone& seen) { return seen.mode == Mode::Normal && seen.hidden == Hidden::No; }, soon(), {});
    ASSERT_TRUE(phone) << phone.error().to_string();
    EXPECT_TRUE(phone->key.ecid);
    EXPECT_FALSE(phone->identity.product_type.empty());

    diagnostics::ProbeContext context;
    context.watcher = watcher->get();
    context.phone = *phone;
    context.deadline = soon();
    context.link_span = std::chrono::milliseconds(200);
    for (const auto* probe : diagnostics::probes_for(*phone))
        for (const auto& evidence : diagnostics::run_probe(*probe, context)) {
            EXPECT_NE(evidence.key, "probe.failed") << probe->id << ": " << evidence.from.text;
            const bool promised = std::find(probe->keys.begin(), probe->keys.end(), evidence.key) != probe->keys.end();
            EXPECT_TRUE(promised) << probe->id << " gives " << evidence.key << " without saying so";
        }

    // A request that was stopped ends at once, and one without time as well.
    std::stop_source stopped;
    stopped.request_stop();
    const auto cancelled = (*watcher)->wait_for(phone->key, [](const Phone&) { return false; }, soon(), stopped.get_token());
    ASSERT_FALSE(cancelled);
    EXPECT_EQ(cancelled.error().code(), base::ErrorCode::Cancelled);

    auto link = NormalLink::open(phone->mux_udid, soon(), {});
    ASSERT_TRUE(link) << link.error().to_string();
    const auto refused = link->value("", "NoSuchValue", soon(), {});
    ASSERT_FALSE(refused) << "without a session the phone tells only a few values";
    EXPECT_EQ(refused.error().native().domain, "lockdown");
    ASSERT_TRUE(link->start_session(soon(), {}));
    const auto missing = link->value("", "NoSuchValue", soon(), {});
    ASSERT_TRUE(missing) << missing.error().to_string();
    EXPECT_FALSE(*missing);
    const auto sent = link->enter_recovery(soon(), {});
    ASSERT_TRUE(sent) << sent.error().to_string();
    const auto recovery = (*watcher)->wait_for(phone->key, [](const Phone& seen) { return seen.mode == Mode::Recovery; }, soon(), {});
    ASSERT_TRUE(recovery) << recovery.error().to_string();
    EXPECT_EQ(recovery->key, phone->key) << "the same phone, by its ECID";
    const std::scoped_lock lock(mutex);
    for (std::size_t index = 1; index < sequences.size(); ++index) EXPECT_EQ(sequences[index], sequences[index - 1] + 1);
    if (const auto recorder = Recorder::installed()) {
        EXPECT_TRUE(recorder->flush());
    }
}

}  // namespace
}  // namespace unbrick::device
