#include "simulator/usb/bus_device.h"

#include <algorithm>

#include "simulator/usb/descriptors.h"

namespace unbrick::simulator {

BusDevice::BusDevice(std::shared_ptr<UsbDevice> device, Timeline& timeline)
    : device_(std::move(device)),
      descriptors_(device_->descriptors()),
      timeline_(timeline),
      configuration_(descriptors_.configuration) {}

void BusDevice::start() {
    device_->set_data_ready([weak = weak_from_this(), &timeline = timeline_] {
        // On the timeline: the caller may hold locks that the device's answer needs.
        timeline.post([weak] {
            const auto self = weak.lock();
            if (!self) return;
            std::lock_guard lock(self->mutex_);
            for (auto& [endpoint, queue] : self->queues_) self->pump(endpoint);
        });
    });
}

void BusDevice::close(const std::shared_ptr<OpenFile>& file) {
    std::lock_guard lock(mutex_);
    for (auto& [endpoint, queue] : queues_) {
        if (!queue.waiting.empty() && queue.waiting.front().file == file) queue.busy = 0;
        std::erase_if(queue.waiting, [&](const Queued& one) { return one.file == file; });
    }
    for (const auto interface : file->claimed) claims_.erase(interface);
    if (!file->done.empty()) {
        file->done.clear();
        file->pipe->remove_ready();
    }
    for (auto& [endpoint, queue] : queues_) pump(endpoint);
}

int BusDevice::alive() const {
    std::lock_guard lock(mutex_);
    return gone_ ? ENODEV : 0;
}

int BusDevice::submit(const std::shared_ptr<OpenFile>& file, std::unique_ptr<Urb> urb) {
    std::lock_guard lock(mutex_);
    if (gone_) return ENODEV;
    const auto endpoint = urb->endpoint;
    queues_[endpoint].waiting.push_back({file, std::move(urb)});
    pump(endpoint);
    return 0;
}

int BusDevice::discard(const std::shared_ptr<OpenFile>& file, std::uint64_t id) {
    std::lock_guard lock(mutex_);
    for (auto& [endpoint, queue] : queues_) {
        for (auto at = queue.waiting.begin(); at != queue.waiting.end(); ++at) {
            if (at->file != file || at->urb->id != id) continue;
            auto urb = std::move(at->urb);
            if (at == queue.waiting.begin()) queue.busy = 0;
            queue.waiting.erase(at);
            finish(file, std::move(urb), -ENOENT);
            pump(endpoint);
            return 0;
        }
    }
    return EINVAL;
}

int BusDevice::reap(const std::shared_ptr<OpenFile>& file, std::unique_ptr<Urb>& urb) {
    std::lock_guard lock(mutex_);
    if (file->done.empty()) return gone_ ? ENODEV : EAGAIN;
    urb = std::move(file->done.front());
    file->done.pop_front();
    if (file->done.empty()) file->pipe->remove_ready();
    return 0;
}

int BusDevice::claim(const std::shared_ptr<OpenFile>& file, unsigned interface) {
    std::lock_guard lock(mutex_);
    if (gone_) return ENODEV;
    const auto holder = claims_.find(interface);
    if (holder != claims_.end()) {
        const auto other = holder->second.lock();
        if (other && other != file) return EBUSY;
    }
    claims_[interface] = file;
    if (std::find(file->claimed.begin(), file->claimed.end(), interface) == file->claimed.end())
        file->claimed.push_back(interface);
    return 0;
}

int BusDevice::release(const std::shared_ptr<OpenFile>& file, unsigned interface) {
    std::lock_guard lock(mutex_);
    if (gone_) return ENODEV;
    if (std::erase(file->claimed, interface) == 0) return EINVAL;
    claims_.erase(interface);
    return 0;
}

int BusDevice::set_configuration(unsigned configuration) {
    std::lock_guard lock(mutex_);
    if (gone_) return ENODEV;
    configuration_ = static_cast<int>(configuration);
    device_->configuration_set(configuration_);
    return 0;
}

int BusDevice::set_alternate(unsigned interface, unsigned alternate) {
    std::lock_guard lock(mutex_);
    if (gone_) return ENODEV;
    device_->alternate_set(static_cast<int>(interface), static_cast<int>(alternate));
    for (auto& [endpoint, queue] : queues_) pump(endpoint);
    return 0;
}

int BusDevice::reset() {
    std::lock_guard lock(mutex_);
    if (gone_) return ENODEV;
    device_->reset();
    return 0;
}

void BusDevice::gone() {
    std::lock_guard lock(mutex_);
    if (gone_) return;
    gone_ = true;
    device_->set_data_ready(nullptr);
    for (auto& [endpoint, queue] : queues_) {
        queue.busy = 0;
        auto waiting = std::move(queue.waiting);
        queue.waiting.clear();
        for (auto& one : waiting) finish(one.file, std::move(one.urb), -ESHUTDOWN);
    }
}

void BusDevice::pump(std::uint8_t endpoint) {
    auto& queue = queues_[endpoint];
    while (!gone_ && queue.busy == 0 && !queue.waiting.empty()) {
        auto reply = ask(*queue.waiting.front().urb);
        if (reply.pending) return;
        if (reply.never) {
            queue.busy = ++serial_;  // until it is discarded or the device goes
            return;
        }
        if (reply.delay <= 0) {
            finish_front(endpoint, std::move(reply));
            continue;
        }
        queue.busy = ++serial_;
        timeline_.after(PhoneSeconds(reply.delay), [weak = weak_from_this(), endpoint, serial = serial_, reply] {
            const auto self = weak.lock();
            if (!self) return;
            std::lock_guard lock(self->mutex_);
            auto& later = self->queues_[endpoint];
            if (later.busy != serial || later.waiting.empty()) return;  // discarded in the meantime
            later.busy = 0;
            self->finish_front(endpoint, reply);
            self->pump(endpoint);
        });
        return;
    }
}

UsbReply BusDevice::ask(Urb& urb) {
    if (urb.control) {
        if (auto answer = standard(urb.setup)) return *answer;
        return device_->control(urb.setup, urb.out);
    }
    if (urb.in) return device_->bulk_in(urb.endpoint, urb.length);
    auto reply = device_->bulk_out(urb.endpoint, urb.out);
    // The host controller appends an empty packet when asked to and the data end with a full one.
    if (urb.zero_packet && reply.error == 0 && !urb.out.empty() && urb.out.size() % 512 == 0)
        device_->bulk_out(urb.endpoint, {});
    return reply;
}

std::optional<UsbReply> BusDevice::standard(const UsbSetup& setup) const {
    enum { kGetStatus = 0, kGetDescriptor = 6, kGetConfiguration = 8 };
    if (setup.type != 0x80 && !(setup.type == 0x81 || setup.type == 0x82)) return std::nullopt;
    const auto cut = [&](base::Bytes bytes) {
        bytes.resize(std::min<std::size_t>(bytes.size(), setup.length));
        return UsbReply::gives(std::move(bytes));
    };
    if (setup.request == kGetStatus) return cut({0, 0});
    if (setup.type != 0x80) return std::nullopt;
    if (setup.request == kGetConfiguration) return cut({static_cast<std::uint8_t>(configuration_)});
    if (setup.request != kGetDescriptor) return std::nullopt;
    const auto index = static_cast<std::uint8_t>(setup.value & 0xff);
    switch (setup.value >> 8) {
        case 1: return cut(descriptors_.device);
        case 2: return cut(descriptors_.configurations);
        case 3: {
            if (index == 0) return cut({4, 3, 0x09, 0x04});
            const auto found = descriptors_.strings.find(index);
            if (found == descriptors_.strings.end()) return UsbReply::stall();
            return cut(string_descriptor(found->second));
        }
        default: return UsbReply::stall();
    }
}

void BusDevice::finish_front(std::uint8_t endpoint, UsbReply reply) {
    auto& queue = queues_[endpoint];
    auto front = std::move(queue.waiting.front());
    queue.waiting.pop_front();
    auto& urb = *front.urb;
    if (urb.in) {
        reply.data.resize(std::min(reply.data.size(), urb.length));
        urb.data = std::move(reply.data);
        urb.actual = urb.data.size();
    } else {
        urb.actual = std::min(reply.accepted, urb.out.size());
    }
    finish(front.file, std::move(front.urb), -reply.error);
}

void BusDevice::finish(const std::shared_ptr<OpenFile>& file, std::unique_ptr<Urb> urb, int status) {
    urb->status = status;
    urb->out = {};
    file->done.push_back(std::move(urb));
    if (file->done.size() == 1) file->pipe->add_ready();
}

}  // namespace unbrick::simulator
