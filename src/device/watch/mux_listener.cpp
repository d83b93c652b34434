#include "src/device/watch/mux_listener.h"

#include <netdb.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "src/base/log.h"
#include "src/device/usb.h"

namespace unbrick::device {

namespace {

constexpr const char* kSystemSocket = "/var/run/usbmuxd";
constexpr std::size_t kHeader = 16;
constexpr std::size_t kLargestMessage = 1u << 20;
constexpr std::uint32_t kPlistVersion = 1, kPlistMessage = 8;
// The socket's file is there before the daemon listens: it refuses for a moment.
constexpr std::chrono::milliseconds kRefusedAgainAfter{50};
constexpr std::chrono::milliseconds kAgainAfter{1000};

std::uint32_t get32(const base::Bytes& from, std::size_t at) {
    return from[at] | (std::uint32_t{from[at + 1]} << 8) | (std::uint32_t{from[at + 2]} << 16) | (std::uint32_t{from[at + 3]} << 24);
}

base::Bytes listen_request() {
    const std::string body = base::Plist::dict()
                                 .set("MessageType", "Listen")
                                 .set("ClientVersionString", "unbrick")
                                 .set("ProgName", "unbrick")
                                 .set("kLibUSBMuxVersion", base::Plist::integer(3))
                                 .to_xml();
    base::Bytes bytes;
    for (const std::uint32_t word : {static_cast<std::uint32_t>(kHeader + body.size()), kPlistVersion, kPlistMessage, 1u})
        for (int shift = 0; shift < 32; shift += 8) bytes.push_back(static_cast<std::uint8_t>(word >> shift));
    bytes.insert(bytes.end(), body.begin(), body.end());
    return bytes;
}

}  // namespace

std::vector<MuxEvent> parse_mux_message(const base::Plist& message) {
    const auto type = message.string_at("MessageType").value_or("");
    MuxEvent event;
    event.id = static_cast<std::uint32_t>(message.integer_at("DeviceID").value_or(0));
    if (event.id == 0) return {};
    if (type == "Attached") {
        const auto properties = message.at("Properties");
        if (properties.string_at("ConnectionType").value_or("USB") != "USB") return {};
        event.udid = properties.string_at("SerialNumber").value_or("").substr(0, 64);
        // Older daemons leave the hyphen of the 24 digit form out.
        if (const auto whole = udid_of_usb_serial(event.udid); !whole.empty()) event.udid = whole;
        event.location = static_cast<std::uint32_t>(properties.integer_at("LocationID").value_or(0));
        event.product = static_cast<std::uint16_t>(properties.integer_at("ProductID").value_or(0));
        if (event.udid.empty()) return {};
        return {event};
    }
    if (type == "Detached") event.kind = MuxEvent::Kind::Detached;
    else if (type == "Paired") event.kind = MuxEvent::Kind::Paired;
    else return {};
    return {event};
}

MuxListener::MuxListener() {
    const char* set = std::getenv("USBMUXD_SOCKET_ADDRESS");
    address_ = set != nullptr && *set != '\0' ? set : std::string("UNIX:") + kSystemSocket;
    if (base::starts_with(address_, "UNIX:")) path_ = address_.substr(5);
    else if (base::starts_with(address_, "/")) path_ = address_;
    watch_folder();
}

void MuxListener::watch_folder() {
    if (path_.empty()) return;
    inotify_ = base::Fd(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
    const auto folder = std::filesystem::path(path_).parent_path();
    if (inotify_ && inotify_add_watch(inotify_.get(), folder.c_str(), IN_CREATE | IN_MOVED_TO | IN_ATTRIB) < 0) inotify_.reset();
}

void MuxListener::add_to(std::vector<pollfd>& descriptors) const {
    if (socket_) descriptors.push_back({socket_.get(), POLLIN, 0});
    if (inotify_) descriptors.push_back({inotify_.get(), POLLIN, 0});
}

void MuxListener::try_connect() {
    next_try_ = base::Deadline::never();
    base::Fd made;
    if (!path_.empty()) {
        std::error_code ignored;
        if (!std::filesystem::exists(path_, ignored)) {
            refused_ = 0;
            if (!inotify_) next_try_ = base::Deadline::after(kAgainAfter);   // its folder is not there either
            return;
        }
        sockaddr_un name{};
        name.sun_family = AF_UNIX;
        if (path_.size() >= sizeof name.sun_path) return;
        std::copy(path_.begin(), path_.end(), name.sun_path);
        made = base::Fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        if (made && connect(made.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0) made.reset();
    } else {
        const auto colon = address_.rfind(':');
        if (colon == std::string::npos) return;
        addrinfo hints{}, *found = nullptr;
        hints.ai_socktype = SOCK_STREAM;
        if (getaddrinfo(address_.substr(0, colon).c_str(), address_.substr(colon + 1).c_str(), &hints, &found) == 0) {
            made = base::Fd(socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
            if (made && connect(made.get(), found->ai_addr, found->ai_addrlen) != 0) made.reset();
            freeaddrinfo(found);
        }
    }
    if (made) {
        const auto request = listen_request();
        if (send(made.get(), request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size())) made.reset();
    }
    if (!made) {
        next_try_ = base::Deadline::after(++refused_ <= kRefusedQuickly ? kRefusedAgainAfter : kAgainAfter);
        return;
    }
    refused_ = 0;
    buffer_.clear();
    socket_ = std::move(made);
}

void MuxListener::drop(std::vector<MuxEvent>& events) {
    socket_.reset();
    buffer_.clear();
    buffer_.shrink_to_fit();
    if (listening_) events.push_back({MuxEvent::Kind::Disconnected, 0, {}, 0, 0});
    listening_ = false;
    next_try_ = base::Deadline::after(kRefusedAgainAfter);
}

std::vector<MuxEvent> MuxListener::handle() {
    std::vector<MuxEvent> events;
    bool come = false;
    if (inotify_) {
        alignas(inotify_event) std::array<char, 4096> notes;
        while (read(inotify_.get(), notes.data(), notes.size()) > 0) come = true;
    }
    if (!socket_ && (come || next_try_.expired())) try_connect();
    if (!socket_) return events;
    std::array<std::uint8_t, 8192> piece;
    while (true) {
        const ssize_t got = recv(socket_.get(), piece.data(), piece.size(), MSG_DONTWAIT);
        if (got > 0) {
            buffer_.insert(buffer_.end(), piece.begin(), piece.begin() + got);
            if (buffer_.size() <= kLargestMessage) continue;
        } else if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
            break;
        }
        drop(events);
        return events;
    }
    std::size_t at = 0;
    while (buffer_.size() - at >= kHeader) {
        const std::size_t length = get32(buffer_, at);
        if (length < kHeader || length > kLargestMessage) {
            base::log::warning("watcher", "usbmuxd sent a message of {} bytes", length);
            drop(events);
            return events;
        }
        if (buffer_.size() - at < length) break;
        const auto message = base::Plist::parse(base::ByteView(buffer_).subspan(at + kHeader, length - kHeader), "usbmuxd");
        at += length;
        if (!message) continue;
        if (message->string_at("MessageType").value_or("") == "Result") {
            if (message->integer_at("Number").value_or(1) != 0) {
                drop(events);
                next_try_ = base::Deadline::after(kAgainAfter);
                return events;
            }
            if (!listening_) events.push_back({MuxEvent::Kind::Connected, 0, {}, 0, 0});
            listening_ = true;
            continue;
        }
        auto parsed = parse_mux_message(*message);
        events.insert(events.end(), parsed.begin(), parsed.end());
    }
    buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(at));
    return events;
}

}  // namespace unbrick::device
