// The requests of a restore (restore-protocol.md 6.5) and the checks of their answers.
#include <fmt/core.h>
#include <zip.h>

#include <future>

#include "simulator/restore/restore_run.h"
#include "src/base/digest.h"

namespace unbrick::simulator {

using base::Bytes;
using base::ErrorCode;
using base::fail;
using base::Plist;

namespace {

// How long restored waits for an answer before it gives up; host time, since it is the host that works.
constexpr auto kAnswerPatience = std::chrono::seconds(120);

bool contains_bytes(const Bytes& haystack, const Bytes& needle) {
    return std::search(haystack.begin(), haystack.end(), needle.begin(), needle.end()) != haystack.end();
}

Bytes nonce_of(std::uint64_t seed, std::string_view what, std::size_t size) { return payload_bytes(seed ^ 0xABCDEF, what, size); }

// Members of a zip in memory. Empty: not a zip.
std::vector<std::pair<std::string, Bytes>> unpacked(const Bytes& archive) {
    std::vector<std::pair<std::string, Bytes>> members;
    zip_error_t error;
    zip_error_init(&error);
    zip_source_t* source = zip_source_buffer_create(archive.data(), archive.size(), 0, &error);
    zip_t* zip = source != nullptr ? zip_open_from_source(source, ZIP_RDONLY, &error) : nullptr;
    if (zip == nullptr) {
        if (source != nullptr) zip_source_free(source);
        return members;
    }
    for (zip_int64_t i = 0; i < zip_get_num_entries(zip, 0); ++i) {
        zip_stat_t info;
        if (zip_stat_index(zip, static_cast<zip_uint64_t>(i), 0, &info) != 0) continue;
        Bytes bytes(info.size);
        if (zip_file_t* file = zip_fopen_index(zip, static_cast<zip_uint64_t>(i), 0)) {
            zip_fread(file, bytes.data(), bytes.size());
            zip_fclose(file);
        }
        members.emplace_back(info.name, std::move(bytes));
    }
    zip_discard(zip);
    return members;
}

}  // namespace

std::uint16_t RestoreRun::next_port() {
    const std::lock_guard lock(failure_mutex_);
    const auto port = port_;
    port_ = static_cast<std::uint16_t>(port_ + 2);
    return port;
}

base::Result<RestoreRun::Accepted> RestoreRun::accept_on(std::uint16_t port, const std::function<StepStatus()>& announce) {
    struct Meeting {
        std::promise<int> arrived;
        std::promise<void> served;
        std::atomic<bool> taken{false};
    };
    auto meeting = std::make_shared<Meeting>();
    auto connection = meeting->arrived.get_future();
    // The usbmux connection lives as long as its service runs, so the service stays until we are done.
    std::shared_ptr<void> served(nullptr, [meeting](void*) { meeting->served.set_value(); });
    phone_.ports->open(port, [meeting](base::Fd fd) {
        if (meeting->taken.exchange(true)) return;
        meeting->arrived.set_value(fd.release());
        meeting->served.get_future().wait();
    });
    if (auto announced = announce(); !announced) {
        phone_.ports->close(port);
        return fail(std::move(announced).error());
    }
    const auto deadline = base::Deadline::after(kAnswerPatience);
    while (connection.wait_for(std::chrono::milliseconds(50)) != std::future_status::ready) {
        if (!over_ && !deadline.expired()) continue;
        phone_.ports->close(port);
        return fail(over_ ? ErrorCode::Disconnected : ErrorCode::TimedOut, fmt::format("the host did not connect to port {}", port));
    }
    phone_.ports->close(port);
    return Accepted{base::Fd(connection.get()), std::move(served)};
}

base::Result<Plist> RestoreRun::ask(const char* type, Plist arguments, bool own_port, bool async) {
    if (strikes(fmt::format("request:{}", type))) return fail(ErrorCode::Disconnected, "a fault of the scenario");
    auto message = Plist::dict().set("MsgType", async ? "AsyncDataRequestMsg" : "DataRequestMsg").set("DataType", type);
    if (arguments) message.set("Arguments", std::move(arguments));
    if (own_port && data_ports_) {
        const auto port = next_port();
        message.set("DataPort", Plist::integer(port));
        UB_TRY(auto accepted, accept_on(port, [&] { return send(std::move(message)); }));
        Channel channel(std::move(accepted.fd));
        return channel.receive_plist(base::Deadline::after(kAnswerPatience));
    }
    const std::lock_guard lock(ask_mutex_);
    UB_TRY_VOID(send(std::move(message)));
    auto answer = host_.receive_plist(base::Deadline::after(kAnswerPatience));
    if (!answer && answer.error().code() == ErrorCode::TimedOut) {
        phone_.violation(fmt::format("{} was not answered", type));
        static_cast<void>(fail_with({-1, 44, fmt::format("no answer to {}", type)}));
    }
    return answer;
}

base::Result<Bytes> RestoreRun::ask_file(const char* type, Plist arguments, bool own_port) {
    if (strikes(fmt::format("request:{}", type))) return fail(ErrorCode::Disconnected, "a fault of the scenario");
    auto message = Plist::dict().set("MsgType", "DataRequestMsg").set("DataType", type).set("Arguments", std::move(arguments));
    Bytes file;
    const auto collect = [&](Channel& channel) -> StepStatus {
        for (;;) {
            UB_TRY(const auto part, channel.receive_plist(base::Deadline::after(kAnswerPatience)));
            if (part.boolean_at("FileDataDone").value_or(false)) return {};
            const auto data = part.data_at("FileData");
            if (!data) return fail(ErrorCode::Protocol, fmt::format("{}: neither FileData nor FileDataDone", type));
            base::Bytes bytes = *data;
            file.insert(file.end(), bytes.begin(), bytes.end());
        }
    };
    if (own_port) {
        const auto port = next_port();
        message.set("DataPort", Plist::integer(port));
        UB_TRY(auto accepted, accept_on(port, [&] { return send(std::move(message)); }));
        Channel channel(std::move(accepted.fd));
        UB_TRY_VOID(collect(channel));
        return file;
    }
    const std::lock_guard lock(ask_mutex_);
    UB_TRY_VOID(send(std::move(message)));
    UB_TRY_VOID(collect(host_));
    return file;
}

RestoreRun::StepStatus RestoreRun::want_root_ticket() {
    UB_TRY(const auto answer, ask("RootTicket"));
    const auto ticket = answer.data_at("RootTicketData");
    if (!ticket) return fail_with({-1, 44, "update_ticket: no RootTicketData"});
    if (const auto good = check_ticket(*ticket, phone_.trust); !good) {
        phone_.violation("root ticket: " + good.error().to_string());
        return fail_with({-1, 10, "update_ticket: " + good.error().message()});
    }
    return {};
}

RestoreRun::StepStatus RestoreRun::want_nor(bool sep_only) {
    auto arguments = Plist::dict().set("FlashVersion1", Plist::boolean(true));
    UB_TRY(const auto answer, ask("NORData", phone_.generation.ibss_is_dfu ? Plist() : arguments));
    const auto check = [&](const Plist& node, std::string_view fourcc, bool slot) -> StepStatus {
        const auto bytes = node.as_data();
        if (!bytes) return fail_with({-1, 37, fmt::format("NORData lacks '{}'", fourcc)});
        const auto image = check_image(*bytes, phone_.trust);
        if (!image || (!fourcc.empty() && image->fourcc != fourcc)) {
            const auto why = image ? fmt::format("'{}' where '{}' was expected", image->fourcc, fourcc) : image.error().to_string();
            phone_.violation(fmt::format("NORData '{}': {}", fourcc, why));
            return fail_with({-1, fourcc == "sepi" || fourcc == "rsep" ? 50 : 37, "NOR image refused: " + why});
        }
        if (slot && phone_.generation.nonce_slots && !image->has_nonce_slot) {
            phone_.violation(fmt::format("'{}' came without its nonce slot", fourcc));
            return fail_with({51, 51, fmt::format("'{}': nonce slot missing", fourcc)});
        }
        return {};
    };
    UB_TRY_VOID(check(answer.at("SEPImageData"), "sepi", true));
    UB_TRY_VOID(check(answer.at("RestoreSEPImageData"), "rsep", false));
    if (sep_only) return {};
    UB_TRY_VOID(check(answer.at("LlbImageData"), "illb", true));
    const auto nor = answer.at("NorImageData");
    std::set<std::string> types;
    const auto note = [&](const Plist& node) -> StepStatus {
        UB_TRY_VOID(check(node, "", false));
        types.insert(check_image(*node.as_data(), phone_.trust)->fourcc);
        return {};
    };
    if (nor.is_array()) {
        for (std::size_t i = 0; i < nor.size(); ++i) UB_TRY_VOID(note(nor.item(i)));
        if (nor.size() > 0 && check_image(*nor.item(0).as_data(), phone_.trust)->fourcc != "ibot") return fail_with({-1, 37, "the first NOR image is not iBoot"});
    } else {
        for (const auto& name : nor.keys()) UB_TRY_VOID(note(nor.at(name)));
    }
    for (const auto* needed : {"ibot", "dtre", "logo", "recm"})
        if (!types.contains(needed)) return fail_with({-1, 37, fmt::format("NorImageData lacks '{}'", needed)});
    if (types.contains("illb")) phone_.violation("LLB is in NorImageData as well");
    return {};
}

RestoreRun::StepStatus RestoreRun::want_image(const char* type, const char* answer_key, std::string_view fourcc) {
    UB_TRY(const auto answer, ask(type));
    const auto bytes = answer.data_at(answer_key);
    if (!bytes) return fail_with({-1, 44, fmt::format("{} has no {}", type, answer_key)});
    const auto image = check_image(*bytes, phone_.trust);
    if (!image || image->fourcc != fourcc) {
        const auto why = image ? fmt::format("'{}' where '{}' was expected", image->fourcc, fourcc) : image.error().to_string();
        phone_.violation(fmt::format("{}: {}", type, why));
        return fail_with({-1, 37, fmt::format("{} refused: {}", type, why)});
    }
    return {};
}

RestoreRun::StepStatus RestoreRun::want_image_list(const char* type, const char* list_key, const char* data_key, int operation) {
    UB_TRY_VOID(progress(operation, 1));
    UB_TRY(const auto listed, ask(type, Plist::dict().set(list_key, Plist::boolean(true))));
    const auto names = listed.at(list_key);
    if (!names.is_array()) return fail_with({-1, 37, fmt::format("{} gave no list", type)});
    for (std::size_t i = 0; i < names.size(); ++i) {
        const auto name = names.item(i).as_string().value_or("");
        UB_TRY(const auto answer, ask(type, Plist::dict().set("ImageName", name).set(list_key, Plist::boolean(false))));
        const auto bytes = answer.data_at(data_key);
        const auto image = bytes ? check_image(*bytes, phone_.trust) : base::Result<CheckedImage>(fail(ErrorCode::Protocol, "no data"));
        if (!image) {
            phone_.violation(fmt::format("{} '{}': {}", type, name, image.error().to_string()));
            return fail_with({-1, 37, fmt::format("{} '{}' refused: {}", type, name, image.error().to_string())});
        }
        UB_TRY_VOID(progress(operation, static_cast<int>((i + 1) * 100 / names.size())));
    }
    return {};
}

RestoreRun::StepStatus RestoreRun::want_baseband() {
    if (strikes("baseband")) return fail(ErrorCode::Disconnected, "a fault of the scenario");
    const auto& generation = phone_.generation;
    if (generation.baseband_chip == 0) return {};
    // Started from Normal, the nonce is the one that the phone gave there and the host hands back (real-restore.md 3.7).
    const auto nonce = options_.at("BBUpdaterState").data_at("Nonce").value_or(nonce_of(phone_.trust.ecid, "baseband", 20));
    for (int round = 0; round < 2; ++round) {
        auto arguments = Plist::dict().set("ChipID", Plist::integer(generation.baseband_chip)).set("CertID", Plist::integer(0x8A0001));
        arguments.set("ChipSerialNo", Plist::data(nonce_of(phone_.trust.ecid, "baseband-serial", 12)));
        if (round > 0) arguments.set("Nonce", Plist::data(nonce));
        UB_TRY(const auto answer, ask("BasebandData", std::move(arguments), true));
        const auto package = answer.data_at("BasebandData");
        const auto members = package ? unpacked(*package) : std::vector<std::pair<std::string, Bytes>>();
        if (phone_.dead_baseband) {
            UB_TRY_VOID(pause(30));
            return fail_with({-1, 1002, "BBUpdater: no answer from the baseband while loading the boot image (I/O error)\nERROR: unable to update baseband"});
        }
        const Bytes* ticket = nullptr;
        for (const auto& [name, bytes] : members)
            if (name == "bbticket.der") ticket = &bytes;
        const bool fls = generation.baseband_kind == "ice3";
        // Without a nonce in the request the package is signed by its blobs alone; the ticket comes with the nonce.
        if (members.empty() || (ticket == nullptr && !fls && round > 0)) {
            std::string names;
            for (const auto& [name, bytes] : members) names += " " + name;
            phone_.violation(fmt::format("baseband package of {} bytes has no ticket; members:{}", package ? package->size() : 0, names));
            return fail_with({-1, 1018, "baseband: the package is not personalised"});
        }
        if (round > 0 && !contains_bytes(*ticket, nonce)) {
            phone_.violation("the baseband ticket is not for the nonce that the baseband has now");
            return fail_with({-1, 1018, "baseband: the ticket's nonce is not the baseband's"});
        }
        UB_TRY_VOID(pause(round == 0 ? 1 : 7));
        const auto done = Plist::dict().set("done", Plist::boolean(round > 0));
        UB_TRY_VOID(send(Plist::dict().set("MsgType", "BBUpdateStatusMsg").set("Accepted", Plist::boolean(true)).set("Output", done)));
    }
    return {};
}

RestoreRun::StepStatus RestoreRun::want_updater(const std::string& name) {
    if (strikes("updater:" + name)) return fail(ErrorCode::Disconnected, "a fault of the scenario");
    struct Updater { const char* tag; const char* prefix; int operation; const char* component; };
    const Updater updater = name == "SE"       ? Updater{"SE,Ticket", "SE", 59, "SE,UpdatePayload"}
                            : name == "Savage" ? Updater{"Savage,Ticket", "Savage", 60, "Savage,B2-Prod-Patch"}
                            : name == "Rose"   ? Updater{"Rap,Ticket", "Rap", 65, "Rap,RTKitOS"}
                            : name == "T200"   ? Updater{"BMU,Ticket", "BMU", 66, "BMU,FirmwareMap"}
                                               : Updater{"Cryptex1,Ticket", "Cryptex1", 78, nullptr};
    const std::string prefix = updater.prefix;
    const auto nonce = nonce_of(phone_.trust.ecid, name, 20);
    UB_TRY_VOID(progress(updater.operation, 0));
    auto info = Plist::dict();
    info.set(prefix + ",ChipID", Plist::integer(name == "SE" ? 0xD2 : 1)).set(prefix + ",Nonce", Plist::data(nonce));
    if (name == "SE") info.set("SE,ID", Plist::data(nonce_of(phone_.trust.ecid, "SE-ID", 24))).set("SE,IsDev", Plist::boolean(false)).set("SE,RootKeyIdentifier", Plist::data(Bytes(32, 7)));
    if (name == "Savage") {
        info.set("Savage,UID", Plist::data(nonce_of(phone_.trust.ecid, "Savage-UID", 32))).set("Savage,PatchEpoch", Plist::integer(0)).set("Savage,AllowOfflineBoot", Plist::boolean(false));
        info.set("Savage,ReadFWKey", Plist::boolean(false)).set("Savage,ReadECKey", Plist::boolean(false)).set("Savage,ProductionMode", Plist::boolean(true)).set("Savage,Revision", Plist::data(Bytes{0x20}));
    }
    auto arguments = Plist::dict().set("MessageArgType", "FirmwareResponseData").set("MessageArgUpdaterName", name).set("MessageArgUpdaterLoopCount", Plist::integer(0));
    if (phone_.generation.aea) {
        // iOS 18: the file first, then a request that is fully formed; only its ticket is wanted.
        if (updater.component != nullptr) {
            UB_TRY(const auto file, ask_file("SourceBootObjectV4", Plist::dict().set("ImageName", updater.component), false));
            if (file.empty()) return fail_with({-1, 37, fmt::format("{}: {} is empty", name, updater.component)});
        }
        auto request = Plist::dict().set("@" + std::string(updater.tag), Plist::boolean(true)).set(prefix + ",Nonce", Plist::data(nonce)).set(prefix + ",ChipID", Plist::integer(1));
        arguments.set("DeviceGeneratedRequest", std::move(request));
        arguments.set("DeviceGeneratedTags", Plist::dict().set("ResponseTags", Plist::array().append(Plist::string(updater.tag))).set("BuildIdentityTags", Plist::array().append(Plist::string("ApChipID"))));
    }
    arguments.set("MessageArgInfo", std::move(info));
    UB_TRY(const auto answer, ask("FirmwareUpdaterData", std::move(arguments)));
    const auto response = answer.at("FirmwareResponseData");
    const auto ticket = response.data_at(updater.tag);
    if (!ticket || !contains_bytes(*ticket, nonce)) {
        phone_.violation(fmt::format("{}: the answer has no ticket for its nonce", name));
        return fail_with({-1, 37, fmt::format("{}: no usable {} in the answer", name, updater.tag)});
    }
    if (!phone_.generation.aea && !response.has("FirmwareData")) {
        phone_.violation(fmt::format("{}: FirmwareData is missing", name));
        return fail_with({-1, 37, fmt::format("{}: no FirmwareData", name)});
    }
    UB_TRY_VOID(pause(name == "SE" ? 35 : 2));
    return progress(updater.operation, name == "SE" ? 0 : 100);
}

RestoreRun::StepStatus RestoreRun::want_cryptexes() {
    UB_TRY_VOID(want_updater("Cryptex1"));
    for (const auto* name : {"Cryptex1,SystemOS", "Cryptex1,AppOS"}) {
        UB_TRY(const auto file, ask_file("SourceBootObjectV4", Plist::dict().set("ImageName", name), false));
        if (file.empty()) return fail_with({-1, 37, fmt::format("{} is empty", name)});
        UB_TRY_VOID(progress(78, 100));
    }
    return {};
}

RestoreRun::StepStatus RestoreRun::want_build_identity() {
    UB_TRY(const auto answer, ask("BuildIdentityDict", Plist::dict().set("Variant", erase_ ? "Erase" : "Update")));
    const auto behaviour = answer.at("BuildIdentityDict").at("Info").string_at("RestoreBehavior");
    if (behaviour != ramdisk_.behaviour) {
        phone_.violation("the build identity is of another behaviour than the ramdisk");
        return fail_with({-1, 44, "BuildIdentityDict: wrong behaviour"});
    }
    return {};
}

RestoreRun::StepStatus RestoreRun::want_key() {
    auto arguments = Plist::dict().set("RequestMethod", "GET").set("RequestURL", phone_.key_url);
    const auto answer = ask("URLAsset", std::move(arguments), true, true);
    if (!answer) return fail(answer.error());
    if (!answer->boolean_at("ResponseBodyDone").value_or(false) || !answer->integer_at("ResponseStatus")) {
        phone_.violation("URLAsset was answered without status or body");
        return fail_with({-1, 33, "URLAsset: no usable answer"});
    }
    return {};
}

RestoreRun::StepStatus RestoreRun::want_nothing_known() {
    // A request that no host of today knows. The phone goes on when an empty dict comes, or nothing for a while.
    const std::lock_guard lock(ask_mutex_);
    UB_TRY_VOID(host_.send_plist(Plist::dict().set("MsgType", "DataRequestMsg").set("DataType", "MadeUpData"), base::Deadline::after(std::chrono::seconds(30))));
    const auto answer = host_.receive_plist(base::Deadline::after(std::chrono::seconds(5)));
    phone_.happened(answer ? "an unknown request was answered" : "an unknown request was not answered");
    return {};
}

}  // namespace unbrick::simulator
