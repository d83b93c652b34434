#include "simulator/usb/session.h"

#include <sys/ioctl.h>

#include <linux/usbdevice_fs.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace unbrick::simulator {

namespace {

// libumockdev-preload's messages: three 64-bit words each way.
enum ClientMessage : std::uint64_t { kIoctl = 1, kRead = 7, kWrite = 8 };
enum ServerMessage : std::uint64_t { kDone = 3, kReadMemory = 5, kWriteMemory = 6 };
constexpr std::int64_t kUnhandled = -100;
constexpr std::size_t kMostBytes = 64u << 20;  // of one transfer

class Client {
public:
    explicit Client(int socket) : socket_(socket) {}

    bool next(std::array<std::uint64_t, 3>& message) { return receive(message.data(), sizeof message); }
    bool read_memory(std::uint64_t address, void* into, std::size_t size) {
        return size == 0 || (send_words(kReadMemory, address, size) && receive(into, size));
    }
    bool write_memory(std::uint64_t address, const void* from, std::size_t size) {
        return size == 0 || (send_words(kWriteMemory, address, size) && send_all(from, size));
    }
    bool done(std::int64_t result, int error = 0) {
        return send_words(kDone, static_cast<std::uint64_t>(result), static_cast<std::uint64_t>(error));
    }
    // As a system call returns: 0, or -1 and errno.
    bool done_errno(int error) { return error == 0 ? done(0) : done(-1, error); }

private:
    bool send_words(std::uint64_t a, std::uint64_t b, std::uint64_t c) {
        const std::array<std::uint64_t, 3> words{a, b, c};
        return send_all(words.data(), sizeof words);
    }
    bool send_all(const void* data, std::size_t size) {
        const auto* at = static_cast<const char*>(data);
        while (size > 0) {
            const auto sent = ::send(socket_, at, size, MSG_NOSIGNAL);
            if (sent < 0 && errno == EINTR) continue;
            if (sent <= 0) return false;
            at += sent;
            size -= static_cast<std::size_t>(sent);
        }
        return true;
    }
    bool receive(void* data, std::size_t size) {
        auto* at = static_cast<char*>(data);
        while (size > 0) {
            const auto got = ::recv(socket_, at, size, 0);
            if (got < 0 && errno == EINTR) continue;
            if (got <= 0) return false;
            at += got;
            size -= static_cast<std::size_t>(got);
        }
        return true;
    }
    int socket_;
};

class Session {
public:
    Session(int socket, const std::shared_ptr<BusDevice>& device, const std::shared_ptr<ReadyPipe>& pipe)
        : client_(socket), device_(device), file_(std::make_shared<OpenFile>()) {
        file_->pipe = pipe;
    }
    ~Session() { device_->close(file_); }

    void run() {
        std::array<std::uint64_t, 3> message{};
        while (client_.next(message)) {
            const bool going = message[0] == kIoctl ? ioctl(message[1], message[2]) : client_.done(kUnhandled);
            if (!going) return;
        }
    }

private:
    // false: the client is gone.
    bool ioctl(std::uint64_t request, std::uint64_t argument) {
        switch (request) {
            case USBDEVFS_GET_CAPABILITIES: {
                const std::uint32_t capabilities = USBDEVFS_CAP_ZERO_PACKET | USBDEVFS_CAP_BULK_CONTINUATION |
                                                   USBDEVFS_CAP_NO_PACKET_SIZE_LIM |
                                                   USBDEVFS_CAP_BULK_SCATTER_GATHER |
                                                   USBDEVFS_CAP_REAP_AFTER_DISCONNECT;
                return client_.write_memory(argument, &capabilities, sizeof capabilities) && client_.done(0);
            }
            case USBDEVFS_SUBMITURB: return submit(argument);
            case USBDEVFS_REAPURBNDELAY: return reap(argument);
            case USBDEVFS_DISCARDURB: return client_.done_errno(device_->discard(file_, argument));
            case USBDEVFS_CLAIMINTERFACE:
                return with_number(argument, [&](unsigned n) { return device_->claim(file_, n); });
            case USBDEVFS_RELEASEINTERFACE:
                return with_number(argument, [&](unsigned n) { return device_->release(file_, n); });
            case USBDEVFS_DISCONNECT_CLAIM:  // begins with the interface number
                return with_number(argument, [&](unsigned n) { return device_->claim(file_, n); });
            case USBDEVFS_SETCONFIGURATION:
                return with_number(argument, [&](unsigned n) { return device_->set_configuration(n); });
            case USBDEVFS_SETINTERFACE: {
                std::array<std::uint32_t, 2> words{};
                return client_.read_memory(argument, words.data(), sizeof words) &&
                       client_.done_errno(device_->set_alternate(words[0], words[1]));
            }
            case USBDEVFS_CLEAR_HALT: return client_.done_errno(device_->alive());
            case USBDEVFS_RESET: return client_.done_errno(device_->reset());
            case USBDEVFS_GETDRIVER:
            case USBDEVFS_IOCTL: return client_.done_errno(device_->alive() ? ENODEV : ENODATA);
            default: return client_.done_errno(ENOTTY);
        }
    }

    template <class Act>
    bool with_number(std::uint64_t argument, Act act) {
        std::uint32_t number = 0;
        return client_.read_memory(argument, &number, sizeof number) && client_.done_errno(act(number));
    }

    // Offsets in struct usbdevfs_urb of a 64-bit process.
    static_assert(sizeof(usbdevfs_urb) == 56);
    bool submit(std::uint64_t argument) {
        usbdevfs_urb raw{};
        if (!client_.read_memory(argument, &raw, sizeof raw)) return false;
        auto urb = std::make_unique<Urb>();
        urb->id = argument;
        urb->buffer = reinterpret_cast<std::uint64_t>(raw.buffer);
        if (raw.buffer_length < 0 || static_cast<std::size_t>(raw.buffer_length) > kMostBytes)
            return client_.done_errno(EINVAL);
        auto size = static_cast<std::size_t>(raw.buffer_length);
        std::uint64_t data_at = urb->buffer;
        if (raw.type == USBDEVFS_URB_TYPE_CONTROL) {
            std::array<std::uint8_t, 8> setup{};
            if (size < setup.size()) return client_.done_errno(EINVAL);
            if (!client_.read_memory(urb->buffer, setup.data(), setup.size())) return false;
            const auto word = [&](std::size_t at) { return static_cast<std::uint16_t>(setup[at] | (setup[at + 1] << 8)); };
            urb->control = true;
            urb->setup = {setup[0], setup[1], word(2), word(4), word(6)};
            urb->in = urb->setup.in();
            data_at += setup.size();
            size = std::min<std::size_t>(size - setup.size(), urb->setup.length);
        } else if (raw.type == USBDEVFS_URB_TYPE_BULK || raw.type == USBDEVFS_URB_TYPE_INTERRUPT) {
            urb->endpoint = raw.endpoint;
            urb->in = (raw.endpoint & 0x80) != 0;
            urb->zero_packet = (raw.flags & USBDEVFS_URB_ZERO_PACKET) != 0;
        } else {
            return client_.done_errno(EINVAL);
        }
        urb->length = size;
        if (!urb->in) {
            urb->out.resize(size);
            if (!client_.read_memory(data_at, urb->out.data(), size)) return false;
        }
        return client_.done_errno(device_->submit(file_, std::move(urb)));
    }

    bool reap(std::uint64_t argument) {
        std::unique_ptr<Urb> urb;
        if (const int error = device_->reap(file_, urb)) return client_.done_errno(error);
        const std::int32_t status = urb->status;
        const auto actual = static_cast<std::int32_t>(urb->actual);
        const auto data_at = urb->buffer + (urb->control ? 8 : 0);
        return client_.write_memory(data_at, urb->data.data(), urb->data.size()) &&
               client_.write_memory(urb->id + offsetof(usbdevfs_urb, status), &status, sizeof status) &&
               client_.write_memory(urb->id + offsetof(usbdevfs_urb, actual_length), &actual, sizeof actual) &&
               client_.write_memory(argument, &urb->id, sizeof urb->id) && client_.done(0);
    }

    Client client_;
    std::shared_ptr<BusDevice> device_;
    std::shared_ptr<OpenFile> file_;
};

}  // namespace

void serve_open_file(int socket, const std::shared_ptr<BusDevice>& device, const std::shared_ptr<ReadyPipe>& pipe) {
    Session(socket, device, pipe).run();
}

bool pass_one_request(int socket) {
    Client client(socket);
    std::array<std::uint64_t, 3> message{};
    return client.next(message) && client.done(kUnhandled);
}

}  // namespace unbrick::simulator
