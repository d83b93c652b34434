#include "simulator/usb/uevent.h"

#include <arpa/inet.h>

#include <cstring>

namespace unbrick::simulator {

namespace {

// MurmurHash2, 32 bit, seed 0: what libudev's socket filter compares.
std::uint32_t hash_of(const std::string& text) {
    constexpr std::uint32_t kMultiplier = 0x5bd1e995;
    auto hash = static_cast<std::uint32_t>(text.size());
    std::size_t at = 0;
    for (; text.size() - at >= 4; at += 4) {
        std::uint32_t word = 0;
        std::memcpy(&word, text.data() + at, 4);
        word *= kMultiplier;
        word ^= word >> 24;
        word *= kMultiplier;
        hash = (hash * kMultiplier) ^ word;
    }
    const auto byte = [&](std::size_t offset) {
        return static_cast<std::uint32_t>(static_cast<unsigned char>(text[at + offset]));
    };
    const auto left = text.size() - at;
    if (left >= 3) hash ^= byte(2) << 16;
    if (left >= 2) hash ^= byte(1) << 8;
    if (left >= 1) hash = (hash ^ byte(0)) * kMultiplier;
    hash ^= hash >> 13;
    hash *= kMultiplier;
    return hash ^ (hash >> 15);
}

}  // namespace

std::string uevent_message(const UeventProperties& properties, const std::string& subsystem,
                           const std::string& devtype) {
    std::string body;
    for (const auto& [name, value] : properties) {
        body += name + "=" + value;
        body.push_back('\0');
    }
    constexpr std::uint32_t kHeaderSize = 40;
    const std::uint32_t words[8] = {htonl(0xfeedcafe), kHeaderSize, kHeaderSize,
                                    static_cast<std::uint32_t>(body.size()),
                                    htonl(hash_of(subsystem)), htonl(hash_of(devtype)), 0, 0};
    std::string message("libudev\0", 8);
    message.append(reinterpret_cast<const char*>(words), sizeof words);
    return message + body;
}

}  // namespace unbrick::simulator
