// The lockdown values of a virtual phone, by domain.
#include <array>

#include "simulator/services/keys.h"
#include "simulator/services/system.h"
#include "src/base/digest.h"

namespace unbrick::simulator::services {

using base::Plist;

namespace {

constexpr std::string_view kBattery = "com.apple.mobile.battery";
constexpr std::string_view kDisk = "com.apple.disk_usage";
constexpr std::string_view kDiskFactory = "com.apple.disk_usage.factory";
constexpr std::string_view kFindMy = "com.apple.fmip";
constexpr std::string_view kInternational = "com.apple.international";
constexpr std::string_view kChaperone = "com.apple.mobile.chaperone";
constexpr std::string_view kBackup = "com.apple.mobile.backup";
constexpr std::string_view kWireless = "com.apple.mobile.wireless_lockdown";

// What a phone tells a host that it does not trust (restore-protocol.md 1.8, and ideviceinfo -s on
// unpaired phones).
constexpr std::array<std::string_view, 34> kOpenKeys = {
    "ApNonce", "ApParameters", "BasebandCertId", "BasebandKeyHashInformation", "BasebandSerialNumber",
    "BasebandStatus", "BasebandVersion", "BluetoothAddress", "BoardId", "BuildVersion", "CPUArchitecture",
    "ChipID", "DeviceClass", "DeviceColor", "DeviceName", "DevicePublicKey", "DieID", "FirmwarePreflightInfo",
    "HardwareModel", "HardwarePlatform", "HasSiDP", "Image4Supported", "PartitionType", "ProductName",
    "ProductType", "ProductVersion", "ProductionSOC", "ProtocolVersion", "SEPNonce",
    "SupportedDeviceFamilies", "TelephonyCapability", "UniqueChipID", "UniqueDeviceID", "WiFiAddress"};

bool is_open(const std::string& key) {
    return std::find(kOpenKeys.begin(), kOpenKeys.end(), key) != kOpenKeys.end();
}

Plist number(std::uint64_t value) { return Plist::integer(value); }
Plist yes(bool value) { return Plist::boolean(value); }

base::Bytes fixed_nonce(std::string_view salt, std::uint64_t ecid, std::size_t size) {
    base::Bytes nonce = base::digest_of(base::DigestKind::Sha256, base::as_bytes(std::string(salt) + std::to_string(ecid)));
    nonce.resize(size);
    return nonce;
}

std::string hardware_platform(std::uint64_t chip) {
    static const std::map<std::uint64_t, std::string> names = {
        {0x8960, "s5l8960x"}, {0x7000, "t7000"}, {0x8000, "s8000"}, {0x8003, "s8003"}, {0x8010, "t8010"},
        {0x8015, "t8015"},    {0x8020, "t8020"}, {0x8030, "t8030"}, {0x8101, "t8101"}, {0x8110, "t8110"},
        {0x8120, "t8120"},    {0x8130, "t8130"}, {0x8140, "t8140"}, {0x8150, "t8150"}};
    const auto found = names.find(chip);
    return found == names.end() ? "unknown" : found->second;
}

void add_baseband(Plist& to, const SystemNature& nature) {
    to.set("TelephonyCapability", yes(nature.cellular));
    if (!nature.cellular) return;
    to.set("BasebandStatus", nature.baseband_alive ? "BBInfoAvailable" : "NoTelephonyCapabilty");
    // A modem that does not answer leaves no version and no IMEI: the classic sign of a dead baseband.
    if (!nature.baseband_alive) return;
    to.set("BasebandVersion", nature.baseband_version);
    to.set("BasebandCertId", number(2315222105));
    to.set("BasebandSerialNumber", Plist::data(fixed_nonce("baseband", nature.ecid, 4)));
    to.set("InternationalMobileEquipmentIdentity", nature.imei);
    to.set("MobileEquipmentIdentifier", nature.imei.substr(0, nature.imei.empty() ? 0 : nature.imei.size() - 1));
    to.set("SIMStatus", nature.sim_present ? "kCTSIMSupportSIMStatusReady" : "kCTSIMSupportSIMStatusNotInserted");
    to.set("FirmwarePreflightInfo", Plist::dict()
                                        .set("Nonce", Plist::data(fixed_nonce("bbnonce", nature.ecid, 20)))
                                        .set("ChipID", number(0x5100E1))
                                        .set("CertID", number(2315222105))
                                        .set("ChipSerialNo", Plist::data(fixed_nonce("baseband", nature.ecid, 4)))
                                        .set("FusingStatus", number(3)));
}

}  // namespace

Plist plist_from_json(const base::Json& value) {
    using Type = base::Json::value_t;
    switch (value.type()) {
        case Type::boolean: return Plist::boolean(value.get<bool>());
        case Type::number_integer:
        case Type::number_unsigned: return Plist::integer(static_cast<std::uint64_t>(value.get<std::int64_t>()));
        case Type::number_float: return Plist::real(value.get<double>());
        case Type::string: {
            const std::string text = value.get<std::string>();
            constexpr std::string_view kData = "base64:";
            if (base::starts_with(text, kData))
                return Plist::data(base::from_base64(std::string_view(text).substr(kData.size())).value_or(base::Bytes{}));
            return Plist::string(text);
        }
        case Type::array: {
            Plist list = Plist::array();
            for (const auto& item : value) list.append(plist_from_json(item));
            return list;
        }
        case Type::object: {
            Plist dict = Plist::dict();
            for (const auto& [key, item] : value.items()) dict.set(key, plist_from_json(item));
            return dict;
        }
        default: return {};
    }
}

Plist System::all_values(const std::string& domain) const {
    const SystemNature& n = nature_;
    const int percent = acts_.battery_percent ? acts_.battery_percent() : n.battery_percent;
    const bool charging = acts_.charging ? acts_.charging() : n.battery_charging;
    Plist values = Plist::dict();
    if (domain.empty()) {
        const base::Bytes ap_nonce = acts_.ap_nonce ? acts_.ap_nonce() : fixed_nonce("ap", n.ecid, 32);
        const base::Bytes sep_nonce = acts_.sep_nonce ? acts_.sep_nonce() : fixed_nonce("sep", n.ecid, 20);
        values.set("ActivationState", activation_state())
            .set("ApNonce", Plist::data(ap_nonce))
            .set("BluetoothAddress", n.wifi_address)
            .set("BoardId", number(n.board_id))
            .set("BuildVersion", n.build_version)
            .set("CPUArchitecture", n.chip_id >= 0x8020 ? "arm64e" : "arm64")
            .set("ChipID", number(n.chip_id))
            .set("DeviceClass", n.device_class)
            .set("DeviceColor", "1")
            .set("DeviceName", n.device_name)
            .set("DieID", number(n.ecid ^ 0x5a5a))
            .set("HardwareModel", n.hardware_model)
            .set("HardwarePlatform", hardware_platform(n.chip_id))
            .set("HasSiDP", yes(true))
            .set("HostAttached", yes(true))
            .set("Image4Supported", yes(true))
            .set("PartitionType", "GUID_partition_scheme")
            .set("PasswordProtected", yes(locked()))
            .set("ProductName", "iPhone OS")
            .set("ProductType", n.product_type)
            .set("ProductVersion", n.product_version)
            .set("ProductionSOC", yes(true))
            .set("ProtocolVersion", "2")
            .set("SEPNonce", Plist::data(sep_nonce))
            .set("SerialNumber", n.serial_number)
            .set("SupportedDeviceFamilies", Plist::array().append(number(1)))
            .set("TimeIntervalSince1970", Plist::real(1767225600.0))
            .set("TimeZone", "Europe/Berlin")
            .set("TrustedHostAttached", yes(true))
            .set("UniqueChipID", number(n.ecid))
            .set("UniqueDeviceID", n.udid)
            .set("WiFiAddress", n.wifi_address);
        if (auto key = device_key()) values.set("DevicePublicKey", Plist::data(base::as_bytes(key->public_pkcs1)));
        add_baseband(values, n);
        if (n.activation_locked) values.set("ActivationStateAcknowledged", yes(false));
    } else if (domain == kBattery) {
        values.set("BatteryCurrentCapacity", number(static_cast<std::uint64_t>(percent)))
            .set("BatteryIsCharging", yes(charging))
            .set("ExternalChargeCapable", yes(true))
            .set("ExternalConnected", yes(true))
            .set("FullyCharged", yes(percent >= 100))
            .set("GasGaugeCapability", yes(true))
            .set("HasBattery", yes(true));
    } else if (domain == kDisk) {
        values.set("TotalDiskCapacity", number(n.disk_total))
            .set("TotalSystemCapacity", number(n.disk_total - n.data_total))
            .set("TotalSystemAvailable", number(0))
            .set("TotalDataCapacity", number(n.data_total))
            .set("TotalDataAvailable", number(n.data_free))
            .set("AmountDataReserved", number(200'000'000))
            .set("AmountDataAvailable", number(n.data_free > 200'000'000 ? n.data_free - 200'000'000 : 0));
    } else if (domain == kDiskFactory) {
        values.set("TotalDiskCapacity", number(n.disk_total)).set("TotalDataCapacity", number(n.data_total));
    } else if (domain == kFindMy) {
        values.set("IsAssociated", yes(n.find_my || n.activation_locked));
    } else if (domain == kInternational) {
        values.set("Language", "en").set("Locale", "en_US");
    } else if (domain == kChaperone) {
        values.set("DeviceIsChaperoned", yes(false));
    } else if (domain == kBackup) {
        values.set("WillEncrypt", yes(false)).set("Version", "2.4");
    } else if (domain == kWireless) {
        values.set("EnableWifiConnections", yes(false));
    }
    const base::Json& overrides = base::json_at(n.values, domain);
    if (overrides.is_object()) {
        for (const auto& [key, value] : overrides.items()) {
            if (value.is_null()) values.remove(key);
            else values.set(key, plist_from_json(value));
        }
    }
    const std::lock_guard lock(mutex_);
    if (const auto found = set_values_.find(domain); found != set_values_.end())
        for (const auto& [key, value] : found->second) values.set(key, value);
    return values;
}

Plist System::domain_values(const std::string& domain, bool in_session) const {
    Plist values = all_values(domain);
    if (in_session) return values;
    if (!domain.empty()) return Plist::dict();
    for (const std::string& key : values.keys())
        if (!is_open(key)) values.remove(key);
    return values;
}

System::Answer System::value(const std::string& domain, const std::string& key, bool in_session) const {
    if (!in_session && (!domain.empty() || !is_open(key))) return {{}, "GetProhibited"};
    Plist value = all_values(domain).at(key);
    if (!value) return {{}, "MissingValue"};
    return {std::move(value), {}};
}

std::string System::set_value(const std::string& domain, const std::string& key, Plist value, bool in_session) {
    if (!in_session) return "SetProhibited";
    if (domain.empty() && key != "DeviceName" && key != "TimeZone") return "SetProhibited";
    const std::lock_guard lock(mutex_);
    set_values_[domain][key] = std::move(value);
    return {};
}

}  // namespace unbrick::simulator::services
