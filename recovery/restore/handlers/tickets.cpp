// The ticket, the build identity and other short answers.
#include <chrono>

#include "recovery/restore/handlers.h"

namespace unbrick::recovery::restore {

using base::Plist;

namespace {

base::Status root_ticket(Session& session, const DataRequest& request, const std::stop_token& stop) {
    return session.answer(request, Plist::dict().set("RootTicketData", Plist::data(session.parts().personalizer->ticket().bytes())), stop);
}

base::Status recovery_root_ticket(Session& session, const DataRequest& request, const std::stop_token& stop) {
    UB_TRY(const auto personalizer, session.recovery_personalizer(stop));
    return session.answer(request, Plist::dict().set("RootTicketData", Plist::data(personalizer->ticket().bytes())), stop);
}

base::Status build_identity(Session& session, const DataRequest& request, const std::stop_token& stop) {
    const auto& parts = session.parts();
    const bool recovery = request.arguments.boolean_at("IsRecoveryOS").value_or(false);
    const auto* identity = recovery && parts.recovery_identity != nullptr ? parts.recovery_identity : parts.identity;
    const auto variant = request.arguments.string_at("Variant").value_or(parts.erase ? "Erase" : "Update");
    return session.answer(request, Plist::dict().set("BuildIdentityDict", identity->plist).set("Variant", base::to_valid_utf8(variant.substr(0, 200))), stop);
}

base::Status receipt_manifest(Session& session, const DataRequest& request, const std::stop_token& stop) {
    return session.answer(request, Plist::dict().set("ReceiptManifest", session.parts().identity->plist.at("Manifest")), stop);
}

base::Status empty_answer(Session& session, const DataRequest& request, const std::stop_token& stop) { return session.answer(request, Plist::dict(), stop); }

base::Status host_time(Session& session, const DataRequest&, const std::stop_token& stop) {
    const std::chrono::duration<double> now = std::chrono::system_clock::now().time_since_epoch();
    return session.answer_main(Plist::dict().set("SetHostTimeOnDevice", Plist::real(now.count())), stop);
}

}  // namespace

void add_ticket_handlers(HandlerMap& to) {
    to["RootTicket"] = root_ticket;
    to["RecoveryOSRootTicketData"] = recovery_root_ticket;
    to["BuildIdentityDict"] = build_identity;
    to["ReceiptManifest"] = receipt_manifest;
    to["FDRTrustData"] = empty_answer;            // the phone goes on without (restore-protocol.md 6.5)
    to["FirmwareUpdaterPreflight"] = empty_answer;
    to["HostSystemTime"] = host_time;
}

}  // namespace unbrick::recovery::restore
