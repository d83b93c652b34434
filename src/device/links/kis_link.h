// SecureROM of A16 and newer: not DFU on the wire, but messages on bulk pipes (restore-protocol.md 2.2), by libusb.
#pragma once

#include "src/device/iboot_string.h"
#include "src/device/links/upload.h"
#include "src/device/links/usb_handle.h"

namespace unbrick::device {

class KisLink {
public:
    // Opens and enables both portals. A phone that just arrived is slow: tries again until the deadline.
    static base::Result<KisLink> open(const UsbAddress& address, const base::Deadline& deadline, const std::stop_token& stop,
                                      LinkOptions options = {});
    // Read at open: the strings come from the device info block, not from USB descriptors.
    const IbootInfo& info() const { return info_; }
    std::uint32_t max_upload_size() const { return max_upload_; }

    // Uploads and boots: the phone leaves the bus and comes back as iBSS.
    base::Status upload(const UploadSource& source, const UploadProgress& progress, const base::Deadline& deadline,
                        const std::stop_token& stop);

    UsbHandle& usb() { return usb_; }

private:
    explicit KisLink(UsbHandle usb) : usb_(std::move(usb)) {}
    UsbHandle usb_;
    IbootInfo info_;
    std::uint32_t max_upload_ = 0;
};

// The parse of the device info block (without its 12 byte header); hostile input gives an empty IbootInfo.
struct KisDeviceInfo {
    IbootInfo iboot;
    std::uint32_t max_upload_size = 0;
    std::uint16_t product = 0;           // the inner product id: 1227
};
KisDeviceInfo parse_kis_device_info(base::ByteView block);

}  // namespace unbrick::device
