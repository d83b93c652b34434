// iBoot, iBSS or iBEC in recovery mode (restore-protocol.md 2.4), by libusb.
#pragma once

#include "src/device/iboot_string.h"
#include "src/device/links/upload.h"
#include "src/device/links/usb_handle.h"

namespace unbrick::device {

class RecoveryLink {
public:
    // Opens, sets configuration 1 and claims. Tries again while a phone that just arrived is not ready.
    static base::Result<RecoveryLink> open(const UsbAddress& address, const base::Deadline& deadline,
                                           const std::stop_token& stop, LinkOptions options = {});

    // Identity and the nonces of now (string descriptors).
    base::Result<IbootInfo> info(const base::Deadline& deadline, const std::stop_token& stop);

    // `request` is the bRequest byte: 1 for go, bootx and reset, 0 for the rest. The phone gives no answer; what
    // libusb said is returned, and commands that end the connection (go, bootx, reset, reboot) may well fail here.
    base::Status command(std::string_view text, std::uint8_t request, const base::Deadline& deadline, const std::stop_token& stop);
    // Nothing: the variable is not set (the phone stalls endpoint 0 then, which is no fault).
    base::Result<std::optional<std::string>> getenv(std::string_view name, const base::Deadline& deadline, const std::stop_token& stop);
    base::Status setenv(std::string_view name, std::string_view value, const base::Deadline& deadline, const std::stop_token& stop);
    base::Status saveenv(const base::Deadline& deadline, const std::stop_token& stop);
    // Fine also when the phone leaves before it has acknowledged.
    base::Status reboot(const base::Deadline& deadline, const std::stop_token& stop);

    // Bulk, in pieces of 32 KiB, with the zero-length packet that ends a multiple of 512 (2.4). `deadline` is
    // for the whole; each piece has kTransferTimeout at most.
    base::Status upload(const UploadSource& source, const UploadProgress& progress, const base::Deadline& deadline,
                        const std::stop_token& stop);
    // The request that some stages want after an upload, CTRL(0x21,1,0,0,0); its failure means nothing.
    void finish_transfer(const std::stop_token& stop);
    // What the phone's console says now (bulk IN 0x81 of interface 1); empty when it is silent.
    base::Result<std::string> console(const base::Deadline& deadline, const std::stop_token& stop);

    UsbHandle& usb() { return usb_; }

private:
    explicit RecoveryLink(UsbHandle usb) : usb_(std::move(usb)) {}
    UsbHandle usb_;
};

}  // namespace unbrick::device
