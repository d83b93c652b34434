// One device while it is on the bus: the queues of its transfers, whoever submitted them.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "simulator/phone/timeline.h"
#include "simulator/usb/ready_pipe.h"
#include "simulator/usb/usb_device.h"

namespace unbrick::simulator {

struct Urb {
    std::uint64_t id = 0;         // address of the structure in the client
    std::uint64_t buffer = 0;     // address of the data in the client
    std::uint8_t endpoint = 0;    // with direction bit; 0 for control
    bool control = false;
    bool in = false;
    bool zero_packet = false;
    UsbSetup setup;
    std::size_t length = 0;       // data bytes wanted (control: without the setup packet)
    base::Bytes out;              // host to device
    // When done:
    int status = 0;               // 0 or -errno
    base::Bytes data;             // device to host
    std::size_t actual = 0;
};

// An open file of a client: what it may reap. All access with BusDevice's lock held.
struct OpenFile {
    std::shared_ptr<ReadyPipe> pipe;
    std::deque<std::unique_ptr<Urb>> done;
    std::vector<unsigned> claimed;
};

class BusDevice : public std::enable_shared_from_this<BusDevice> {
public:
    BusDevice(std::shared_ptr<UsbDevice> device, Timeline& timeline);
    void start();  // once, after make_shared
    const UsbDescriptors& descriptors() const { return descriptors_; }

    void close(const std::shared_ptr<OpenFile>& file);
    // All return 0 or an errno; ENODEV once the device has gone.
    int submit(const std::shared_ptr<OpenFile>& file, std::unique_ptr<Urb> urb);
    int discard(const std::shared_ptr<OpenFile>& file, std::uint64_t id);
    int reap(const std::shared_ptr<OpenFile>& file, std::unique_ptr<Urb>& urb);  // EAGAIN: nothing
    int claim(const std::shared_ptr<OpenFile>& file, unsigned interface);        // EBUSY: another file has it
    int release(const std::shared_ptr<OpenFile>& file, unsigned interface);
    int set_configuration(unsigned configuration);
    int set_alternate(unsigned interface, unsigned alternate);
    int reset();
    int alive() const;
    // The device has gone: pending transfers end, nothing more is accepted.
    void gone();

private:
    struct Queued {
        std::shared_ptr<OpenFile> file;
        std::unique_ptr<Urb> urb;
    };
    struct Queue {
        std::deque<Queued> waiting;
        std::uint64_t busy = 0;  // serial of the transfer at the front whose answer is on its way; 0: none
    };
    // With mutex_ held:
    void pump(std::uint8_t endpoint);
    UsbReply ask(Urb& urb);
    std::optional<UsbReply> standard(const UsbSetup& setup) const;
    void finish_front(std::uint8_t endpoint, UsbReply reply);
    void finish(const std::shared_ptr<OpenFile>& file, std::unique_ptr<Urb> urb, int status);

    const std::shared_ptr<UsbDevice> device_;
    const UsbDescriptors descriptors_;
    Timeline& timeline_;
    mutable std::mutex mutex_;
    bool gone_ = false;
    int configuration_;
    std::uint64_t serial_ = 0;
    std::map<std::uint8_t, Queue> queues_;
    std::map<unsigned, std::weak_ptr<OpenFile>> claims_;
};

}  // namespace unbrick::simulator
