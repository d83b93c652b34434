// A scripted host speaks to restored over socket pairs: the order, the checks and the faults of the phone's side.
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <map>
#include <thread>

#include "simulator/firmware/ipsw_maker.h"
#include "simulator/restore/boot_chain.h"
#include "simulator/restore/restored.h"
#include "simulator/servers/signing_server.h"

using namespace unbrick;
using namespace unbrick::simulator;
using base::Plist;

namespace {

class FakePorts : public Ports {
public:
    void open(std::uint16_t port, std::function<void(base::Fd)> serve) override {
        const std::lock_guard lock(mutex_);
        open_[port] = std::move(serve);
    }
    void close(std::uint16_t port) override {
        const std::lock_guard lock(mutex_);
        open_.erase(port);
    }
    base::Fd connect(std::uint16_t port) {
        std::function<void(base::Fd)> serve;
        {
            const std::lock_guard lock(mutex_);
            if (!open_.contains(port)) return base::Fd();
            serve = open_[port];
        }
        int ends[2];
        if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return base::Fd();
        threads_.emplace_back([serve, fd = ends[1]] { serve(base::Fd(fd)); });
        return base::Fd(ends[0]);
    }
    ~FakePorts() override {
        for (auto& thread : threads_) thread.join();
    }

private:
    std::mutex mutex_;
    std::map<std::uint16_t, std::function<void(base::Fd)>> open_;
    std::vector<std::thread> threads_;
};

struct World {
    FakePorts ports;
    RestorePhone phone;
    std::vector<std::string> violations, history;
    bool rebooted = false;
    std::mutex mutex;
    World() {
        phone.generation = *find_generation("a12");
        phone.trust.ecid = 0x1234, phone.trust.chip = phone.generation.cpid, phone.trust.board = phone.generation.bdid;
        phone.ports = &ports;
        phone.hardware_model = "N841AP";
        phone.pause = [](PhoneSeconds) { return true; };
        phone.violation = [this](std::string text) { const std::lock_guard lock(mutex); violations.push_back(std::move(text)); };
        phone.happened = [this](std::string text) { const std::lock_guard lock(mutex); history.push_back(std::move(text)); };
        phone.reboot = [this] { const std::lock_guard lock(mutex); rebooted = true; };
        phone.pull_cable = [] {};
        phone.erased = [](std::string) {};
        phone.image_begun = [] {};
        phone.image_written = [](base::Bytes, std::uint64_t) {};
        phone.finished = [](std::string, std::string) {};
    }
};

base::Deadline soon() { return base::Deadline::after(std::chrono::seconds(10)); }

}  // namespace

TEST(RestoredAnswers, TypeHardwareAndNonsense) {
    World world;
    // The host's patience ends only with phone time; here it must not run out by itself.
    world.phone.pause = [](PhoneSeconds) { return false; };
    Restored restored(world.phone, RamdiskNote{"Erase", "15.4.1", "19E258"});
    Channel host(world.ports.connect(62078));
    ASSERT_TRUE(host.send_plist(Plist::dict().set("Request", "QueryType"), soon()));
    auto answer = host.receive_plist(soon());
    ASSERT_TRUE(answer) << answer.error().to_string();
    EXPECT_EQ(answer->string_at("Type"), "com.apple.mobile.restored");
    EXPECT_EQ(answer->integer_at("RestoreProtocolVersion"), 15u);
    ASSERT_TRUE(host.send_plist(Plist::dict().set("Request", "QueryValue").set("QueryKey", "HardwareInfo"), soon()));
    answer = host.receive_plist(soon());
    EXPECT_EQ(answer->at("HardwareInfo").integer_at("UniqueChipID"), 0x1234u);
    ASSERT_TRUE(host.send_plist(Plist::dict().set("Request", "GetValue"), soon()));
    answer = host.receive_plist(soon());
    EXPECT_TRUE(answer->has("Error"));
    ASSERT_TRUE(host.send_plist(Plist::dict().set("Request", "Goodbye"), soon()));
    EXPECT_TRUE(host.receive_plist(soon()));
}

TEST(RestoredAnswers, RefusesAHostWithoutItsLists) {
    World world;
    Restored restored(world.phone, RamdiskNote{"Erase", "15.4.1", "19E258"});
    Channel host(world.ports.connect(62078));
    ASSERT_TRUE(host.send_plist(Plist::dict().set("Request", "StartRestore").set("RestoreOptions", Plist::dict()), soon()));
    std::optional<Plist> status;
    for (int i = 0; i < 20 && !status; ++i) {
        auto message = host.receive_plist(soon());
        ASSERT_TRUE(message) << message.error().to_string();
        if (message->string_at("MsgType") == "StatusMsg") status = *message;
    }
    ASSERT_TRUE(status);
    EXPECT_NE(status->string_at("Log")->find("unsupported"), std::string::npos);
}

TEST(BootChainOrder, RefusesWhatAPhoneRefuses) {
    const auto& generation = *find_generation("a15");
    auto key = SigningKey::generate();
    PhoneTrust trust;
    trust.ecid = 5, trust.chip = generation.cpid, trust.board = generation.bdid, trust.ap_nonce = base::Bytes(32, 1), trust.sep_nonces = {base::Bytes(20, 2)}, trust.key = &*key;
    const auto component = [](std::string_view fourcc, std::string_view payload) { return make_im4p(fourcc, "x", base::as_bytes(payload)); };
    const auto note = RamdiskNote{"Update", "18.1", "22B83"}.to_text();
    const std::map<std::string, base::Bytes> images{{"iBEC", component("ibec", "e")}, {"RestoreRamDisk", component("rdsk", note)}, {"RestoreDeviceTree", component("rdtr", "d")},
                                                    {"RestoreSEP", component("rsep", "s")}, {"RestoreKernelCache", component("rkrn", "k")}, {"RestoreTrustCache", component("rtsc", "t")},
                                                    {"Ap,RestoreSecurePageTableMonitor", component("rspt", "p")}, {"Ap,RestoreTrustedExecutionMonitor", component("rtrx", "x")}};
    TicketFor what;
    what.ecid = 5, what.chip = generation.cpid, what.board = generation.bdid, what.ap_nonce = trust.ap_nonce, what.sep_nonce = trust.sep_nonces.front(), what.components = Plist::dict();
    for (const auto& [name, bytes] : images) what.components.set(name, Plist::dict().set("Digest", Plist::data(base::digest_of(base::DigestKind::Sha384, bytes))));
    const auto ticket = make_ticket(what, fourcc_table(), *key);
    const auto wrapped = [&](const char* name) {
        base::Bytes inner{0x16, 4, 'I', 'M', 'G', '4'};
        const auto& im4p = images.at(name);
        inner.insert(inner.end(), im4p.begin(), im4p.end());
        const auto tail = base::Bytes{0xA0, 0x82, static_cast<std::uint8_t>(ticket.size() >> 8), static_cast<std::uint8_t>(ticket.size())};
        inner.insert(inner.end(), tail.begin(), tail.end());
        inner.insert(inner.end(), ticket.begin(), ticket.end());
        base::Bytes all{0x30, 0x82, static_cast<std::uint8_t>(inner.size() >> 8), static_cast<std::uint8_t>(inner.size())};
        all.insert(all.end(), inner.begin(), inner.end());
        return all;
    };
    const auto boot = [&](double settle, bool with_sep) {
        BootChain chain(generation, trust);
        chain.restart(BootStage::IbootRecovery);
        chain.upload(wrapped("iBEC"), 0);
        EXPECT_EQ(chain.command("go", 0).action, BootAction::StartIbec);
        for (const auto* name : {"RestoreTrustCache", "Ap,RestoreSecurePageTableMonitor", "Ap,RestoreTrustedExecutionMonitor"}) {
            chain.upload(wrapped(name), 1);
            EXPECT_EQ(chain.command("firmware", 1).action, BootAction::Stay);
        }
        chain.upload(wrapped("RestoreRamDisk"), 10);
        EXPECT_EQ(chain.command("ramdisk", 10).action, BootAction::Stay);
        chain.upload(wrapped("RestoreDeviceTree"), 10 + settle);
        EXPECT_EQ(chain.command("devicetree", 12).action, BootAction::Stay);
        if (with_sep) {
            chain.upload(wrapped("RestoreSEP"), 13);
            EXPECT_EQ(chain.command("rsepfirmware", 13).action, BootAction::Stay);
        }
        chain.upload(wrapped("RestoreKernelCache"), 14);
        return chain.command("bootx", 14).action;
    };
    EXPECT_EQ(boot(2, true), BootAction::BootRestore);
    EXPECT_EQ(boot(0.2, true), BootAction::FallBack);   // settle time ignored
    EXPECT_EQ(boot(2, false), BootAction::FallBack);    // no SEP
    BootChain early(generation, trust);
    early.restart(BootStage::IbootRecovery);
    early.upload(wrapped("RestoreRamDisk"), 0);
    EXPECT_EQ(early.command("ramdisk", 0).action, BootAction::FallBack);  // not in iBEC
    BootChain raw(generation, trust);
    raw.restart(BootStage::IbootRecovery);
    raw.upload(images.at("iBEC"), 0);
    EXPECT_EQ(raw.command("go", 0).action, BootAction::FallBack);  // not personalised
}
