#include "simulator/mux/server.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <list>
#include <map>
#include <mutex>
#include <thread>

#include "simulator/mux/frame.h"

namespace unbrick::simulator::mux {

namespace {

constexpr auto kClientPatience = std::chrono::seconds(30);

struct Client {
    explicit Client(base::Fd socket) : stream(std::move(socket)) {}
    Stream stream;
    std::mutex writing;      // a listener is written to by whoever attaches a phone
    bool listening = false;  // guarded by State::mutex
    std::uint32_t device = 0;
    std::thread thread;
    bool over = false;       // guarded by State::mutex: the thread has nothing more to do
};

std::string record_id(const Frame& frame) { return frame.body.string_at("PairRecordID").value_or(""); }

}  // namespace

struct Server::State {
    State(std::filesystem::path path, std::shared_ptr<PairRecords> pair_records)
        : socket_path(std::move(path)), records(std::move(pair_records)) {}

    const std::filesystem::path socket_path;
    const std::shared_ptr<PairRecords> records;

    // Held over a change of attachments and its announcement, so that a new listener hears of every
    // phone once. Taken before `mutex`.
    std::mutex announcing;
    mutable std::mutex mutex;
    std::map<std::uint32_t, Attachment> attachments;
    std::list<std::shared_ptr<Client>> clients;
    std::uint32_t next_device = 1;
    bool stopping = false;
    base::Fd wake;
    std::thread acceptor;

    base::Plist attached_message(std::uint32_t id, const Attachment& attachment) const {
        return base::Plist::dict()
            .set("MessageType", "Attached")
            .set("DeviceID", base::Plist::integer(id))
            .set("Properties", base::Plist::dict()
                                   .set("ConnectionSpeed", base::Plist::integer(480000000))
                                   .set("ConnectionType", "USB")
                                   .set("DeviceID", base::Plist::integer(id))
                                   .set("LocationID", base::Plist::integer(attachment.location))
                                   .set("ProductID", base::Plist::integer(attachment.product_id))
                                   .set("SerialNumber", attachment.udid));
    }

    static void send(Client& client, const base::Bytes& bytes) {
        const std::lock_guard lock(client.writing);
        if (!client.stream.write_all(bytes, base::Deadline::after(kClientPatience))) client.stream.interrupt();
    }

    void tell_listeners(const base::Plist& message) {
        const base::Bytes bytes = encode_frame(0, message);
        std::vector<std::shared_ptr<Client>> listeners;
        {
            const std::lock_guard lock(mutex);
            for (const auto& client : clients)
                if (client->listening) listeners.push_back(client);
        }
        for (const auto& client : listeners) send(*client, bytes);
    }

    void accept_clients(int listener, int wake_fd);
    void serve(Client& client);
    // Returns a service when the connection now belongs to a phone.
    Service connect(Client& client, const Frame& frame);
    void join_ended() {
        std::list<std::shared_ptr<Client>> ended;
        {
            const std::lock_guard lock(mutex);
            for (auto at = clients.begin(); at != clients.end();) {
                const auto next = std::next(at);
                if ((*at)->over) ended.splice(ended.end(), clients, at);
                at = next;
            }
        }
        for (const auto& client : ended) client->thread.join();
    }
    void interrupt_connections_of(std::uint32_t device) {
        for (const auto& client : clients)
            if (client->device == device) client->stream.interrupt();
    }
};

void Server::State::accept_clients(int listener_fd, int wake_fd) {
    const base::Fd listener(listener_fd);
    while (true) {
        pollfd entries[2] = {{listener.get(), POLLIN, 0}, {wake_fd, POLLIN, 0}};
        if (::poll(entries, 2, -1) < 0 && errno != EINTR) return;
        if (entries[1].revents != 0) return;
        base::Fd socket(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
        if (!socket) continue;
        auto client = std::make_shared<Client>(std::move(socket));
        {
            const std::lock_guard lock(mutex);
            if (stopping) return;
            client->thread = std::thread([this, client = client.get()] {
                serve(*client);
                client->stream.interrupt();
                const std::lock_guard inner(mutex);
                client->over = true;
            });
            clients.push_back(client);
        }
        join_ended();
    }
}

Service Server::State::connect(Client& client, const Frame& frame) {
    const auto id = static_cast<std::uint32_t>(frame.body.integer_at("DeviceID").value_or(0));
    // PortNumber is in network byte order (virtual-phone.md section 2).
    const std::uint16_t port = ntohs(static_cast<std::uint16_t>(frame.body.integer_at("PortNumber").value_or(0)));
    std::function<Service(std::uint16_t)> offer;
    {
        const std::lock_guard lock(mutex);
        const auto found = attachments.find(id);
        if (found != attachments.end()) offer = found->second.connect;
        client.device = offer ? id : 0;
    }
    if (!offer) {
        send(client, encode_result(frame.tag, MuxResult::BadDevice));
        return {};
    }
    Service service = offer(port);
    if (!service) {
        const std::lock_guard lock(mutex);
        client.device = 0;
    }
    send(client, encode_result(frame.tag, service ? MuxResult::Ok : MuxResult::Refused));
    return service;
}

void Server::State::serve(Client& client) {
    while (true) {
        auto read = read_frame(client.stream, idle_deadline());
        if (!read) return;
        const Frame& frame = *read;
        if (frame.version != kPlistVersion || frame.message != kPlistMessage) {
            send(client, encode_result(frame.tag, MuxResult::BadVersion));
            continue;
        }
        const std::string type = frame.body.string_at("MessageType").value_or("");
        if (type == "Connect") {
            if (const Service service = connect(client, frame)) {
                service(client.stream);
                return;
            }
        } else if (type == "Listen") {
            send(client, encode_result(frame.tag, MuxResult::Ok));
            const std::lock_guard announce(announcing);
            std::vector<base::Bytes> present;
            {
                const std::lock_guard lock(mutex);
                for (const auto& [id, attachment] : attachments)
                    present.push_back(encode_frame(0, attached_message(id, attachment)));
                client.listening = true;
            }
            for (const auto& message : present) send(client, message);
        } else if (type == "ListDevices") {
            base::Plist list = base::Plist::array();
            {
                const std::lock_guard lock(mutex);
                for (const auto& [id, attachment] : attachments) list.append(attached_message(id, attachment));
            }
            send(client, encode_frame(frame.tag, base::Plist::dict().set("DeviceList", std::move(list))));
        } else if (type == "ReadBUID") {
            send(client, encode_frame(frame.tag, base::Plist::dict().set("BUID", records->buid())));
        } else if (type == "ReadPairRecord") {
            const auto record = records->read(record_id(frame));
            send(client, record ? encode_frame(frame.tag, base::Plist::dict().set("PairRecordData", base::Plist::data(*record)))
                                 : encode_result(frame.tag, MuxResult::BadDevice));
        } else if (type == "SavePairRecord") {
            records->save(record_id(frame), frame.body.data_at("PairRecordData").value_or(base::Bytes{}));
            send(client, encode_result(frame.tag, MuxResult::Ok));
            if (const auto id = frame.body.integer_at("DeviceID"))
                tell_listeners(base::Plist::dict().set("MessageType", "Paired").set("DeviceID", base::Plist::integer(*id)));
        } else if (type == "DeletePairRecord") {
            const bool removed = records->remove(record_id(frame));
            send(client, encode_result(frame.tag, removed ? MuxResult::Ok : MuxResult::BadDevice));
        } else {
            send(client, encode_result(frame.tag, MuxResult::BadCommand));
        }
    }
}

Server::Server(std::filesystem::path socket, std::shared_ptr<PairRecords> records)
    : state_(std::make_unique<State>(std::move(socket), std::move(records))) {}

Server::~Server() { stop(); }

base::Status Server::start() {
    const std::lock_guard lock(state_->mutex);
    if (state_->acceptor.joinable()) return {};
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = state_->socket_path.string();
    if (path.size() >= sizeof(address.sun_path))
        return base::fail(base::ErrorCode::InvalidInput, "the socket's path is too long: " + path);
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    base::Fd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    ::unlink(path.c_str());
    if (!listener || ::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
        ::listen(listener.get(), 64) != 0)
        return base::fail(base::system_error("usbmuxd socket " + path));
    state_->wake.reset(::eventfd(0, EFD_CLOEXEC));
    state_->stopping = false;
    state_->acceptor = std::thread([state = state_.get(), fd = listener.release(), wake = state_->wake.get()] {
        state->accept_clients(fd, wake);
    });
    return {};
}

void Server::stop() {
    std::thread acceptor;
    {
        const std::lock_guard lock(state_->mutex);
        if (!state_->acceptor.joinable()) return;
        state_->stopping = true;
        acceptor = std::move(state_->acceptor);
        ::unlink(state_->socket_path.c_str());
        const std::uint64_t one = 1;
        [[maybe_unused]] const ssize_t woken = ::write(state_->wake.get(), &one, sizeof(one));
    }
    acceptor.join();
    std::list<std::shared_ptr<Client>> clients;
    {
        const std::lock_guard lock(state_->mutex);
        state_->attachments.clear();
        clients = std::move(state_->clients);
        state_->clients.clear();
        for (const auto& client : clients) client->stream.interrupt();
    }
    for (const auto& client : clients) client->thread.join();
}

bool Server::running() const {
    const std::lock_guard lock(state_->mutex);
    return state_->acceptor.joinable();
}

std::uint32_t Server::attach(Attachment attachment) {
    const std::lock_guard announce(state_->announcing);
    std::uint32_t id = 0;
    base::Plist message;
    {
        const std::lock_guard lock(state_->mutex);
        id = state_->next_device++;
        message = state_->attached_message(id, attachment);
        state_->attachments.emplace(id, std::move(attachment));
    }
    state_->tell_listeners(message);
    return id;
}

void Server::detach(std::uint32_t device_id) {
    const std::lock_guard announce(state_->announcing);
    {
        const std::lock_guard lock(state_->mutex);
        if (state_->attachments.erase(device_id) == 0) return;
        state_->interrupt_connections_of(device_id);
    }
    state_->tell_listeners(
        base::Plist::dict().set("MessageType", "Detached").set("DeviceID", base::Plist::integer(device_id)));
}

void Server::drop_connections(std::uint32_t device_id) {
    const std::lock_guard lock(state_->mutex);
    state_->interrupt_connections_of(device_id);
}

}  // namespace unbrick::simulator::mux
