// A flight recording (docs/recording.md), read into what a phone did: its lives on the bus, one after the other.
// Reads the documented format by itself; hostile files give errors, never more than they say.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "src/base/json.h"
#include "src/base/plist.h"
#include "src/base/result.h"
#include "src/base/text.h"

namespace unbrick::simulator::replay {

struct Control {
    std::uint8_t type = 0, request = 0;
    std::uint16_t value = 0, index = 0;
    int result = 0;                // bytes, or libusb's negative error
    base::Bytes data;              // empty when it was too long to be recorded
    double milliseconds = 0;
};

struct Message {
    std::string service;
    std::uint64_t connection = 0;
    bool sent = false;             // by the computer
    base::Json plist;
};

// From one appearance on the bus to the leaving.
struct Life {
    std::string mode;              // "recovery", "dfu", "kis", "normal", "restore" ...
    std::uint16_t product = 0;
    std::string serial, udid;
    double begun = 0, ended = 0;   // seconds of the recording; ended 0: it stayed
    std::vector<Control> controls;
    std::vector<Message> messages;
    std::vector<std::pair<std::string, std::uint16_t>> services;   // name and port, as connected
    std::optional<base::Bytes> leaving_control;   // data of the last request before it left by itself
    std::string leaving_message;                  // the lockdown request before it left
    bool leaving_reset = false;                   // a bus reset ended it

    bool on_usbmux() const { return mode == "normal" || mode == "restore"; }
};

struct Phone {
    std::string name;              // its pseudonym
    std::vector<Life> lives;
};

struct Recording {
    std::vector<Phone> phones;
};

// Errors: InvalidInput (not a recording, a newer version, no phone in it), as read_text_file.
base::Result<Recording> read_recording(const std::filesystem::path& file);

// The property list that a recorded JSON form stands for.
base::Plist to_plist(const base::Json& value);
// What makes two requests the same: without labels, host and session ids.
std::string request_key(const base::Json& request);

}  // namespace unbrick::simulator::replay
