// The recovery OS of newer phones: its files are wrapped with a ticket of its own. Answers go on the main connection
// (restore-protocol.md 6.5, note).
#include "recovery/restore/handlers.h"
#include "src/firmware/signing/chip_requests.h"

namespace unbrick::recovery::restore {

using base::Plist;

namespace {

base::Status nothing_found(Session& session, const std::stop_token& stop) {
    return session.answer_main(Plist::dict().set("RecoveryOSNoAssetFound", Plist::boolean(true)), stop);
}

base::Status file_asset(Session& session, const DataRequest& request, const std::stop_token& stop) {
    auto name = request.arguments.string_at("FWOverrideKey").value_or("");
    constexpr std::string_view kPrefix = "RecoveryOS";
    if (base::starts_with(name, kPrefix)) name.erase(0, kPrefix.size());
    const auto personalizer = session.recovery_personalizer(stop);
    const auto image = personalizer ? (*personalizer)->read(name) : base::Result<base::Bytes>(base::fail(personalizer.error()));
    if (!image) {
        UB_TRY_VOID(base::check_cancelled(stop, "restore"));
        session.reporter().said("recovery OS: " + image.error().to_string());
        return nothing_found(session, stop);
    }
    return session.answer_main(Plist::dict().set("AdditionalBootImages", Plist::data(*image)), stop);
}

base::Status iboot_files(Session& session, const DataRequest&, const std::stop_token& stop) {
    const auto personalizer = session.recovery_personalizer(stop);
    if (!personalizer) {
        UB_TRY_VOID(base::check_cancelled(stop, "restore"));
        session.reporter().said("recovery OS: " + personalizer.error().to_string());
        return nothing_found(session, stop);
    }
    auto images = Plist::dict();
    for (const auto& component : (*personalizer)->identity().components) {
        if (!component.loaded_by_iboot && !component.loaded_by_iboot_stage1) continue;
        const auto image = (*personalizer)->read(component.name);
        if (!image) {
            session.reporter().said("recovery OS: " + image.error().to_string());
            return nothing_found(session, stop);
        }
        images.set(component.name, Plist::data(*image));
    }
    return session.answer_main(Plist::dict().set("AdditionalBootImages", std::move(images)), stop);
}

base::Status version_data(Session& session, const DataRequest&, const std::stop_token& stop) {
    const auto* identity = session.parts().recovery_identity != nullptr ? session.parts().recovery_identity : session.parts().identity;
    const auto info = identity->plist.at("Info");
    const auto inner = Plist::dict().set("BuildNumber", info.string_at("BuildNumber").value_or(session.parts().manifest->build)).set("Variant", identity->variant)
                           .set("BuildTrain", info.string_at("BuildTrain").value_or("")).set("ProductMarketingVersion", info.string_at("ProductVersion").value_or(session.parts().manifest->version));
    const auto xml = inner.to_xml();
    return session.answer_main(Plist::dict().set("RecoveryOSVersionData", Plist::data(base::as_bytes(xml))), stop);
}

base::Status local_policy(Session& session, const DataRequest& request, const std::stop_token& stop) {
    const auto& phone = session.parts().phone;
    const firmware::signing::PhoneFusing fusing{phone.ecid, phone.production_mode, phone.security_mode};
    const auto* identity = session.parts().recovery_identity != nullptr ? session.parts().recovery_identity : session.parts().identity;
    UB_TRY(const auto asked, firmware::signing::local_policy_request(*identity, request.arguments, fusing));
    UB_TRY(const auto response, session.sign(asked, "the recovery OS's local policy", stop));
    const auto ticket = response.data_at("ApImg4Ticket");
    if (!ticket) return base::fail(base::ErrorCode::Protocol, "the signing server sent no ticket for the local policy");
    const auto image = firmware::write_img4(firmware::signing::empty_local_policy(), *ticket, {});
    return session.answer(request, Plist::dict().set("Ap,LocalPolicy", Plist::data(image)), stop);
}

}  // namespace

void add_recovery_os_handlers(HandlerMap& to) {
    to["RecoveryOSFileAssetImage"] = file_asset;
    to["RecoveryOSIBootFWFilesImages"] = iboot_files;
    to["RecoveryOSVersionData"] = version_data;
    to["RecoveryOSLocalPolicy"] = local_policy;
}

}  // namespace unbrick::recovery::restore
