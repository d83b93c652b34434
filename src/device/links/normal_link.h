// A phone in Normal mode: lockdownd and its services, through usbmuxd and libimobiledevice.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "src/device/links/plist_connection.h"

namespace unbrick::device {

// {"lockdown": name} as an error of ours: PasswordProtected is Locked, PairingDialogResponsePending and the
// other pairing names are NotTrusted, the rest PhoneRefused. native() is {"lockdown", libimobiledevice's number}.
base::Error lockdown_error(std::string what, std::string_view name);
// The same from a number that libimobiledevice returned.
base::Error lockdown_error_of(std::string what, int number);

// What listens on port 62078.
enum class LockdownPeer { Lockdown, Restored };

enum class PairingState { Paired, NoRecord, Refused, DialogPending, PasscodeLocked };
std::string_view to_string(PairingState state);

struct CrashReport { std::string path; std::uint64_t size = 0; };

class NormalLink {
public:
    static base::Result<NormalLink> open(const std::string& udid, const base::Deadline& deadline, const std::stop_token& stop,
                                         LinkOptions options = {});

    LockdownPeer peer() const { return peer_; }
    bool in_session() const { return !session_.empty(); }

    // A value of lockdownd; domain and key may be empty. Nothing: the phone has no such value. Many values need no
    // session (restore-protocol.md 1.8); the others are refused: PhoneRefused or NotTrusted.
    base::Result<std::optional<base::Plist>> value(std::string_view domain, std::string_view key, const base::Deadline& deadline,
                                                   const std::stop_token& stop);
    // Whether this computer and the phone trust each other: starts (and keeps) a session when a record is there.
    // Reads only: never makes the phone show its Trust dialog.
    base::Result<PairingState> pairing(const base::Deadline& deadline, const std::stop_token& stop);
    // Asks the phone for trust: it shows its dialog. Errors: NotTrusted (dialog pending or refused), Locked.
    // May take libimobiledevice's own 30 s a message; `stop` is looked at between them.
    base::Status pair(const base::Deadline& deadline, const std::stop_token& stop);
    // Errors: NotTrusted when there is no record or the phone does not know it any more, Locked.
    base::Status start_session(const base::Deadline& deadline, const std::stop_token& stop);

    // Starts a service (a session is begun when there is none) and connects to it.
    base::Result<PlistConnection> service(std::string_view name, const base::Deadline& deadline, const std::stop_token& stop);

    // EnterRecovery: without a session first, then with one (1.8). Success means that the phone said Success;
    // whether it goes is for the watcher to see.
    base::Status enter_recovery(const base::Deadline& deadline, const std::stop_token& stop);
    // Removes this computer's pair record (a restore makes it worthless).
    base::Status forget_pairing();

    // diagnostics_relay. Nothing: the phone has no such entry (or no longer answers this question: MobileGestalt).
    base::Result<std::optional<base::Plist>> io_registry(std::string_view entry_name, std::string_view entry_class,
                                                         const base::Deadline& deadline, const std::stop_token& stop);
    base::Result<std::optional<base::Plist>> mobile_gestalt(const std::vector<std::string>& keys, const base::Deadline& deadline,
                                                            const std::stop_token& stop);
    base::Status restart(const base::Deadline& deadline, const std::stop_token& stop);   // diagnostics_relay Restart

    // Files below the crash report folder; asks the mover first, so that newest reports are there.
    base::Result<std::vector<CrashReport>> crash_reports(std::size_t at_most, const base::Deadline& deadline, const std::stop_token& stop);
    base::Result<base::Bytes> read_crash_report(const std::string& path, std::size_t limit, const base::Deadline& deadline,
                                                const std::stop_token& stop);

    // mobileactivation: "Activated", "Unactivated", "FactoryActivated" ...
    base::Result<std::string> activation_state(const base::Deadline& deadline, const std::stop_token& stop);

    const std::string& udid() const { return udid_; }
    const Idevice& device() const { return device_; }
    const LinkOptions& options() const { return options_; }

private:
    NormalLink(Idevice device, std::string udid, PlistConnection lockdown, LinkOptions options)
        : device_(std::move(device)), udid_(std::move(udid)), lockdown_(std::move(lockdown)), options_(std::move(options)) {}
    base::Result<base::Plist> request(base::Plist message, const base::Deadline& deadline, const std::stop_token& stop);

    Idevice device_;
    std::string udid_;
    PlistConnection lockdown_;
    LinkOptions options_;
    LockdownPeer peer_ = LockdownPeer::Lockdown;
    std::string session_;
};

// Identity from lockdownd's values without a session.
base::Result<Identity> read_identity(NormalLink& link, const base::Deadline& deadline, const std::stop_token& stop);

}  // namespace unbrick::device
