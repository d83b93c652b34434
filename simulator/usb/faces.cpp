#include "simulator/usb/faces.h"

#include <fmt/core.h>

#include "simulator/usb/descriptors.h"

namespace unbrick::simulator {

std::string iboot_string(const Nature& nature, Mode mode, Stage stage) {
    if (mode == Mode::Wtf)  // restore-protocol.md 1.1: no ECID there
        return fmt::format("CPID:{:04X} CPRV:{:02X} CPFM:{:02X} SCEP:{:02X} BDID:{:02X}", nature.cpid, nature.cprv,
                           nature.cpfm, nature.scep, nature.bdid);
    auto text = fmt::format("CPID:{:04X} CPRV:{:02X} CPFM:{:02X} SCEP:{:02X} BDID:{:02X} ECID:{:016X} IBFL:{:02X}",
                            nature.cpid, nature.cprv, nature.cpfm, nature.scep, nature.bdid, nature.ecid, nature.ibfl);
    if (stage == Stage::SecureRom) {
        if (!nature.srtg.empty()) text += fmt::format(" SRTG:[{}]", nature.srtg);
    } else {
        if (!nature.serial.empty()) text += fmt::format(" SRNM:[{}]", nature.serial);
        if (!nature.imei.empty() && mode == Mode::Recovery) text += fmt::format(" IMEI:[{}]", nature.imei);
    }
    return text;
}

std::string nonce_string(const VirtualPhone& phone, Mode mode) {
    if (mode == Mode::Wtf) return {};
    return fmt::format(" NONC:{} SNON:{}", base::to_hex(phone.ap_nonce(), true), base::to_hex(phone.sep_nonce(), true));
}

double attach_time(const Nature& nature, const NextBoot& next) {
    switch (next.mode) {
        case Mode::Restore: return nature.latency.restore_attach;
        case Mode::Normal: return nature.latency.normal_attach;
        case Mode::Dfu:
        case Mode::Kis: return next.stage == Stage::Ibss ? nature.latency.ibss_attach : nature.latency.dfu_attach;
        default:
            return next.stage == Stage::Ibss   ? nature.latency.ibss_attach
                   : next.stage == Stage::Ibec ? nature.latency.ibec_attach
                                               : nature.latency.iboot_attach;
    }
}

namespace {

class NormalFace : public UsbDevice {
public:
    explicit NormalFace(const VirtualPhone& phone) {
        UsbIds ids;
        ids.product = phone.nature().normal_product;
        ids.release = 0x0901;
        ids.manufacturer_string = 1;
        ids.product_string = 2;
        ids.serial_string = 3;
        ids.configurations = 2;
        descriptors_.device = device_descriptor(ids);
        UsbInterface pictures;  // PTP
        pictures.interface_class = 6;
        pictures.interface_subclass = 1;
        pictures.interface_protocol = 1;
        pictures.bulk_endpoints = {0x81, 0x02};
        UsbInterface mux;  // restore-protocol.md 1.2
        mux.number = 1;
        mux.interface_subclass = 0xfe;
        mux.interface_protocol = 2;
        mux.bulk_endpoints = {0x04, 0x85};
        descriptors_.configurations = configuration_descriptor(1, {pictures});
        const auto with_mux = configuration_descriptor(4, {pictures, mux});
        descriptors_.configurations.insert(descriptors_.configurations.end(), with_mux.begin(), with_mux.end());
        descriptors_.configuration = 4;
        descriptors_.strings = {
            {1, "Apple Inc."},
            {2, base::starts_with(phone.nature().product_type, "iPad") ? "iPad" : "iPhone"},
            // The UDID; where it has a dash, USB shows it without.
            {3, base::replace_all(phone.nature().udid, "-", "")}};
    }
    const UsbDescriptors& descriptors() const override { return descriptors_; }

private:
    UsbDescriptors descriptors_;
};

}  // namespace

std::shared_ptr<UsbDevice> make_normal_face(VirtualPhone& phone) { return std::make_shared<NormalFace>(phone); }

}  // namespace unbrick::simulator
