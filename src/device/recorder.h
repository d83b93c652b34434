// The flight recorder: every exchange with a phone, always on, bounded, redacted. Format: docs/recording.md.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "src/base/json.h"
#include "src/base/plist.h"
#include "src/base/result.h"
#include "src/base/text.h"

namespace unbrick::device {

// Replaces identifiers by others of the same shape: an ECID becomes another ECID, the same one in every
// recording of this computer, so that a recording reads as a whole and plays back as a phone. Thread-safe.
class Pseudonyms {
public:
    explicit Pseudonyms(base::Bytes salt);
    // With the salt of the state folder, which is made at the first call.
    static std::shared_ptr<Pseudonyms> of_this_computer();

    // Remembers `value` as an identifier, so that it is replaced wherever it occurs later.
    void learn(std::string_view value);
    std::string replace(std::string_view value) const;       // a whole identifier: same length and alphabet
    std::string redact(std::string_view text) const;         // learned ones, and what looks like one
    base::Plist redact(const base::Plist& message) const;          // by key names (SerialNumber, UniqueChipID, keys, names ...)

private:
    struct State;
    std::shared_ptr<State> state_;
};

struct RecorderOptions {
    std::uint64_t limit = 8u << 20;        // bytes of file; then the middle is left out, and it says so
    std::size_t payload_limit = 256;       // longer payloads are stored as length and SHA-256
};

// Thread-safe. One file may hold several phones; each entry names its own ("phone": pseudonym).
class Recorder {
public:
    static base::Result<std::shared_ptr<Recorder>> create(const std::filesystem::path& file, RecorderOptions options = {});
    // The program's own recorder, used by each link that is given no other; null until core installs one.
    static std::shared_ptr<Recorder> installed();
    static void install(std::shared_ptr<Recorder> recorder);
    ~Recorder();

    struct Control {
        std::uint8_t type = 0, request = 0;
        std::uint16_t value = 0, index = 0, length = 0;
        base::ByteView data;               // sent or received
        int result = 0;                    // libusb's: bytes, or a negative error
        double milliseconds = 0;
    };
    struct Bulk {
        std::uint8_t endpoint = 0;
        std::size_t length = 0;
        base::ByteView data;
        int result = 0;
        double milliseconds = 0;
    };
    void sighting(std::string_view phone, const base::Json& what);
    void control(std::string_view phone, const Control& transfer);
    void bulk(std::string_view phone, const Bulk& transfer);
    // `service`: "lockdown", "restored", "diagnostics_relay" ...; `sent`: from this computer to the phone.
    void message(std::string_view phone, std::string_view service, std::uint64_t connection, bool sent, const base::Plist& message);
    // Connection opened, closed, TLS on, an upload's digest, anything else worth a line.
    void event(std::string_view phone, std::string_view what, const base::Json& data);
    base::Status flush();
    const std::filesystem::path& file() const;

private:
    struct State;
    explicit Recorder(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace unbrick::device
