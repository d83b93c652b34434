// What a phone looks like on USB in each mode: restore-protocol.md 1.1 to 1.5 and 2.
#pragma once

#include <memory>

#include "simulator/phone/phone.h"
#include "simulator/usb/usb_device.h"

namespace unbrick::simulator {

// iBoot, iBSS and iBEC in recovery mode (0x1280 to 0x1283).
std::shared_ptr<UsbDevice> make_recovery_face(VirtualPhone& phone, Stage stage);
// SecureROM's and iBSS's DFU (0x1227), WTF (0x1222), port DFU (0xF014).
std::shared_ptr<UsbDevice> make_dfu_face(VirtualPhone& phone, Mode mode, Stage stage);
// DFU of A16 and newer (0x1881).
std::shared_ptr<UsbDevice> make_kis_face(VirtualPhone& phone);
// Normal and Restore (0x12a8): seen by libusb; the traffic goes through the emulated usbmuxd.
std::shared_ptr<UsbDevice> make_normal_face(VirtualPhone& phone);

// "CPID:8015 CPRV:11 ... ECID:001A2B3C4D5E6F70 IBFL:3C SRTG:[...]" (restore-protocol.md 1.4).
std::string iboot_string(const Nature& nature, Mode mode, Stage stage);
// " NONC:... SNON:..." (1.5).
std::string nonce_string(const VirtualPhone& phone, Mode mode);
// How long the phone is away until the stage that it jumps into is back, by the phone's latency.
double attach_time(const Nature& nature, const NextBoot& next);

}  // namespace unbrick::simulator
