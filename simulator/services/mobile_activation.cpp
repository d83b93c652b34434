// mobileactivationd: activation state, and the official way with the answer of an activation server.
// One request a connection.
#include "simulator/services/service_table.h"
#include "src/base/digest.h"

namespace unbrick::simulator::services {

using base::Plist;

namespace {

Plist request_document(const System& system, std::string_view kind) {
    const SystemNature& nature = system.nature();
    const Plist device = Plist::dict()
                             .set("ActivationState", system.activation_state())
                             .set("BuildVersion", nature.build_version)
                             .set("ProductType", nature.product_type)
                             .set("ProductVersion", nature.product_version)
                             .set("SerialNumber", nature.serial_number)
                             .set("UniqueChipID", Plist::integer(nature.ecid))
                             .set("UniqueDeviceID", nature.udid);
    const std::string xml = device.to_xml();
    return Plist::dict()
        .set("ActivationInfoComplete", Plist::boolean(true))
        .set("ActivationInfoXML", Plist::data(base::as_bytes(xml)))
        .set("Kind", kind);
}

// The server's record names the phone that it was made for; any other is refused, as is every record
// while the modem is dead or somebody's account owns the phone.
std::string activate(System& system, const Plist& record) {
    const SystemNature& nature = system.nature();
    const Plist body = record.is_dict() ? record : Plist();
    if (!body) return "Invalid activation record.";
    if (nature.activation_locked) return "Device is locked to an account.";
    if (nature.cellular && !nature.baseband_alive) return "Failed to query baseband.";
    const Plist inner = body.has("ActivationRecord") ? body.at("ActivationRecord") : body;
    if (inner.string_at("UniqueDeviceID").value_or(nature.udid) != nature.udid) return "Activation record is for another device.";
    system.set_activation_state("Activated");
    return {};
}

Plist handle(System& system, const Plist& request) {
    const std::string command = request.string_at("Command").value_or("");
    if (command == "GetActivationStateRequest") return Plist::dict().set("Value", system.activation_state());
    if (command == "CreateTunnel1SessionInfoRequest" || command == "CreateActivationSessionInfoRequest")
        return Plist::dict().set("Value", Plist::dict()
                                              .set("HandshakeRequestMessage", Plist::data(base::random_bytes(16)))
                                              .set("UniqueDeviceID", system.nature().udid));
    if (command == "CreateTunnel1ActivationInfoRequest")
        return Plist::dict().set("Value", request_document(system, "DeviceActivation"));
    if (command == "CreateActivationInfoRequest") return Plist::dict().set("Value", request_document(system, "DeviceActivation"));
    if (command == "HandleActivationInfoWithSessionRequest" || command == "HandleActivationInfoRequest") {
        Plist record = request.at("Value");
        if (record.is_data()) {
            auto parsed = Plist::parse(record.as_data().value_or(base::Bytes{}), "activation record");
            record = parsed ? std::move(*parsed) : Plist();
        }
        const std::string error = activate(system, record);
        return error.empty() ? Plist::dict().set("Status", "Acknowledged") : Plist::dict().set("Error", error);
    }
    if (command == "DeactivateRequest") {
        system.set_activation_state("Unactivated");
        return Plist::dict().set("Status", "Acknowledged");
    }
    return Plist::dict().set("Error", "Unknown command.");
}

}  // namespace

void serve_mobile_activation(System& system, mux::Stream& stream) {
    auto request = stream.read_plist(mux::idle_deadline());
    if (!request) return;
    if (!stream.write_plist(handle(system, *request))) return;
    // The host closes; some send one more request on the same connection.
    while (auto more = stream.read_plist(mux::idle_deadline()))
        if (!stream.write_plist(handle(system, *more))) return;
}

}  // namespace unbrick::simulator::services
