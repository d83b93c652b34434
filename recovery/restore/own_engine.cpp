#include "recovery/restore/own_engine.h"

#include <fmt/core.h>

#include <cstdlib>

#include "recovery/restore/boot_chain.h"
#include "recovery/restore/inhibit.h"
#include "recovery/restore/options.h"
#include "recovery/restore/reverse_proxy.h"
#include "recovery/restore/session.h"
#include "src/device/links/restore_link.h"
#include "src/knowledge/knowledge.h"

namespace unbrick::recovery::restore {

using base::ErrorCode;
using base::fail;
using base::Plist;
using device::Mode;

namespace {

constexpr std::uint16_t kRestoredPort = 62078;
constexpr PhoneSpan kAnswer{30};

bool in_rehearsal() {
    const char* rehearsal = std::getenv("UNBRICK_REHEARSAL");
    return rehearsal != nullptr && rehearsal[0] != '\0';
}

class Run {
public:
    Run(device::Watcher& watcher, const knowledge::Knowledge& knowledge, const RestoreRequest& request, Reporter& reporter, const base::PhoneClock& clock)
        : watcher_(watcher), request_(request), reporter_(reporter), clock_(clock),
          signing_(request.signing_server.empty() ? firmware::signing::Client::default_server() : request.signing_server, knowledge.document("signing")),
          preparation_(watcher, request, reporter, clock, signing_),
          messages_(reporter, knowledge.document("checkpoints"), knowledge.document("operations"), knowledge.document("restore_times")) {}

    base::Status go(const std::stop_token& stop) {
        reporter_.stage("check-firmware");
        UB_TRY_VOID(preparation_.open_firmware());
        reporter_.stage("identify");
        UB_TRY(auto phone, watcher_.wait_for(request_.phone, [](const device::Phone& seen) { return seen.present() && seen.mode != Mode::Unknown; },
                                             clock_.patience(PhoneSpan(10)), stop));
        if (phone.mode == Mode::Restore) {
            UB_TRY(phone, out_of_restore_mode(phone, stop));
        }
        UB_TRY_VOID(preparation_.identify(phone, stop));
        auto& prepared = preparation_.prepared();
        UB_TRY(image_, ImageSource::open(prepared.archive, *prepared.identity));
        UB_TRY_VOID(preparation_.sign(stop));
        const SleepInhibitor awake("a phone's system is being restored");

        if (phone.mode == Mode::Normal) UB_TRY_VOID(preparation_.leave_normal(phone, stop));
        BootChain chain({&watcher_, request_.phone, &reporter_, &clock_, prepared.manifest.build_major(), true, prepared.personalizer,
                         [&](const device::IbootInfo& info) { return preparation_.sign_again(info, stop); }});
        if (phone.mode == Mode::Dfu || phone.mode == Mode::Kis) UB_TRY_VOID(chain.from_dfu(stop));
        else UB_TRY_VOID(chain.from_recovery(stop));
        UB_TRY(phone, chain.to_restore_mode(stop));
        return in_restore_mode(phone, stop);
    }

    const std::string& phone_log() const { return messages_.phone_log(); }

private:
    // A phone that an earlier attempt left in Restore mode: its 120 s for StartRestore may be over, and the firmware may be
    // another; it is restarted, which brings it to Recovery (or to Normal, when it was done).
    base::Result<device::Phone> out_of_restore_mode(const device::Phone& phone, const std::stop_token& stop) {
        reporter_.said("the phone is in Restore mode from an earlier attempt; restarting it");
        UB_TRY(auto link, device::RestoreLink::open(phone.mux_udid, clock_.patience(kAnswer), stop));
        static_cast<void>(link.reboot(clock_.patience(kAnswer), stop));
        return watcher_.wait_for(request_.phone, [&](const device::Phone& seen) { return seen.present() && seen.arrivals > phone.arrivals && (seen.mode == Mode::Recovery || seen.mode == Mode::Dfu || seen.mode == Mode::Normal) && (seen.usb || !seen.mux_udid.empty()); },
                                 clock_.patience(PhoneSpan(90)), stop);
    }

    base::Result<Plist> ask(Channel& channel, Plist message, const std::stop_token& stop) {
        UB_TRY_VOID(channel.send(message.set("Label", "unbrick"), clock_.patience(kAnswer), stop));
        return channel.receive(clock_.patience(kAnswer), stop);
    }

    base::Status in_restore_mode(const device::Phone& phone, const std::stop_token& stop) {
        auto& prepared = preparation_.prepared();
        UB_TRY(auto main, Channel::connect(phone.mux_udid, kRestoredPort, "restored", clock_.patience(PhoneSpan(60)), stop));
        UB_TRY(const auto type, ask(*main, Plist::dict().set("Request", "QueryType"), stop));
        if (type.string_at("Type") != "com.apple.mobile.restored") return fail(ErrorCode::WrongMode, "the phone is not in Restore mode");
        const auto protocol = type.integer_at("RestoreProtocolVersion").value_or(15);
        UB_TRY(const auto hardware, ask(*main, Plist::dict().set("Request", "QueryValue").set("QueryKey", "HardwareInfo"), stop));
        // It may come as a negative number: the same 64 bits (restore-protocol.md 1.6).
        const auto ecid = hardware.at("HardwareInfo").integer_at("UniqueChipID");
        if (!ecid || *ecid != prepared.phone.ecid) return fail(ErrorCode::NoPhone, "another phone answers in Restore mode");
        if (auto saved = ask(*main, Plist::dict().set("Request", "QueryValue").set("QueryKey", "SavedDebugInfo"), stop)) {
            const auto info = saved->at("SavedDebugInfo");
            if (const auto status = info.string_at("PreviousExitStatus")) reporter_.phone_said("PreviousExitStatus " + base::to_valid_utf8(*status));
            if (const auto panic = info.string_at("PanicLog"); panic && !panic->empty()) reporter_.evidence("restore.saved_panic", base::to_valid_utf8(panic->substr(0, 20000)), "SavedDebugInfo PanicLog");
        }
        if (request_.dry_run) {
            reporter_.said("the RAM disk runs and answers; nothing was written. Restarting the phone");
            static_cast<void>(ask(*main, Plist::dict().set("Request", "Reboot"), stop));
            return {};
        }
        const auto connect = [udid = phone.mux_udid](std::uint16_t port, std::string name, const base::Deadline& deadline, const std::stop_token& inner) {
            return Channel::connect(udid, port, std::move(name), deadline, inner);
        };
        const ReverseProxy proxy(connect, reporter_, clock_, in_rehearsal());
        SessionParts parts;
        parts.udid = phone.mux_udid;
        parts.archive = prepared.archive;
        parts.manifest = &prepared.manifest;
        parts.identity = prepared.identity;
        parts.recovery_identity = prepared.recovery_identity;
        parts.personalizer = prepared.personalizer;
        parts.phone = prepared.phone;
        parts.signing = &signing_;
        parts.baseband_answer = prepared.baseband_answer;
        parts.reporter = &reporter_;
        parts.messages = &messages_;
        parts.clock = &clock_;
        parts.erase = request_.kind == Kind::Erase;
        parts.folder = request_.folder;
        parts.image = image_;
        parts.connect = connect;
        Session session(std::move(parts), std::move(main));
        return session.run(restore_options({prepared.identity, prepared.recovery_identity, prepared.archive.get(), prepared.phone.baseband_preflight, prepared.manifest.build_major()}), protocol, stop);
    }

    device::Watcher& watcher_;
    const RestoreRequest& request_;
    Reporter& reporter_;
    const base::PhoneClock& clock_;
    firmware::signing::Client signing_;
    Preparation preparation_;
    PhoneMessages messages_;
    std::shared_ptr<ImageSource> image_;
};

}  // namespace

OwnEngineEnd run_own_engine(device::Watcher& watcher, const knowledge::Knowledge& knowledge, const RestoreRequest& request, Reporter& reporter,
                            const base::PhoneClock& clock, const std::stop_token& stop) {
    Run run(watcher, knowledge, request, reporter, clock);
    auto status = run.go(stop);
    return {std::move(status), run.phone_log()};
}

}  // namespace unbrick::recovery::restore
