// Files of the firmware, wrapped or as they are.
#include <fmt/core.h>

#include "recovery/restore/handlers.h"

namespace unbrick::recovery::restore {

using base::ErrorCode;
using base::fail;
using base::Plist;

namespace {

// How long the phone may take to ask for a key after the first piece of an encrypted archive (restore-protocol.md 6.5).
constexpr PhoneSpan kKeyQuestion{3};

// The names in underscores are files beside the components.
base::Result<std::unique_ptr<firmware::MemberReader>> special_file(Session& session, const DataRequest& request, std::string_view name) {
    const auto& archive = *session.parts().archive;
    if (name == "__RestoreVersion__") return archive.reader("RestoreVersion.plist");
    if (name == "__SystemVersion__") return archive.reader("SystemVersion.plist");
    // The ready ticket of the variant: a path that no manifest names (restore-protocol.md 3.1).
    const auto& identity = *session.parts().identity;
    const auto info = identity.plist.at("Info");
    const auto variant = request.arguments.string_at("Variant").value_or(info.string_at("MacOSVariant").value_or(""));
    if (variant.size() > 200 || !firmware::safe_member_name(variant + "/x"))
        return fail(ErrorCode::Protocol, "the phone asks for the global manifest of a variant without a usable name");
    return archive.reader(fmt::format("Firmware/Manifests/restore/{}/apticket.{}.im4m", variant, identity.device_class));
}

bool is_special(std::string_view name) { return name == "__GlobalManifest__" || name == "__RestoreVersion__" || name == "__SystemVersion__"; }

base::Result<std::shared_ptr<const firmware::Personalizer>> personalizer_for(Session& session, const DataRequest& request, const std::stop_token& stop) {
    if (request.arguments.boolean_at("IsRecoveryOS").value_or(false)) return session.recovery_personalizer(stop);
    return session.parts().personalizer;
}

base::Status personalized_object(Session& session, const DataRequest& request, const std::stop_token& stop) {
    UB_TRY(const auto name, argument(request, "ImageName"));
    session.reporter().said("sending " + base::to_valid_utf8(name));
    std::unique_ptr<firmware::MemberReader> reader;
    if (is_special(name)) {
        UB_TRY(reader, special_file(session, request, name));
    } else {
        UB_TRY(const auto personalizer, personalizer_for(session, request, stop));
        UB_TRY(reader, personalizer->open(name));
    }
    UB_TRY(const auto port, session.open_port(request, stop));
    return send_chunks(session, port ? *port : session.main(), *reader, stop);
}

base::Status source_object(Session& session, const DataRequest& request, const std::stop_token& stop) {
    UB_TRY(const auto name, argument(request, "ImageName"));
    session.reporter().said("sending " + base::to_valid_utf8(name));
    std::unique_ptr<firmware::MemberReader> reader;
    if (is_special(name)) {
        UB_TRY(reader, special_file(session, request, name));
    } else {
        UB_TRY(const auto personalizer, personalizer_for(session, request, stop));
        UB_TRY(reader, personalizer->open_raw(name));
    }
    UB_TRY(const auto port, session.open_port(request, stop));
    Channel& channel = port ? *port : session.main();
    base::Bytes magic(4);
    const bool encrypted = reader->size() >= 4 && reader->read_at(0, magic) && base::as_text(magic) == "AEA1";
    // On the main connection the next message may be anything; there only the loop listens.
    if (!encrypted || !port) return send_chunks(session, channel, *reader, stop);
    return send_chunks(session, channel, *reader, stop, [&]() -> base::Status {
        auto question = channel.receive(session.parts().clock->patience(kKeyQuestion), stop);
        if (!question) {   // no question: the phone has the key
            if (question.error().code() == ErrorCode::TimedOut) return {};
            return fail(std::move(question).error());
        }
        const auto arguments = question->at("Arguments");
        if (!arguments.is_dict()) return fail(ErrorCode::Protocol, "a message in the middle of " + base::to_valid_utf8(name) + " that asks for nothing");
        return answer_url(session, channel, arguments, true, stop);
    });
}

// One component in one message.
Handler single(const char* component, const char* key) {
    return [component, key](Session& session, const DataRequest& request, const std::stop_token& stop) -> base::Status {
        session.reporter().said(fmt::format("sending {}", component));
        UB_TRY(const auto image, session.parts().personalizer->read(component));
        return session.answer(request, Plist::dict().set(key, Plist::data(image)), stop);
    };
}

}  // namespace

void add_boot_object_handlers(HandlerMap& to) {
    to["PersonalizedBootObjectV3"] = personalized_object;
    to["SourceBootObjectV3"] = source_object;
    to["SourceBootObjectV4"] = source_object;
    // The normal kernel and device tree, not those of the restore (restore-protocol.md 6.5).
    to["KernelCache"] = single("KernelCache", "KernelCacheFile");
    to["DeviceTree"] = single("DeviceTree", "DeviceTreeFile");
    to["SystemImageRootHash"] = single("SystemVolume", "SystemImageRootHashFile");
    to["SystemImageCanonicalMetadata"] = single("Ap,SystemVolumeCanonicalMetadata", "SystemImageCanonicalMetadataFile");
}

}  // namespace unbrick::recovery::restore
