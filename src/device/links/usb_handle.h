// An open USB device: transfers that end by a deadline or a stop request, are counted and recorded.
#pragma once

#include <libusb.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "src/base/cancel.h"
#include "src/base/result.h"
#include "src/base/text.h"
#include "src/device/counters.h"
#include "src/device/recorder.h"
#include "src/device/usb.h"

namespace unbrick::device {

// The usual time-out of one transfer (restore-protocol.md 2: 10 s).
inline constexpr std::chrono::seconds kTransferTimeout{10};

struct LinkOptions {
    std::shared_ptr<Recorder> recorder;      // null: Recorder::installed()
    std::shared_ptr<TransferCounters> counters;
    std::string phone;                       // who it is, for the recorder; it is redacted there
};

// libusb's number as an error of ours: LIBUSB_ERROR_PIPE is Stalled, NO_DEVICE Disconnected, ACCESS
// PermissionDenied, BUSY Busy, TIMEOUT TimedOut.
base::Error usb_error(std::string what, int native);

// Has a libusb context of its own, so that one phone's transfers wake no other's thread. One thread at a time.
class UsbHandle {
public:
    // Errors: NoPhone (not on the bus any more), PermissionDenied, Transport.
    static base::Result<UsbHandle> open(const UsbAddress& address, LinkOptions options);
    UsbHandle(UsbHandle&& other) noexcept;
    UsbHandle& operator=(UsbHandle&&) = delete;
    ~UsbHandle();

    base::Status configure(int configuration);                     // skipped when it is the current one
    base::Status claim(int interface, std::optional<int> alternate);   // Busy names who holds it, when that can be seen
    void release(int interface);

    // Each returns what libusb moved. A stall is Stalled and counted, unless `stall_is_answer`.
    base::Result<std::size_t> control_out(std::uint8_t type, std::uint8_t request, std::uint16_t value, std::uint16_t index,
                                          base::ByteView data, const base::Deadline& deadline, const std::stop_token& stop);
    base::Result<base::Bytes> control_in(std::uint8_t type, std::uint8_t request, std::uint16_t value, std::uint16_t index,
                                         std::uint16_t length, const base::Deadline& deadline, const std::stop_token& stop,
                                         bool stall_is_answer = false);
    base::Result<std::size_t> bulk_out(std::uint8_t endpoint, base::ByteView data, const base::Deadline& deadline,
                                       const std::stop_token& stop);
    base::Result<base::Bytes> bulk_in(std::uint8_t endpoint, std::size_t length, const base::Deadline& deadline,
                                      const std::stop_token& stop);
    // A string descriptor as ASCII; other characters become '?'.
    base::Result<std::string> string(std::uint8_t index, const base::Deadline& deadline, const std::stop_token& stop);
    base::Result<std::string> serial_string(const base::Deadline& deadline, const std::stop_token& stop);
    // A bus reset. The phone usually leaves by it: NotFound and NoDevice of libusb are success.
    base::Status reset();

    const UsbAddress& address() const;
    std::uint16_t product() const;
    TransferCounters& counters() const;
    void note(std::string_view what, const base::Json& data) const;   // a line in the recording

private:
    struct State;
    explicit UsbHandle(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace unbrick::device
