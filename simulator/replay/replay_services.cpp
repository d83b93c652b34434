#include "simulator/replay/replay_services.h"

#include <algorithm>
#include <deque>
#include <map>
#include <mutex>

namespace unbrick::simulator::replay {

namespace {

constexpr std::uint16_t kLockdownPort = 62078;

using base::Json;

struct Shared {
    std::mutex mutex;
    // service and request -> the answers, in order; the last one is said again
    std::map<std::string, std::deque<Json>> answers;
    std::map<std::uint16_t, std::string> service_of_port;
    std::string leaving_message;
    std::function<void()> leave;

    void leave_now() {
        std::function<void()> act;
        {
            const std::scoped_lock lock(mutex);
            act = std::exchange(leave, {});
        }
        if (act) act();
    }
    std::optional<Json> answer(const std::string& service, const Json& request) {
        const std::scoped_lock lock(mutex);
        const auto found = answers.find(service + " " + request_key(request));
        if (found == answers.end() || found->second.empty()) return std::nullopt;
        Json value = found->second.front();
        if (found->second.size() > 1) found->second.pop_front();
        return value;
    }
};

// What lockdownd says to something that it was not asked in the recording.
Json unknown(const Json& request) {
    Json answer{{"Request", base::json_string(request, "Request").value_or("")}};
    answer["Error"] = base::json_string(request, "Request") == "GetValue" ? "MissingValue" : "InvalidService";
    return answer;
}

void serve(Shared& shared, const std::string& service, mux::Stream& stream) {
    while (true) {
        auto message = stream.read_plist(mux::idle_deadline());
        if (!message) return;
        const Json request = message->to_json();
        auto answer = shared.answer(service, request);
        if (!answer) {
            if (service != "lockdown") return;
            answer = unknown(request);
        }
        // No keys are in a recording: everything stays plain text.
        if (answer->contains("EnableSessionSSL")) (*answer)["EnableSessionSSL"] = false;
        if (answer->contains("EnableServiceSSL")) (*answer)["EnableServiceSSL"] = false;
        if (!stream.write_plist(to_plist(*answer))) return;
        const auto asked = base::json_string(request, "Request").value_or("");
        if (!shared.leaving_message.empty() && asked == shared.leaving_message && !answer->contains("Error")) shared.leave_now();
    }
}

}  // namespace

std::function<mux::Service(std::uint16_t)> make_replay_services(const Life& life, std::function<void()> leave) {
    auto shared = std::make_shared<Shared>();
    shared->leave = std::move(leave);
    if (life.ended != 0) shared->leaving_message = life.leaving_message;
    std::map<std::uint64_t, std::string> asked;   // by connection
    for (const auto& message : life.messages) {
        if (message.sent) asked[message.connection] = request_key(message.plist);
        else if (const auto found = asked.find(message.connection); found != asked.end())
            shared->answers[message.service + " " + found->second].push_back(message.plist);
    }
    for (const auto& [service, port] : life.services) shared->service_of_port[port] = service;
    const std::string first = life.mode == "restore" ? "restored" : "lockdown";
    // Identity is asked as lockdown by one link and as restored by the other.
    if (first == "restored")
        for (const auto& [key, answers] : std::map(shared->answers))
            if (key.rfind("lockdown ", 0) == 0) shared->answers["restored " + key.substr(9)] = answers;
    return [shared, first](std::uint16_t port) -> mux::Service {
        std::string service;
        {
            const std::scoped_lock lock(shared->mutex);
            if (port == kLockdownPort) service = first;
            else if (const auto found = shared->service_of_port.find(port); found != shared->service_of_port.end()) service = found->second;
        }
        if (service.empty()) return {};
        return [shared, service](mux::Stream& stream) { serve(*shared, service, stream); };
    };
}

base::Bytes replay_pair_record() {
    const std::string text = base::Plist::dict().set("HostID", kReplayHostId).set("SystemBUID", kReplayHostId).to_xml();
    return {text.begin(), text.end()};
}

}  // namespace unbrick::simulator::replay
