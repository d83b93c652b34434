#include "simulator/servers/signing_server.h"

#include <fmt/core.h>
#include <httplib.h>

#include <condition_variable>
#include <thread>

#include "simulator/firmware/components.h"
#include "src/base/der.h"

namespace unbrick::simulator {

using base::Bytes;
using base::Plist;

namespace {

std::string refusal(int status, std::string_view message) { return fmt::format("STATUS={}&MESSAGE={}", status, message); }

constexpr std::string_view kNotEligible = "This device isn't eligible for the requested build.";
constexpr std::string_view kMalformed = "An internal error occurred.";

// A ticket of a separate chip: opaque to a host, read back by the virtual phone (peripheral_ticket_nonce).
Bytes peripheral_ticket(std::string_view tag, const Plist& request, const SigningKey& key) {
    Bytes values;
    for (const auto& name : request.keys()) {
        // "SE,Nonce", "Savage,Nonce", "Timer,Nonce,1", "BbNonce", "eUICC,Main" ...: what ties it to one chip now.
        const bool nonce = base::contains(name, "Nonce");
        const auto data = request.data_at(name);
        if (!nonce || !data) continue;
        base::append(values, base::der_ia5(name));
        base::append(values, base::der_octets(*data));
    }
    const auto body = base::der_encode(base::kDerSequence, values);
    return base::der_sequence({base::der_ia5("TICK"), base::der_ia5(tag), body, base::der_octets(key.sign(body))});
}

// "<element>-Blob" for every element of the baseband that is signed by itself (6.5.1).
Plist baseband_blobs(const Plist& firmware, const Bytes& seed) {
    auto blobs = Plist::dict();
    for (const auto& name : firmware.keys()) {
        const auto cut = name.find("-PartialDigest");
        std::string element;
        if (cut != std::string::npos) element = name.substr(0, cut);
        else if (name == "Misc-Digest") element = "Misc";
        else continue;
        auto digest = base::digest_of(base::DigestKind::Sha512, base::as_bytes(element));
        base::append(digest, seed);
        Bytes blob;
        while (blob.size() < 256) base::append(blob, base::digest_of(base::DigestKind::Sha512, digest)), digest.push_back(0);
        blobs.set(element + "-Blob", Plist::data(blob));
    }
    return blobs;
}

}  // namespace

struct SigningServer::State {
    Options options;
    httplib::Server server;
    std::thread thread;
    int port = 0;
    mutable std::mutex mutex;
    std::condition_variable stopping_changed;
    bool stopping = false;
    std::vector<SigningRequest> requests;
};

SigningServer::SigningServer(std::unique_ptr<State> state) : state_(std::move(state)) {}

namespace {

std::vector<std::string> asked_tickets(const Plist& request) {
    std::vector<std::string> tickets;
    for (const auto& name : request.keys())
        if (name.size() > 1 && name[0] == '@' && base::contains(name, "Ticket") && request.boolean_at(name).value_or(false))
            tickets.push_back(name.substr(1));
    return tickets;
}

bool asks(const std::vector<std::string>& tickets, std::string_view name) {
    return std::find(tickets.begin(), tickets.end(), name) != tickets.end();
}

}  // namespace

std::string SigningServer::answer(std::string_view body) {
    auto parsed = Plist::parse(base::as_bytes(body), "signing request");
    SigningRequest record;
    const auto finish = [&](int status, std::string text) {
        record.status = status;
        const std::lock_guard lock(state_->mutex);
        state_->requests.push_back(std::move(record));
        return text;
    };
    if (!parsed || !parsed->is_dict()) return finish(126, refusal(126, kMalformed));
    const auto& request = *parsed;
    record.body = request;
    record.tickets = asked_tickets(request);
    const auto& tickets = record.tickets;
    {
        const std::lock_guard lock(state_->mutex);
        for (auto& fault : state_->options.faults) {
            if (fault.status == 0 || fault.times == 0) continue;
            if (!fault.ticket.empty() && !asks(tickets, fault.ticket)) continue;
            if (fault.times > 0) --fault.times;
            record.status = fault.status;
            state_->requests.push_back(record);
            return refusal(fault.status, fault.message.empty() ? kMalformed : std::string_view(fault.message));
        }
    }
    if (tickets.empty() || !request.string_at("@UUID") || !request.string_at("@VersionInfo")) return finish(100, refusal(100, kMalformed));
    auto reply = Plist::dict();
    if (asks(tickets, "ApImg4Ticket")) {
        const auto ecid = request.integer_at("ApECID");
        const auto chip = request.integer_at("ApChipID");
        const auto board = request.integer_at("ApBoardID");
        const auto domain = request.integer_at("ApSecurityDomain");
        const auto nonce = request.data_at("ApNonce");
        const auto build = request.data_at("UniqueBuildID");
        const bool local_boot = request.has("Ap,LocalPolicy");
        if (!ecid || !chip || !board || !domain || (!nonce && !local_boot) || !build) return finish(100, refusal(100, kMalformed));
        if (!request.has("ApProductionMode") || !request.has("ApSecurityMode")) return finish(100, refusal(100, kMalformed));
        for (const auto& ticket : tickets)  // the server rejects other chips' tags beside the AP ticket (4.6)
            if (ticket != "ApImg4Ticket" && ticket != "BBTicket" && ticket != "eUICC,Ticket") return finish(100, refusal(100, kMalformed));
        const auto& gone = state_->options.unsigned_builds;
        if (state_->options.nothing_is_signed || std::find(gone.begin(), gone.end(), base::to_hex(*build)) != gone.end())
            return finish(94, refusal(94, kNotEligible));
        TicketFor what;
        what.ecid = *ecid, what.chip = static_cast<std::uint32_t>(*chip), what.board = static_cast<std::uint32_t>(*board);
        what.security_domain = static_cast<std::uint32_t>(*domain);
        what.production = request.boolean_at("ApProductionMode").value_or(false);
        what.secure = request.boolean_at("ApSecurityMode").value_or(false);
        what.ap_nonce = nonce.value_or(Bytes());
        what.sep_nonce = request.data_at("SepNonce").value_or(request.data_at("ApSepNonce").value_or(Bytes()));
        what.components = Plist::dict();
        for (const auto& name : request.keys())
            if (auto entry = request.at(name); entry.is_dict()) what.components.set(name, std::move(entry));
        reply.set("ApImg4Ticket", Plist::data(make_ticket(what, fourcc_table(), state_->options.key)));
    }
    if (asks(tickets, "BBTicket") && request.has("BbChipID")) {
        const auto serial = request.data_at("BbSNUM");
        if (!serial || serial->empty()) return finish(49, refusal(49, kMalformed));
        if (!request.has("BbGoldCertId") || !request.at("BasebandFirmware").is_dict()) return finish(8, refusal(8, kMalformed));
        reply.set("BBTicket", Plist::data(peripheral_ticket("BBTicket", request, state_->options.key)));
        reply.set("BasebandFirmware", baseband_blobs(request.at("BasebandFirmware"), *serial));
    }
    for (const auto& ticket : tickets) {
        if (ticket == "ApImg4Ticket" || ticket == "BBTicket") continue;
        reply.set(ticket, Plist::data(peripheral_ticket(ticket, request, state_->options.key)));
    }
    if (reply.size() == 0) return finish(128, refusal(128, kMalformed));
    reply.set("@ServerVersion", "2.1.0");
    return finish(0, "STATUS=0&MESSAGE=SUCCESS&REQUEST_STRING=" + reply.to_xml());
}

base::Result<std::unique_ptr<SigningServer>> SigningServer::start(Options options) {
    auto state = std::make_unique<State>();
    state->options = std::move(options);
    std::unique_ptr<SigningServer> server(new SigningServer(std::move(state)));
    auto* self = server.get();
    auto* shared = self->state_.get();
    shared->server.Post("/TSS/controller", [self, shared](const httplib::Request& request, httplib::Response& response) {
        SigningFault fault;
        {
            const std::lock_guard lock(shared->mutex);
            const auto parsed = Plist::parse(base::as_bytes(request.body), "signing request");
            const auto tickets = parsed ? asked_tickets(*parsed) : std::vector<std::string>();
            for (auto& rule : shared->options.faults) {
                const bool ours = rule.http != 0 || rule.hang_up || rule.garbage || rule.never_ends;
                if (!ours || rule.times == 0 || (!rule.ticket.empty() && !asks(tickets, rule.ticket))) continue;
                if (rule.times > 0) --rule.times;
                fault = rule;
                break;
            }
        }
        if (fault.http != 0) {
            response.status = fault.http;
            response.set_content("<html><body>blocked</body></html>", "text/html");
        } else if (fault.garbage) {
            response.set_content("\xFF\xFE no answer of a signing server", "application/octet-stream");
        } else if (fault.hang_up) {
            response.set_content_provider(1 << 20, "text/xml", [](std::size_t, std::size_t, httplib::DataSink&) { return false; });
        } else if (fault.never_ends) {
            response.set_content_provider(1 << 20, "text/xml", [shared](std::size_t offset, std::size_t, httplib::DataSink& sink) {
                if (offset == 0) return sink.write("STATUS", 6);
                std::unique_lock lock(shared->mutex);
                shared->stopping_changed.wait_for(lock, std::chrono::seconds(120), [shared] { return shared->stopping; });
                return false;
            });
        } else {
            response.set_content(self->answer(request.body), "text/xml; charset=\"utf-8\"");
        }
    });
    shared->port = shared->server.bind_to_any_port("127.0.0.1");
    if (shared->port <= 0) return base::fail(base::ErrorCode::Io, "no port for the signing server");
    shared->thread = std::thread([shared] { shared->server.listen_after_bind(); });
    // stop() before the loop runs would be lost, and the loop would run for ever.
    while (!shared->server.is_running()) std::this_thread::yield();
    return server;
}

SigningServer::~SigningServer() {
    {
        const std::lock_guard lock(state_->mutex);
        state_->stopping = true;
    }
    state_->stopping_changed.notify_all();
    state_->server.stop();
    if (state_->thread.joinable()) state_->thread.join();
}

int SigningServer::port() const { return state_->port; }
std::string SigningServer::url() const { return fmt::format("http://127.0.0.1:{}/TSS/controller?action=2", state_->port); }

std::vector<SigningRequest> SigningServer::requests() const {
    const std::lock_guard lock(state_->mutex);
    return state_->requests;
}

base::Result<std::vector<SigningFault>> parse_signing_faults(const base::Json& list) {
    std::vector<SigningFault> faults;
    if (list.is_null()) return faults;
    if (!list.is_array()) return base::fail(base::ErrorCode::InvalidInput, "/signing/faults: is not a list");
    for (std::size_t i = 0; i < list.size(); ++i) {
        const auto& entry = list[i];
        if (!entry.is_object()) return base::fail(base::ErrorCode::InvalidInput, fmt::format("/signing/faults/{}: is not an object", i));
        SigningFault fault;
        fault.ticket = base::json_string(entry, "ticket").value_or("");
        fault.status = static_cast<int>(base::json_int(entry, "status").value_or(0));
        fault.message = base::json_string(entry, "message").value_or("");
        fault.http = static_cast<int>(base::json_int(entry, "http").value_or(0));
        fault.hang_up = base::json_bool(entry, "hang-up").value_or(false);
        fault.garbage = base::json_bool(entry, "garbage").value_or(false);
        fault.never_ends = base::json_bool(entry, "never-ends").value_or(false);
        fault.times = static_cast<int>(base::json_int(entry, "times").value_or(-1));
        faults.push_back(std::move(fault));
    }
    return faults;
}

}  // namespace unbrick::simulator
