#include <array>
#include <cctype>
#include <map>
#include <mutex>
#include <regex>

#include "src/base/digest.h"
#include "src/base/file.h"
#include "src/device/recorder.h"

namespace unbrick::device {

namespace {

constexpr std::size_t kSaltSize = 32;
constexpr std::size_t kShortest = 6;             // shorter texts are no identifiers
constexpr std::size_t kMostLearned = 4096;

// Property list members that name a phone, its owner or a network; values of these are replaced wherever they occur.
constexpr auto kIdentifying = std::to_array<const char*>({
    "SerialNumber", "UniqueDeviceID", "UniqueChipID", "ChipSerialNo", "InternationalMobileEquipmentIdentity",
    "InternationalMobileEquipmentIdentity2", "MobileEquipmentIdentifier", "InternationalMobileSubscriberIdentity",
    "IntegratedCircuitCardIdentity", "PhoneNumber", "WiFiAddress", "BluetoothAddress", "EthernetAddress", "MLBSerialNumber",
    "DieID", "DieId", "ECID", "ApECID", "BatterySerialNumber", "WirelessBoardSerialNumber", "EUICCCSN", "SRNM", "IMEI",
    "HostID", "SystemBUID", "SessionID", "PRIVersion_ESN", "BbSNUM", "eUICC,EID", "Serial"});
// Replaced by nothing but their length: secrets, and words of the owner.
constexpr std::array kSecret{"DeviceName", "HostCertificate", "RootCertificate", "DeviceCertificate", "HostPrivateKey", "RootPrivateKey",
                             "DevicePublicKey", "EscrowBag", "PairRecord", "ActivationRecord", "FairPlayKeyData", "AccountToken",
                             "AccountTokenCertificate", "FDRSealingKey", "ProxyName", "SSID_STR", "AppleID", "OwnerName", "HostName"};

template <class List>
bool contains(const List& list, std::string_view key) {
    for (const char* item : list)
        if (key == item) return true;
    return false;
}

}  // namespace

struct Pseudonyms::State {
    base::Bytes salt;
    mutable std::mutex mutex;
    std::map<std::string, std::string, std::less<>> learned;

    std::string substitute(std::string_view value) const {
        // The same letters in upper and lower case are the same phone.
        const std::string folded = base::to_lower(value);
        base::Bytes input = salt;
        input.insert(input.end(), folded.begin(), folded.end());
        base::Bytes stream = base::digest_of(base::DigestKind::Sha256, input);
        std::string result(value);
        bool letters_are_hex = true;
        for (const char letter : folded)
            if (std::isalpha(static_cast<unsigned char>(letter)) != 0 && letter > 'f') letters_are_hex = false;
        std::size_t next = 0;
        for (char& letter : result) {
            if (next == stream.size()) {
                stream = base::digest_of(base::DigestKind::Sha256, stream);
                next = 0;
            }
            const unsigned byte = stream[next++];
            if (std::isdigit(static_cast<unsigned char>(letter)) != 0) letter = static_cast<char>('0' + byte % 10);
            else if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>('A' + byte % (letters_are_hex ? 6 : 26));
            else if (letter >= 'a' && letter <= 'z') letter = static_cast<char>('a' + byte % (letters_are_hex ? 6 : 26));
        }
        return result;
    }
};

Pseudonyms::Pseudonyms(base::Bytes salt) : state_(std::make_shared<State>()) { state_->salt = std::move(salt); }

std::shared_ptr<Pseudonyms> Pseudonyms::of_this_computer() {
    static std::mutex mutex;
    static auto* const known = new std::map<std::filesystem::path, std::shared_ptr<Pseudonyms>>;
    const std::scoped_lock lock(mutex);
    const auto path = base::state_folder() / "pseudonym-salt";
    auto& pseudonyms = (*known)[path];
    if (pseudonyms) return pseudonyms;
    auto salt = base::read_file(path, 4096);
    if (!salt || salt->size() < kSaltSize) {
        salt = base::random_bytes(kSaltSize);
        // A folder that cannot be written gives pseudonyms that only hold for this run.
        if (base::make_directories(path.parent_path())) (void)base::write_file_atomically(path, base::as_text(*salt));
    }
    pseudonyms = std::make_shared<Pseudonyms>(std::move(*salt));
    return pseudonyms;
}

void Pseudonyms::learn(std::string_view value) {
    if (value.size() < kShortest) return;
    const std::scoped_lock lock(state_->mutex);
    if (state_->learned.size() < kMostLearned) state_->learned.emplace(value, state_->substitute(value));
}

std::string Pseudonyms::replace(std::string_view value) const { return state_->substitute(value); }

std::string Pseudonyms::redact(std::string_view text) const {
    std::string result(text);
    {
        const std::scoped_lock lock(state_->mutex);
        for (const auto& [value, substitute] : state_->learned) result = base::replace_all(std::move(result), value, substitute);
    }
    // What looks like an identifier: ECID:, SRNM:[...] and IMEI:[...] of the iBoot string, UDIDs, bare ECIDs, addresses.
    static const std::regex* const shapes = new std::regex(
        "(ECID:)([0-9A-Fa-f]{8,16})|(SRNM:\\[)([^\\]]+)|(IMEI:\\[)([^\\]]+)|\\b[0-9A-Fa-f]{8}-([0-9A-Fa-f]{16})\\b|"
        "\\b([0-9A-Fa-f]{8})([0-9A-Fa-f]{16})\\b|\\b[0-9A-Fa-f]{40}\\b|\\b00[0-9A-F]{14}\\b|"
        "\\b([0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}\\b|\\b[0-9]{15}\\b",
        std::regex::optimize);
    std::string out;
    auto rest = result.cbegin();
    for (std::sregex_iterator match(result.cbegin(), result.cend(), *shapes), end; match != end; ++match) {
        const auto& found = *match;
        out.append(rest, found[0].first);
        rest = found[0].second;
        const std::string whole = found.str();
        if (found[1].matched) out += "ECID:" + state_->substitute(found.str(2));
        else if (found[3].matched) out += "SRNM:[" + state_->substitute(found.str(4));
        else if (found[5].matched) out += "IMEI:[" + state_->substitute(found.str(6));
        // The chip's part of a UDID names no phone, and its ECID must stay the same as the bare one.
        else if (found[7].matched) out += whole.substr(0, 9) + state_->substitute(found.str(7));
        else if (found[8].matched) out += found.str(8) + state_->substitute(found.str(9));
        else out += state_->substitute(whole);
    }
    out.append(rest, result.cend());
    return out;
}

base::Plist Pseudonyms::redact(const base::Plist& message) const {
    if (message.is_dict()) {
        auto copy = base::Plist::dict();
        for (const auto& key : message.keys()) {
            const auto value = message.at(key);
            if (contains(kSecret, key)) {
                const auto data = value.as_data();
                const auto text = value.as_string();
                copy.set(key, "(" + std::to_string(data ? data->size() : text ? text->size() : 0) + " bytes left out)");
            } else if (contains(kIdentifying, key)) {
                if (const auto text = value.as_string()) {
                    const auto hex_id = redact(*text);
                    copy.set(key, hex_id != *text ? hex_id : state_->substitute(*text));
                } else if (const auto number = value.as_integer()) {
                    // The number form of an ECID gets the number of its pseudonym.
                    static constexpr char kDigits[] = "0123456789ABCDEF";
                    std::string hex(16, '0');
                    for (std::size_t index = 0; index < 16; ++index) hex[15 - index] = kDigits[(*number >> (4 * index)) & 0xf];
                    copy.set(key, base::Plist::integer(base::parse_hex(state_->substitute(hex)).value_or(1)));
                } else if (const auto data = value.as_data()) {
                    copy.set(key, base::Plist::data(base::as_bytes(state_->substitute(base::to_hex(*data))).subspan(0, data->size())));
                } else {
                    copy.set(key, redact(value));
                }
            } else if (key == "Value" && message.string_at("Key") && contains(kIdentifying, *message.string_at("Key"))) {
                copy.set(key, redact(base::Plist::dict().set(*message.string_at("Key"), value)).at(*message.string_at("Key")));
            } else if (key == "Value" && message.string_at("Key") && contains(kSecret, *message.string_at("Key"))) {
                copy.set(key, "(left out)");
            } else {
                copy.set(key, redact(value));
            }
        }
        return copy;
    }
    if (message.is_array()) {
        auto copy = base::Plist::array();
        for (std::size_t index = 0; index < message.size(); ++index) copy.append(redact(message.item(index)));
        return copy;
    }
    if (const auto text = message.as_string()) return base::Plist::string(redact(*text));
    return message;
}

}  // namespace unbrick::device
