#include "simulator/services/lockdownd.h"

#include <array>

#include "simulator/services/keys.h"
#include "simulator/services/service_table.h"
#include "src/base/digest.h"

namespace unbrick::simulator::services {

using base::Plist;

namespace {

constexpr auto kTlsPatience = std::chrono::seconds(30);

// Since about iOS 14.5 EnterRecovery needs a session (restore-protocol.md 1.8).
bool recovery_needs_session(std::string_view version) {
    const auto parts = base::split(version, '.');
    const auto major = parts.empty() ? 0 : base::parse_int(parts[0]).value_or(0);
    const auto minor = parts.size() < 2 ? 0 : base::parse_int(parts[1]).value_or(0);
    return major > 14 || (major == 14 && minor >= 5);
}

// Services that a phone gives to hosts that it does not trust.
bool service_without_session(std::string_view name) {
    return name == "com.apple.mobile.insecure_notification_proxy";
}

std::string text_of(const std::optional<base::Bytes>& data) {
    return data ? std::string(base::as_text(*data)) : std::string();
}

class Connection {
public:
    Connection(std::shared_ptr<System> system, mux::Stream& stream) : system_(std::move(system)), stream_(stream) {}

    void run() {
        while (!over_) {
            auto request = stream_.read_plist(mux::idle_deadline());
            if (!request) return;
            if (system_->silent()) continue;
            Plist answer = handle(*request);
            if (!stream_.write_plist(answer)) return;
            if (!after_answer()) return;
        }
    }

private:
    enum class Next { Nothing, StartTls, StopTls, EnterRecovery };

    Plist answer_to(const Plist& request) const {
        Plist answer = Plist::dict();
        answer.set("Request", request.string_at("Request").value_or(""));
        return answer;
    }
    Plist success(const Plist& request) const { return answer_to(request).set("Result", "Success"); }
    Plist failure(const Plist& request, std::string_view error) const {
        return answer_to(request).set("Result", "Failure").set("Error", error);
    }

    Plist handle(const Plist& request) {
        const std::string what = request.string_at("Request").value_or("");
        if (what == "QueryType") return success(request).set("Type", "com.apple.mobile.lockdown");
        if (what == "GetValue") return get_value(request);
        if (what == "SetValue") return set_value(request);
        if (what == "RemoveValue") return in_session() ? success(request) : failure(request, "SessionInactive");
        if (what == "Pair") return pair(request);
        if (what == "ValidatePair") return validate_pair(request);
        if (what == "Unpair") return unpair(request);
        if (what == "StartSession") return start_session(request);
        if (what == "StopSession") return stop_session(request);
        if (what == "StartService") return start_service(request);
        if (what == "EnterRecovery") return enter_recovery(request);
        if (what == "Goodbye") { over_ = true; return success(request); }
        return failure(request, "InvalidService");
    }

    bool in_session() const { return !session_.empty(); }

    Plist get_value(const Plist& request) const {
        const std::string domain = request.string_at("Domain").value_or("");
        const auto key = request.string_at("Key");
        Plist answer = answer_to(request);
        if (!domain.empty()) answer.set("Domain", domain);
        if (!key) return std::move(answer).set("Result", "Success").set("Value", system_->domain_values(domain, in_session()));
        answer.set("Key", *key);
        System::Answer found = system_->value(domain, *key, in_session());
        if (!found.error.empty()) return std::move(answer).set("Result", "Failure").set("Error", found.error);
        return std::move(answer).set("Result", "Success").set("Value", std::move(found.value));
    }

    Plist set_value(const Plist& request) {
        const std::string error = system_->set_value(request.string_at("Domain").value_or(""),
                                                     request.string_at("Key").value_or(""), request.at("Value"), in_session());
        if (!error.empty()) return failure(request, error);
        return success(request).set("Key", request.string_at("Key").value_or("")).set("Value", request.at("Value"));
    }

    Plist pair(const Plist& request) {
        const Plist record = request.at("PairRecord");
        const std::string host = record.string_at("HostID").value_or("");
        if (host.empty() || text_of(record.data_at("DeviceCertificate")).empty()) return failure(request, "InvalidPairRecord");
        if (system_->pairing(host)) return success(request);
        if (system_->locked()) return failure(request, "PasswordProtected");
        switch (system_->trust_dialog()) {
            case TrustDialog::Accepted:
                system_->add_pairing(host, record);
                return success(request).set("EscrowBag", Plist::data(base::random_bytes(32)));
            case TrustDialog::Denied: return failure(request, "UserDeniedPairing");
            case TrustDialog::Closed:
            case TrustDialog::Open: break;
        }
        system_->show_trust_dialog();
        return failure(request, "PairingDialogResponsePending");
    }

    Plist validate_pair(const Plist& request) const {
        const std::string host = request.at("PairRecord").string_at("HostID").value_or("");
        return system_->pairing(host) ? success(request) : failure(request, "InvalidHostID");
    }

    Plist unpair(const Plist& request) {
        const std::string host = request.at("PairRecord").string_at("HostID").value_or("");
        return system_->remove_pairing(host) ? success(request) : failure(request, "InvalidHostID");
    }

    Plist start_session(const Plist& request) {
        const auto record = system_->pairing(request.string_at("HostID").value_or(""));
        if (!record) return failure(request, "InvalidHostID");
        if (in_session()) return failure(request, "SessionActive");
        auto key = device_key();
        if (!key) return failure(request, "InvalidPairRecord");
        identity_ = {text_of(record->data_at("DeviceCertificate")), key->private_key};
        host_certificate_ = text_of(record->data_at("HostCertificate"));
        root_certificate_ = text_of(record->data_at("RootCertificate"));
        session_ = base::to_hex(base::random_bytes(16), true);
        next_ = Next::StartTls;
        return success(request).set("EnableSessionSSL", Plist::boolean(true)).set("SessionID", session_);
    }

    Plist stop_session(const Plist& request) {
        if (!in_session()) return failure(request, "SessionInactive");
        next_ = Next::StopTls;
        return success(request);
    }

    Plist start_service(const Plist& request) {
        const std::string name = request.string_at("Service").value_or("");
        if (!in_session() && !service_without_session(name)) return failure(request, "SessionInactive");
        const ServiceEntry* entry = find_service(name);
        if (entry == nullptr) return failure(request, "InvalidService");
        if (!entry->while_locked && system_->locked()) return failure(request, "PasswordProtected");
        std::optional<mux::TlsIdentity> identity;
        if (in_session()) identity = identity_;
        const std::uint16_t port = system_->offer([system = system_, serve = entry->serve, identity](mux::Stream& stream) {
            if (identity && !stream.start_tls(*identity, base::Deadline::after(kTlsPatience))) return;
            serve(*system, stream);
        });
        Plist answer = success(request);
        answer.set("Service", name).set("Port", Plist::integer(port));
        if (identity) answer.set("EnableServiceSSL", Plist::boolean(true));
        return answer;
    }

    Plist enter_recovery(const Plist& request) {
        if (!in_session() && recovery_needs_session(system_->nature().product_version))
            return failure(request, "SessionInactive");
        next_ = Next::EnterRecovery;
        return success(request);
    }

    // What an answer started; it has left already.
    bool after_answer() {
        switch (std::exchange(next_, Next::Nothing)) {
            case Next::Nothing: return true;
            case Next::StartTls: {
                if (!stream_.start_tls(identity_, base::Deadline::after(kTlsPatience))) return false;
                const std::string peer = stream_.peer_certificate();
                // A phone ends the session of a host that shows another certificate than it paired with.
                return same_certificate(peer, root_certificate_) || same_certificate(peer, host_certificate_);
            }
            case Next::StopTls:
                stream_.stop_tls();
                session_.clear();
                return true;
            case Next::EnterRecovery:
                if (system_->acts().enter_recovery) system_->acts().enter_recovery();
                return true;
        }
        return true;
    }

    std::shared_ptr<System> system_;
    mux::Stream& stream_;
    std::string session_;
    mux::TlsIdentity identity_;
    std::string host_certificate_;
    std::string root_certificate_;
    Next next_ = Next::Nothing;
    bool over_ = false;
};

}  // namespace

mux::Service normal_mode_service(const std::shared_ptr<System>& system, std::uint16_t port) {
    if (port == kLockdownPort) return [system](mux::Stream& stream) { Connection(system, stream).run(); };
    return system->take(port);
}

}  // namespace unbrick::simulator::services
