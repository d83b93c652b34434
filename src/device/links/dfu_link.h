// DFU of SecureROM and iBSS, and of the USB-C port controller (restore-protocol.md 2.1), by libusb.
#pragma once

#include "src/device/iboot_string.h"
#include "src/device/links/upload.h"
#include "src/device/links/usb_handle.h"

namespace unbrick::device {

enum class DfuState : std::uint8_t {
    Idle = 2, DownloadSync = 3, DownloadBusy = 4, DownloadIdle = 5, ManifestSync = 6, Manifest = 7, ManifestWaitReset = 8, Error = 10
};

class DfuLink {
public:
    static base::Result<DfuLink> open(const UsbAddress& address, const base::Deadline& deadline, const std::stop_token& stop,
                                      LinkOptions options = {});
    base::Result<IbootInfo> info(const base::Deadline& deadline, const std::stop_token& stop);
    base::Result<std::uint8_t> state(const base::Deadline& deadline, const std::stop_token& stop);

    // Blocks of 2048 bytes, checksum suffix, zero-length end and bus reset: the phone leaves the bus and comes
    // back as the next stage, or as DFU when it refused the image. Errors: Protocol with what state it was in
    // (a phone in error was cleared: try again), Stalled (too large for it), Disconnected.
    base::Status upload(const UploadSource& source, const UploadProgress& progress, const base::Deadline& deadline,
                        const std::stop_token& stop);

    UsbHandle& usb() { return usb_; }

private:
    explicit DfuLink(UsbHandle usb) : usb_(std::move(usb)) {}
    UsbHandle usb_;
};

// The running checksum of 2.1: reflected CRC-32, no final inversion.
std::uint32_t dfu_checksum(base::ByteView bytes, std::uint32_t before = 0xffffffffu);

}  // namespace unbrick::device
