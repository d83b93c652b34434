// FUDData, PersonalizedData, EANData: a list first, then images by name.
#include <fmt/core.h>

#include "recovery/restore/handlers.h"

namespace unbrick::recovery::restore {

using base::Plist;

namespace {

struct ListKind { const char *list_key, *data_key, *flag; };

base::Status serve_list(Session& session, const DataRequest& request, const ListKind& kind, const std::string& flag, const std::stop_token& stop) {
    const auto& personalizer = *session.parts().personalizer;
    std::vector<std::string> names;
    for (const auto& component : personalizer.identity().components)
        if (component.flag(flag)) names.push_back(component.name);
    if (request.arguments.boolean_at(kind.list_key).value_or(false)) {
        auto list = Plist::array();
        for (const auto& name : names) list.append(Plist::string(name));
        return session.answer(request, Plist::dict().set(kind.list_key, std::move(list)), stop);
    }
    if (const auto name = request.arguments.string_at("ImageName")) {
        session.reporter().said("sending " + base::to_valid_utf8(name->substr(0, 100)));
        UB_TRY(const auto image, personalizer.read(*name));
        return session.answer(request, Plist::dict().set(kind.data_key, Plist::data(image)).set("ImageName", *name), stop);
    }
    auto images = Plist::dict();
    for (const auto& name : names) {
        UB_TRY_VOID(base::check_cancelled(stop, "restore"));
        UB_TRY(const auto image, personalizer.read(name));
        images.set(name, Plist::data(image));
    }
    return session.answer(request, Plist::dict().set(kind.data_key, std::move(images)), stop);
}

Handler fixed(ListKind kind) {
    return [kind](Session& session, const DataRequest& request, const std::stop_token& stop) { return serve_list(session, request, kind, kind.flag, stop); };
}

base::Status personalized_data(Session& session, const DataRequest& request, const std::stop_token& stop) {
    UB_TRY(const auto type, argument(request, "ImageType"));
    return serve_list(session, request, {"ImageList", "ImageData", ""}, type, stop);
}

}  // namespace

void add_list_handlers(HandlerMap& to) {
    to["FUDData"] = fixed({"FUDImageList", "FUDImageData", "IsFUDFirmware"});
    to["EANData"] = fixed({"EANImageList", "EANData", "IsEarlyAccessFirmware"});
    to["PersonalizedData"] = personalized_data;
}

}  // namespace unbrick::recovery::restore
