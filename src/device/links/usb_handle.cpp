#include "src/device/links/usb_handle.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "src/base/log.h"

namespace unbrick::device {

using base::ErrorCode;
using base::fail;

namespace {

base::ErrorCode code_of(int native) {
    switch (native) {
        case LIBUSB_ERROR_TIMEOUT: return ErrorCode::TimedOut;
        case LIBUSB_ERROR_PIPE: return ErrorCode::Stalled;
        case LIBUSB_ERROR_NO_DEVICE: return ErrorCode::Disconnected;
        case LIBUSB_ERROR_NOT_FOUND: return ErrorCode::NoPhone;
        case LIBUSB_ERROR_ACCESS: return ErrorCode::PermissionDenied;
        case LIBUSB_ERROR_BUSY: return ErrorCode::Busy;
        default: return ErrorCode::Transport;
    }
}

base::Retry retry_of(int native) {
    switch (native) {
        case LIBUSB_ERROR_TIMEOUT: return base::Retry::Now;
        case LIBUSB_ERROR_ACCESS:
        case LIBUSB_ERROR_BUSY: return base::Retry::AfterUserAction;
        case LIBUSB_ERROR_NO_DEVICE:
        case LIBUSB_ERROR_IO: return base::Retry::AfterReplug;
        default: return base::Retry::No;
    }
}

int error_of_status(libusb_transfer_status status) {
    switch (status) {
        case LIBUSB_TRANSFER_COMPLETED: return 0;
        case LIBUSB_TRANSFER_TIMED_OUT: return LIBUSB_ERROR_TIMEOUT;
        case LIBUSB_TRANSFER_CANCELLED: return LIBUSB_ERROR_INTERRUPTED;
        case LIBUSB_TRANSFER_STALL: return LIBUSB_ERROR_PIPE;
        case LIBUSB_TRANSFER_NO_DEVICE: return LIBUSB_ERROR_NO_DEVICE;
        case LIBUSB_TRANSFER_OVERFLOW: return LIBUSB_ERROR_OVERFLOW;
        default: return LIBUSB_ERROR_IO;
    }
}

void count(TransferCounters& counters, int native, bool stall_is_answer) {
    ++counters.transfers;
    switch (native) {
        case 0: break;
        case LIBUSB_ERROR_TIMEOUT: ++counters.timeouts; break;
        case LIBUSB_ERROR_PIPE: if (!stall_is_answer) ++counters.stalls; break;
        case LIBUSB_ERROR_NO_DEVICE: ++counters.lost; break;
        case LIBUSB_ERROR_OVERFLOW: ++counters.overflows; break;
        case LIBUSB_ERROR_INTERRUPTED: ++counters.cancelled; break;
        default: ++counters.other; break;
    }
}

double milliseconds_since(base::SteadyClock::time_point begun) {
    return std::chrono::duration<double, std::milli>(base::SteadyClock::now() - begun).count();
}

}  // namespace

base::Error usb_error(std::string what, int native) {
    return base::Error(code_of(native), what + ": " + libusb_strerror(native))
        .with_native("libusb", native)
        .with_retry(retry_of(native));
}

struct UsbHandle::State {
    libusb_context* context = nullptr;
    libusb_device_handle* handle = nullptr;
    UsbAddress address;
    std::uint16_t product = 0;
    std::uint8_t serial_index = 0;
    std::vector<int> claimed;
    std::shared_ptr<TransferCounters> counters;
    std::shared_ptr<Recorder> recorder;
    std::string phone;

    ~State() {
        if (handle != nullptr) {
            for (const int interface : claimed) libusb_release_interface(handle, interface);
            libusb_close(handle);
        }
        if (context != nullptr) libusb_exit(context);
    }

    struct Outcome {
        int native = 0;
        int moved = 0;
    };
    // Submits the filled transfer and handles events until it is over. A stop request or the deadline
    // cancels it; the transfer is always finished when this returns, so its buffer may go.
    Outcome run(libusb_transfer* transfer, const base::Deadline& deadline, const std::stop_token& stop) {
        int completed = 0;
        transfer->user_data = &completed;
        transfer->callback = [](libusb_transfer* done) { *static_cast<int*>(done->user_data) = 1; };
        transfer->timeout = 0;
        if (const int submitted = libusb_submit_transfer(transfer); submitted != 0) return {submitted, 0};
        const std::stop_callback wake(stop, [this] { libusb_interrupt_event_handler(context); });
        bool timed_out = false, cancelled = false;
        while (completed == 0) {
            auto left = deadline.remaining();
            if (!cancelled && (stop.stop_requested() || left.count() == 0)) {
                timed_out = !stop.stop_requested();
                cancelled = true;
                libusb_cancel_transfer(transfer);
            }
            if (cancelled) left = std::chrono::milliseconds(100);
            timeval span{left.count() / 1000, static_cast<suseconds_t>((left.count() % 1000) * 1000)};
            if (libusb_handle_events_timeout_completed(context, &span, &completed) != 0 && !cancelled) {
                cancelled = true;
                libusb_cancel_transfer(transfer);
            }
        }
        int native = error_of_status(transfer->status);
        if (native == LIBUSB_ERROR_INTERRUPTED && timed_out) native = LIBUSB_ERROR_TIMEOUT;
        return {native, transfer->actual_length};
    }
};

UsbHandle::UsbHandle(std::unique_ptr<State> state) : state_(std::move(state)) {}
UsbHandle::UsbHandle(UsbHandle&& other) noexcept = default;
UsbHandle::~UsbHandle() = default;

base::Result<UsbHandle> UsbHandle::open(const UsbAddress& address, LinkOptions options) {
    auto state = std::make_unique<State>();
    state->address = address;
    state->phone = std::move(options.phone);
    state->recorder = options.recorder ? std::move(options.recorder) : Recorder::installed();
    state->counters = options.counters ? std::move(options.counters) : std::make_shared<TransferCounters>();
    if (const int begun = libusb_init(&state->context); begun != 0)
        return fail(base::Error(ErrorCode::HostEnvironment, std::string("libusb does not start: ") + libusb_strerror(begun))
                        .with_native("libusb", begun));
    libusb_device** list = nullptr;
    const ssize_t found = libusb_get_device_list(state->context, &list);
    if (found < 0) return fail(usb_error("list USB devices", static_cast<int>(found)));
    int opened = LIBUSB_ERROR_NOT_FOUND;
    for (ssize_t index = 0; index < found; ++index) {
        libusb_device* device = list[index];
        if (libusb_get_bus_number(device) != address.bus || libusb_get_device_address(device) != address.address) continue;
        libusb_device_descriptor descriptor{};
        if (libusb_get_device_descriptor(device, &descriptor) == 0) {
            state->product = descriptor.idProduct;
            state->serial_index = descriptor.iSerialNumber;
        }
        if (state->phone.empty() && state->recorder) {
            // Without a name its lines could not be told from another phone's.
            UsbPort port{address.bus, {}};
            std::array<std::uint8_t, 8> numbers{};
            const int depth = libusb_get_port_numbers(device, numbers.data(), static_cast<int>(numbers.size()));
            for (int level = 0; level < depth; ++level)
                port.path += (level > 0 ? "." : "") + std::to_string(numbers[static_cast<std::size_t>(level)]);
            state->phone = kernel_serial(address, port);
        }
        opened = libusb_open(device, &state->handle);
        break;
    }
    libusb_free_device_list(list, 1);
    if (opened != 0) {
        auto error = usb_error(fmt::format("open USB device {}:{}", address.bus, address.address), opened);
        return fail(opened == LIBUSB_ERROR_NO_DEVICE
                        ? base::Error(ErrorCode::NoPhone, error.message()).with_native("libusb", opened)
                        : std::move(error));
    }
    UsbHandle handle(std::move(state));
    handle.note("open", {{"product", handle.product()}});
    return handle;
}

base::Status UsbHandle::configure(int configuration) {
    int current = 0;
    if (libusb_get_configuration(state_->handle, &current) == 0 && current == configuration) return {};
    if (const int set = libusb_set_configuration(state_->handle, configuration); set != 0)
        return fail(usb_error(fmt::format("set configuration {}", configuration), set));
    return {};
}

base::Status UsbHandle::claim(int interface, std::optional<int> alternate) {
    if (std::find(state_->claimed.begin(), state_->claimed.end(), interface) == state_->claimed.end()) {
        if (const int claimed = libusb_claim_interface(state_->handle, interface); claimed != 0) {
            std::string holder;
            if (claimed == LIBUSB_ERROR_BUSY) {
                if (const auto topology = read_topology(state_->address))
                    for (const auto& held : topology->holders)
                        holder += " (held by " + (held.program.empty() ? held.driver : held.program) + ")";
            }
            return fail(usb_error(fmt::format("claim interface {}{}", interface, holder), claimed));
        }
        state_->claimed.push_back(interface);
    }
    if (alternate)
        if (const int set = libusb_set_interface_alt_setting(state_->handle, interface, *alternate); set != 0)
            return fail(usb_error(fmt::format("set alternate {} of interface {}", *alternate, interface), set));
    return {};
}

void UsbHandle::release(int interface) {
    if (std::erase(state_->claimed, interface) != 0) libusb_release_interface(state_->handle, interface);
}

namespace {

struct FreeTransfer {
    void operator()(libusb_transfer* transfer) const { libusb_free_transfer(transfer); }
};
using Transfer = std::unique_ptr<libusb_transfer, FreeTransfer>;

}  // namespace

base::Result<std::size_t> UsbHandle::control_out(std::uint8_t type, std::uint8_t request, std::uint16_t value,
                                                 std::uint16_t index, base::ByteView data, const base::Deadline& deadline,
                                                 const std::stop_token& stop) {
    const auto length = static_cast<std::uint16_t>(std::min<std::size_t>(data.size(), 0xffff));
    base::Bytes buffer(LIBUSB_CONTROL_SETUP_SIZE + length);
    libusb_fill_control_setup(buffer.data(), type, request, value, index, length);
    std::copy_n(data.begin(), length, buffer.begin() + LIBUSB_CONTROL_SETUP_SIZE);
    const Transfer transfer(libusb_alloc_transfer(0));
    libusb_fill_control_transfer(transfer.get(), state_->handle, buffer.data(), nullptr, nullptr, 0);
    const auto begun = base::SteadyClock::now();
    const auto outcome = state_->run(transfer.get(), deadline.earlier_of(kTransferTimeout), stop);
    count(*state_->counters, outcome.native, false);
    if (state_->recorder)
        state_->recorder->control(state_->phone, {type, request, value, index, length, data,
                                                  outcome.native != 0 ? outcome.native : outcome.moved, milliseconds_since(begun)});
    if (stop.stop_requested() && outcome.native != 0) return fail(ErrorCode::Cancelled, "USB transfer: cancelled");
    if (outcome.native != 0) return fail(usb_error(fmt::format("control transfer {:02x}/{}", type, request), outcome.native));
    state_->counters->bytes_out += static_cast<std::uint64_t>(outcome.moved);
    return static_cast<std::size_t>(outcome.moved);
}

base::Result<base::Bytes> UsbHandle::control_in(std::uint8_t type, std::uint8_t request, std::uint16_t value, std::uint16_t index,
                                                std::uint16_t length, const base::Deadline& deadline, const std::stop_token& stop,
                                                bool stall_is_answer) {
    base::Bytes buffer(LIBUSB_CONTROL_SETUP_SIZE + length);
    libusb_fill_control_setup(buffer.data(), type, request, value, index, length);
    const Transfer transfer(libusb_alloc_transfer(0));
    libusb_fill_control_transfer(transfer.get(), state_->handle, buffer.data(), nullptr, nullptr, 0);
    const auto begun = base::SteadyClock::now();
    const auto outcome = state_->run(transfer.get(), deadline.earlier_of(kTransferTimeout), stop);
    count(*state_->counters, outcome.native, stall_is_answer);
    const base::ByteView received(buffer.data() + LIBUSB_CONTROL_SETUP_SIZE, static_cast<std::size_t>(std::max(outcome.moved, 0)));
    if (state_->recorder)
        state_->recorder->control(state_->phone, {type, request, value, index, length, received,
                                                  outcome.native != 0 ? outcome.native : outcome.moved, milliseconds_since(begun)});
    if (stop.stop_requested() && outcome.native != 0) return fail(ErrorCode::Cancelled, "USB transfer: cancelled");
    if (outcome.native != 0) return fail(usb_error(fmt::format("control transfer {:02x}/{}", type, request), outcome.native));
    state_->counters->bytes_in += received.size();
    return base::Bytes(received.begin(), received.end());
}

base::Result<std::size_t> UsbHandle::bulk_out(std::uint8_t endpoint, base::ByteView data, const base::Deadline& deadline,
                                              const std::stop_token& stop) {
    const Transfer transfer(libusb_alloc_transfer(0));
    // libusb does not write to the buffer of an OUT transfer.
    libusb_fill_bulk_transfer(transfer.get(), state_->handle, endpoint, const_cast<std::uint8_t*>(data.data()),
                              static_cast<int>(data.size()), nullptr, nullptr, 0);
    const auto begun = base::SteadyClock::now();
    const auto outcome = state_->run(transfer.get(), deadline.earlier_of(kTransferTimeout), stop);
    count(*state_->counters, outcome.native, false);
    if (state_->recorder)
        state_->recorder->bulk(state_->phone, {endpoint, data.size(), data, outcome.native != 0 ? outcome.native : outcome.moved,
                                               milliseconds_since(begun)});
    state_->counters->bytes_out += static_cast<std::uint64_t>(std::max(outcome.moved, 0));
    if (stop.stop_requested() && outcome.native != 0) return fail(ErrorCode::Cancelled, "USB transfer: cancelled");
    if (outcome.native != 0) return fail(usb_error(fmt::format("bulk write to {:02x}", endpoint), outcome.native));
    if (static_cast<std::size_t>(outcome.moved) != data.size()) {
        ++state_->counters->short_writes;
        return fail(ErrorCode::Transport, fmt::format("bulk write to {:02x}: {} of {} bytes", endpoint, outcome.moved, data.size()));
    }
    return data.size();
}

base::Result<base::Bytes> UsbHandle::bulk_in(std::uint8_t endpoint, std::size_t length, const base::Deadline& deadline,
                                             const std::stop_token& stop) {
    base::Bytes buffer(length);
    const Transfer transfer(libusb_alloc_transfer(0));
    libusb_fill_bulk_transfer(transfer.get(), state_->handle, endpoint, buffer.data(), static_cast<int>(length), nullptr, nullptr, 0);
    const auto begun = base::SteadyClock::now();
    const auto outcome = state_->run(transfer.get(), deadline.earlier_of(kTransferTimeout), stop);
    count(*state_->counters, outcome.native, false);
    buffer.resize(static_cast<std::size_t>(std::max(outcome.moved, 0)));
    if (state_->recorder)
        state_->recorder->bulk(state_->phone, {endpoint, length, buffer, outcome.native != 0 ? outcome.native : outcome.moved,
                                               milliseconds_since(begun)});
    if (stop.stop_requested() && outcome.native != 0) return fail(ErrorCode::Cancelled, "USB transfer: cancelled");
    if (outcome.native != 0) return fail(usb_error(fmt::format("bulk read from {:02x}", endpoint), outcome.native));
    state_->counters->bytes_in += buffer.size();
    return buffer;
}

base::Result<std::string> UsbHandle::string(std::uint8_t index, const base::Deadline& deadline, const std::stop_token& stop) {
    constexpr std::uint16_t kEnglishUs = 0x0409;
    UB_TRY_CONTEXT(const base::Bytes raw,
                   control_in(LIBUSB_ENDPOINT_IN, LIBUSB_REQUEST_GET_DESCRIPTOR,
                              static_cast<std::uint16_t>((LIBUSB_DT_STRING << 8) | index), kEnglishUs, 255, deadline, stop),
                   fmt::format("read string {}", index));
    if (raw.size() < 2 || raw[1] != LIBUSB_DT_STRING)
        return fail(ErrorCode::Protocol, fmt::format("string {} is no string descriptor", index));
    const std::size_t end = std::min<std::size_t>(raw[0], raw.size());
    std::string text;
    for (std::size_t at = 2; at + 1 < end; at += 2)
        text += raw[at + 1] == 0 && raw[at] >= 0x20 && raw[at] < 0x7f ? static_cast<char>(raw[at]) : '?';
    return text;
}

base::Result<std::string> UsbHandle::serial_string(const base::Deadline& deadline, const std::stop_token& stop) {
    if (state_->serial_index == 0) return std::string();
    return string(state_->serial_index, deadline, stop);
}

base::Status UsbHandle::reset() {
    const int native = libusb_reset_device(state_->handle);
    note("reset", {{"result", native}});
    if (native != 0 && native != LIBUSB_ERROR_NOT_FOUND && native != LIBUSB_ERROR_NO_DEVICE)
        return fail(usb_error("reset USB device", native));
    return {};
}

const UsbAddress& UsbHandle::address() const { return state_->address; }
std::uint16_t UsbHandle::product() const { return state_->product; }
TransferCounters& UsbHandle::counters() const { return *state_->counters; }
void UsbHandle::note(std::string_view what, const base::Json& data) const {
    if (state_->recorder) state_->recorder->event(state_->phone, what, data);
}

}  // namespace unbrick::device
