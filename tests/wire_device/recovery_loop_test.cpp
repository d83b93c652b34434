// A phone that stays in recovery because auto-boot was left off. Runs inside the rehearsal "recovery-loop".
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "src/device/link_measurement.h"
#include "src/device/links/recovery_link.h"
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

TEST(RecoveryLoop, ReadsVariablesUploadsAndKicksItOut) {
    record_if_asked();
    auto watcher = Watcher::start();
    ASSERT_TRUE(watcher) << watcher.error().to_string();
    ASSERT_TRUE((*watcher)->wait_settled(soon(), {}));
    const auto phone = (*watcher)->wait_for_any([](const Phone& seen) { return seen.mode == Mode::Recovery && !seen.iboot.ap_nonce.empty(); }, soon(), {});
    ASSERT_TRUE(phone) << phone.error().to_string();
    const auto measured = measure_link(**watcher, phone->key, std::chrono::milliseconds(200), {}, {});
    ASSERT_TRUE(measured) << measured.error().to_string();
    EXPECT_GT(measured->transfers, 5u);
    EXPECT_EQ(measured->errors, 0u);
    LinkOptions options;
    options.counters = std::make_shared<TransferCounters>();
    auto link = RecoveryLink::open(phone->usb->address, soon(), {}, options);
    ASSERT_TRUE(link) << link.error().to_string();
    const auto info = link->info(soon(), {});
    ASSERT_TRUE(info);
    EXPECT_EQ(info->ecid, phone->key.ecid);
    const auto auto_boot = link->getenv("auto-boot", soon(), {});
    ASSERT_TRUE(auto_boot) << auto_boot.error().to_string();
    EXPECT_EQ(auto_boot->value_or("unset"), "false");
    const auto unset = link->getenv("no-such-variable", soon(), {});
    ASSERT_TRUE(unset) << unset.error().to_string();
    EXPECT_FALSE(*unset) << "an unset variable stalls, and that is no fault";
    EXPECT_EQ(options.counters->read().errors(), 0u);
    EXPECT_FALSE(link->command("setenv a\nb", 0, soon(), {}));
    EXPECT_FALSE(link->command(std::string(300, 'x'), 0, soon(), {}));

    const base::Bytes image(0x8000 * 3, 0x5a);   // a multiple of the packet: needs the empty packet at its end
    std::uint64_t last = 0;
    const auto uploaded = link->upload(UploadSource::of(image), [&](std::uint64_t done, std::uint64_t) { last = done; }, soon(), {});
    EXPECT_TRUE(uploaded) << uploaded.error().to_string();
    EXPECT_EQ(last, image.size());

    ASSERT_TRUE(link->setenv("auto-boot", "true", soon(), {}));
    ASSERT_TRUE(link->saveenv(soon(), {}));
    ASSERT_TRUE(link->reboot(soon(), {}));
    const auto normal = (*watcher)->wait_for(phone->key, [](const Phone& seen) { return seen.mode == Mode::Normal; }, base::Deadline::after(std::chrono::seconds(40)), {});
    ASSERT_TRUE(normal) << normal.error().to_string();
    EXPECT_EQ(normal->key, phone->key);
    watcher->reset();   // its last words are in the recording, too
    if (const auto recorder = Recorder::installed()) {
        EXPECT_TRUE(recorder->flush());
    }
}

}  // namespace
}  // namespace unbrick::device
