// BasebandData: the modem's firmware, signed for the nonce that the modem holds now.
#include <fmt/core.h>

#include "recovery/restore/handlers.h"
#include "src/firmware/baseband/bbfw.h"

namespace unbrick::recovery::restore {

using base::ErrorCode;
using base::fail;
using base::Plist;

namespace {

base::Result<Plist> baseband_ticket(Session& session, const DataRequest& request, const std::stop_token& stop) {
    auto& state = session.baseband();
    const std::scoped_lock lock(state.mutex);
    const auto nonce = request.arguments.data_at("Nonce").value_or(base::Bytes{});
    // The ticket must fit the nonce that the modem holds at this moment (restore-protocol.md 6.5.1).
    if (state.response && (nonce.empty() || nonce == state.nonce)) return state.response;
    const auto parameters = firmware::signing::baseband_parameters(request.arguments);
    if (!parameters) return fail(ErrorCode::Protocol, "the phone asks for baseband firmware and does not say for which chip (ChipID, CertID, ChipSerialNo)");
    auto asked = firmware::signing::new_request();
    firmware::signing::add_common_keys(asked, *session.parts().identity, session.parts().phone.ecid);
    firmware::signing::add_baseband(asked, *session.parts().identity, *parameters);
    UB_TRY(auto response, session.sign(asked, "the baseband", stop));
    if (!response.has("BBTicket")) return fail(ErrorCode::Protocol, "the signing server sent no baseband ticket");
    state.response = response;
    state.nonce = nonce;
    return response;
}

base::Status baseband_data(Session& session, const DataRequest& request, const std::stop_token& stop) {
    const auto* component = session.parts().identity->find("BasebandFirmware");
    if (component == nullptr || component->path.empty()) return fail(ErrorCode::FirmwareUnsuitable, "the phone asks for baseband firmware and this firmware has none");
    UB_TRY(const auto ticket, baseband_ticket(session, request, stop));
    session.reporter().said("preparing and sending the baseband firmware");
    UB_TRY(auto package, session.parts().archive->read(component->path));
    const auto chip = request.arguments.integer_at("ChipID").value_or(0);
    UB_TRY_CONTEXT(auto signed_package, firmware::sign_baseband_package(std::move(package), ticket, chip), component->path);
    auto answer = Plist::dict().set("BasebandData", Plist::data(signed_package));
    base::Bytes().swap(signed_package);
    return session.answer(request, answer, stop);
}

base::Status updater_output(Session& session, const DataRequest& request, const std::stop_token& stop) {
    UB_TRY(const auto port, session.open_port(request, stop));
    if (!port) return {};
    constexpr std::size_t kKept = 64u << 20;
    std::string kept;
    base::Bytes piece(64u << 10);
    while (true) {
        const auto got = port->receive_some(piece, session.parts().clock->patience(std::chrono::minutes(5)), stop);
        if (!got || *got == 0) break;
        if (kept.size() < kKept) kept.append(reinterpret_cast<const char*>(piece.data()), *got);
    }
    session.reporter().said(fmt::format("the phone sent {} bytes of baseband updater output", kept.size()));
    if (!session.parts().folder.empty() && !kept.empty())
        static_cast<void>(base::write_file_atomically(session.parts().folder / "baseband-updater-output.cpio", kept));
    return {};
}

}  // namespace

void add_baseband_handlers(HandlerMap& to) {
    to["BasebandData"] = baseband_data;
    to["BasebandUpdaterOutputData"] = updater_output;
}

}  // namespace unbrick::recovery::restore
