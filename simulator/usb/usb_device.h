// A USB device as the emulated bus sees it: descriptors, and answers to transfers.
#pragma once

#include <cerrno>
#include <functional>
#include <map>
#include <mutex>
#include <string>

#include "src/base/text.h"

namespace unbrick::simulator {

struct UsbSetup {
    std::uint8_t type = 0;     // bmRequestType; bit 7: device to host
    std::uint8_t request = 0;
    std::uint16_t value = 0;
    std::uint16_t index = 0;
    std::uint16_t length = 0;
    bool in() const { return (type & 0x80) != 0; }
};

// How a transfer ends, and after how much phone time.
struct UsbReply {
    int error = 0;             // 0, or an errno as the kernel reports it (EPIPE: stall)
    bool pending = false;      // no data yet: asked again after data_ready()
    bool never = false;        // not answered at all: the host's time-out ends it
    base::Bytes data;          // device to host
    std::size_t accepted = 0;  // host to device
    double delay = 0;          // phone seconds

    static UsbReply stall() { return failed(EPIPE); }
    static UsbReply failed(int error) { UsbReply reply; reply.error = error; return reply; }
    static UsbReply nothing_yet() { UsbReply reply; reply.pending = true; return reply; }
    static UsbReply no_answer() { UsbReply reply; reply.never = true; return reply; }
    static UsbReply took(std::size_t bytes) { UsbReply reply; reply.accepted = bytes; return reply; }
    static UsbReply gives(base::Bytes data) { UsbReply reply; reply.data = std::move(data); return reply; }
    static UsbReply gives(std::string_view text) { return gives(base::Bytes(text.begin(), text.end())); }
};

struct UsbDescriptors {
    base::Bytes device;                          // 18 bytes
    base::Bytes configurations;                  // one after the other
    std::map<std::uint8_t, std::string> strings; // ASCII; at most 126 characters each
    int configuration = 1;                       // the one in use when it appears
    int speed_mbit = 480;
    int removable_milliamps = 500;
};

// One device, from its appearance on the bus to its going. The bus calls one member at a time.
class UsbDevice {
public:
    virtual ~UsbDevice() = default;
    virtual const UsbDescriptors& descriptors() const = 0;
    // Requests other than the standard ones that the bus answers from the descriptors. `out`: data of a
    // host-to-device transfer.
    virtual UsbReply control(const UsbSetup& setup, base::ByteView out);
    virtual UsbReply bulk_out(std::uint8_t endpoint, base::ByteView data);
    // At most `limit` bytes. nothing_yet(): asked again after data_ready().
    virtual UsbReply bulk_in(std::uint8_t endpoint, std::size_t limit);
    virtual void configuration_set(int configuration);
    virtual void alternate_set(int interface, int alternate);
    virtual void reset();  // a bus reset by the host

    // From any thread: pending IN transfers may now have data.
    void data_ready();
    // Set by the bus.
    void set_data_ready(std::function<void()> wake);

private:
    std::mutex wake_mutex_;
    std::function<void()> wake_;
};

}  // namespace unbrick::simulator
