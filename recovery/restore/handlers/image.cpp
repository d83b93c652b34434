// SystemImageData and its kin: the image goes over a port of its own.
#include "recovery/restore/asr.h"
#include "recovery/restore/handlers.h"

namespace unbrick::recovery::restore {

namespace {

// Between the phone's request and its first word on the image port (real-restore.md 2.1).
constexpr PhoneSpan kAsrBegins{180};
constexpr PhoneSpan kAsrSilence{120};

base::Status send_image(Session& session, const DataRequest& request, const std::stop_token& stop) {
    if (!session.parts().image) return base::fail(base::ErrorCode::NotFound, "there is no system image to send");
    const auto& clock = *session.parts().clock;
    const auto port = request.port.value_or(kDefaultAsrPort);
    UB_TRY_CONTEXT(auto channel, session.parts().connect(port, "image transfer", clock.patience(PhoneSpan(60)), stop), "connect to the image port");
    AsrCallbacks callbacks;
    callbacks.payload_begins = [&] {
        session.image_flows = true;
        session.reporter().said("the system image begins to flow");
    };
    callbacks.progress = [&](std::uint64_t sent, std::uint64_t total) {
        session.image_bytes = sent;
        if (session.reporter().current_stage() == "restore-image") session.reporter().bytes(sent, total);
        if (sent == total) session.image_flows = false;
    };
    callbacks.may_close = [&] { return session.image_verified.load(); };
    auto status = send_system_image(*channel, *session.parts().image, callbacks, clock.patience(kAsrBegins), [&] { return clock.patience(kAsrSilence); }, stop);
    session.image_flows = false;
    return status;
}

base::Status send_recovery_image(Session& session, const DataRequest& request, const std::stop_token& stop) {
    UB_TRY(const auto personalizer, session.recovery_personalizer(stop));
    UB_TRY(auto reader, personalizer->open_raw("OS"));
    UB_TRY(const auto port, session.open_port(request, stop));
    return send_chunks(session, port ? *port : session.main(), *reader, stop);
}

}  // namespace

void add_image_handlers(HandlerMap& to) {
    to["SystemImageData"] = send_image;
    to["RecoveryOSASRImage"] = send_image;
    to["RecoveryOSImage"] = send_recovery_image;
}

}  // namespace unbrick::recovery::restore
