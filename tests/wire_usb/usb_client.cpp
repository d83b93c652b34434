// A small libusb program that the tests run inside a view of the emulated bus. Says one line per event
// and result, flushed at once.
#include <libusb.h>
#include <zlib.h>

#include <chrono>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace {

using Bytes = std::vector<unsigned char>;

void say(const char* format, ...) __attribute__((format(printf, 1, 2)));
void say(const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    std::vprintf(format, arguments);
    va_end(arguments);
    std::printf("\n");
    std::fflush(stdout);
}

std::string string_of(libusb_device_handle* handle, int index) {
    unsigned char text[256] = {};
    if (index == 0 || libusb_get_string_descriptor_ascii(handle, static_cast<std::uint8_t>(index), text, sizeof text) < 0)
        return "-";
    return reinterpret_cast<const char*>(text);
}

int list(libusb_context* context) {
    libusb_device** devices = nullptr;
    const auto count = libusb_get_device_list(context, &devices);
    for (ssize_t i = 0; i < count; ++i) {
        libusb_device_descriptor descriptor{};
        libusb_get_device_descriptor(devices[i], &descriptor);
        libusb_device_handle* handle = nullptr;
        const int opened = libusb_open(devices[i], &handle);
        say("device %04x:%04x port %d open %d serial %s speed %d", descriptor.idVendor, descriptor.idProduct,
            libusb_get_port_number(devices[i]), opened,
            opened == 0 ? string_of(handle, descriptor.iSerialNumber).c_str() : "-", libusb_get_device_speed(devices[i]));
        if (handle != nullptr) libusb_close(handle);
    }
    libusb_free_device_list(devices, 1);
    return 0;
}

struct Watch {
    int adds = 0, removes = 0;
};

int on_hotplug(libusb_context*, libusb_device* device, libusb_hotplug_event event, void* user) {
    auto& watch = *static_cast<Watch*>(user);
    libusb_device_descriptor descriptor{};
    libusb_get_device_descriptor(device, &descriptor);
    const bool added = event == LIBUSB_HOTPLUG_EVENT_DEVICE_ARRIVED;
    ++(added ? watch.adds : watch.removes);
    say("%s %04x address %d (%d %d)", added ? "add" : "remove", descriptor.idProduct,
        libusb_get_device_address(device), watch.adds, watch.removes);
    return 0;
}

int watch(libusb_context* context, int adds, int removes) {
    Watch state;
    libusb_hotplug_callback_handle handle = 0;
    libusb_hotplug_register_callback(context, LIBUSB_HOTPLUG_EVENT_DEVICE_ARRIVED | LIBUSB_HOTPLUG_EVENT_DEVICE_LEFT,
                                     LIBUSB_HOTPLUG_ENUMERATE, 0x05ac, LIBUSB_HOTPLUG_MATCH_ANY,
                                     LIBUSB_HOTPLUG_MATCH_ANY, on_hotplug, &state, &handle);
    say("watching");
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while ((state.adds < adds || state.removes < removes) && std::chrono::steady_clock::now() < until) {
        timeval wait{1, 0};
        libusb_handle_events_timeout_completed(context, &wait, nullptr);
    }
    say("seen %d %d", state.adds, state.removes);
    return 0;
}

int command(libusb_device_handle* handle, const std::string& text) {
    auto* data = reinterpret_cast<unsigned char*>(const_cast<char*>(text.c_str()));
    return libusb_control_transfer(handle, 0x40, 0, 0, 0, data, static_cast<std::uint16_t>(text.size() + 1), 10000);
}

// Sends the phone whose serial string holds `serial` out of recovery.
int kick(libusb_context* context, const std::string& serial) {
    libusb_device** devices = nullptr;
    const auto count = libusb_get_device_list(context, &devices);
    for (ssize_t i = 0; i < count; ++i) {
        libusb_device_descriptor descriptor{};
        libusb_get_device_descriptor(devices[i], &descriptor);
        libusb_device_handle* handle = nullptr;
        if (libusb_open(devices[i], &handle) != 0) continue;
        if (string_of(handle, descriptor.iSerialNumber).find(serial) != std::string::npos)
            for (const char* text : {"setenv auto-boot true", "saveenv", "reboot"}) say("%s: %d", text, command(handle, text));
        libusb_close(handle);
    }
    libusb_free_device_list(devices, 1);
    return 0;
}

int getenv_of(libusb_device_handle* handle, const std::string& name) {
    command(handle, "getenv " + name);
    unsigned char reply[256] = {};
    const int got = libusb_control_transfer(handle, 0xc0, 0, 0, 0, reply, 255, 10000);
    if (got < 0) say("getenv %s: %s", name.c_str(), libusb_error_name(got));
    else say("getenv %s = %s", name.c_str(), reinterpret_cast<const char*>(reply));
    return 0;
}

// As a host uploads: start, chunks of 32 KiB, an empty packet when the last one is full.
int upload(libusb_device_handle* handle, std::size_t size, bool end) {
    libusb_claim_interface(handle, 0);
    const int started = libusb_control_transfer(handle, 0x41, 0, 0, 0, nullptr, 0, 10000);
    if (started < 0) { say("start: %s", libusb_error_name(started)); return 0; }
    Bytes chunk(0x8000, 0x5a);
    std::size_t sent = 0;
    while (sent < size) {
        const auto part = static_cast<int>(std::min(chunk.size(), size - sent));
        int done = 0;
        const int result = libusb_bulk_transfer(handle, 0x04, chunk.data(), part, &done, 2000);
        if (result != 0 || done != part) {
            say("upload: %s after %zu, %d of %d", libusb_error_name(result), sent, done, part);
            return 0;
        }
        sent += static_cast<std::size_t>(part);
    }
    if (end && size % 512 == 0) {
        int done = 0;
        libusb_bulk_transfer(handle, 0x04, chunk.data(), 0, &done, 2000);
    }
    say("uploaded %zu", sent);
    return 0;
}

int wait_for_data(libusb_device_handle* handle) {
    libusb_claim_interface(handle, 1);
    libusb_set_interface_alt_setting(handle, 1, 1);
    unsigned char data[0x1000];
    for (;;) {
        int got = 0;
        say("reading");
        const int result = libusb_bulk_transfer(handle, 0x81, data, sizeof data, &got, 0);
        if (result != 0) { say("read: %s", libusb_error_name(result)); return 0; }
        say("console %.*s", got, reinterpret_cast<const char*>(data));
    }
}

int dfu_state(libusb_device_handle* handle) {
    unsigned char state = 0;
    const int got = libusb_control_transfer(handle, 0xa1, 5, 0, 0, &state, 1, 10000);
    return got == 1 ? state : got;
}

int dfu_status(libusb_device_handle* handle) {
    unsigned char status[6] = {};
    const int got = libusb_control_transfer(handle, 0xa1, 3, 0, 0, status, 6, 10000);
    return got == 6 ? status[4] : got;
}

int dfu(libusb_device_handle* handle, std::size_t size, bool right_checksum) {
    libusb_claim_interface(handle, 0);
    say("state %d", dfu_state(handle));
    Bytes image(size, 0x33);
    const unsigned char head[12] = {0xff, 0xff, 0xff, 0xff, 0xac, 0x05, 0x00, 0x01, 0x55, 0x46, 0x44, 0x10};
    Bytes suffix(head, head + 12);
    auto crc = crc32(0, image.data(), static_cast<unsigned>(size));
    crc = crc32(crc, suffix.data(), 12) ^ 0xffffffffu;
    if (!right_checksum) crc ^= 1;
    for (int i = 0; i < 4; ++i) suffix.push_back(static_cast<unsigned char>(crc >> (8 * i)));
    std::uint16_t block = 0;
    for (std::size_t at = 0; at < size; at += 0x800, ++block) {
        const bool last = at + 0x800 >= size;
        Bytes data(image.begin() + static_cast<long>(at), image.begin() + static_cast<long>(std::min(size, at + 0x800)));
        const bool fits = data.size() + 16 <= 0x800;
        if (last && fits) data.insert(data.end(), suffix.begin(), suffix.end());
        int sent = libusb_control_transfer(handle, 0x21, 1, block, 0, data.data(), static_cast<std::uint16_t>(data.size()), 10000);
        if (last && !fits && sent >= 0)
            sent = libusb_control_transfer(handle, 0x21, 1, block, 0, suffix.data(), 16, 10000);
        const int status = dfu_status(handle);
        if (sent < 0 || status != 5) { say("block %d: %d, state %d", block, sent, status); return 0; }
    }
    libusb_control_transfer(handle, 0x21, 1, block, 0, nullptr, 0, 10000);
    const int first = dfu_status(handle), second = dfu_status(handle);
    say("states %d %d", first, second);
    libusb_reset_device(handle);
    say("reset");
    return 0;
}

Bytes kis_message(int portal, int index, std::vector<std::uint32_t> arguments, const Bytes& payload) {
    const auto size = static_cast<std::uint32_t>(arguments.size() * 4 + payload.size());
    Bytes out{0, 0, 0xa0, static_cast<unsigned char>(portal), static_cast<unsigned char>(arguments.size()),
              static_cast<unsigned char>(index & 0xff), static_cast<unsigned char>(index >> 8), 0};
    arguments.insert(arguments.begin(), size);
    for (const auto word : arguments)
        for (int i = 0; i < 4; ++i) out.push_back(static_cast<unsigned char>(word >> (8 * i)));
    out.insert(out.end(), payload.begin(), payload.end());
    return out;
}

Bytes kis_ask(libusb_device_handle* handle, int endpoint, Bytes message) {
    int done = 0;
    int result = libusb_bulk_transfer(handle, static_cast<unsigned char>(endpoint), message.data(), static_cast<int>(message.size()), &done, 2000);
    if (result != 0) { say("kis out: %s", libusb_error_name(result)); return {}; }
    Bytes reply(0x1000);
    result = libusb_bulk_transfer(handle, static_cast<unsigned char>(endpoint | 0x80), reply.data(), 0x1000, &done, 2000);
    if (result != 0) { say("kis in: %s", libusb_error_name(result)); return {}; }
    reply.resize(static_cast<std::size_t>(done));
    return reply;
}

std::string kis_string(const Bytes& info, std::size_t word_index) {
    const auto at = 12 + word_index * 4;
    std::string text;
    for (std::size_t i = 2; i + 1 < info[at]; i += 2) text.push_back(static_cast<char>(info[at + i]));
    return text;
}

int kis(libusb_device_handle* handle, std::size_t size) {
    libusb_claim_interface(handle, 0);
    say("config %zu %zu", kis_ask(handle, 1, kis_message(1, 0x0a, {0x21}, {})).size(),
        kis_ask(handle, 1, kis_message(1, 0x14, {1}, {})).size());
    const auto info = kis_ask(handle, 3, kis_message(0x10, 0x100, {}, {}));
    if (info.size() < 12 + 0x300) { say("info %zu", info.size()); return 0; }
    say("inner product %02x%02x serial %s", info[12 + 0x4b], info[12 + 0x4a], kis_string(info, info[12 + 0x50]).c_str());
    say("nonce %s", kis_string(info, info[12 + 0x18]).c_str());
    for (std::size_t at = 0; at < size; at += 0x4000) {
        const auto part = static_cast<std::uint32_t>(std::min<std::size_t>(0x4000, size - at));
        kis_ask(handle, 3, kis_message(0x10, 0x0d, {static_cast<std::uint32_t>(at), 0, part}, Bytes(part, 7)));
    }
    kis_ask(handle, 3, kis_message(0x10, 0x103, {static_cast<std::uint32_t>(size)}, {}));
    say("booted");
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> words(argv + 1, argv + argc);
    if (words.empty()) return 2;
    libusb_context* context = nullptr;
    if (libusb_init(&context) != 0) return 3;
    const auto number = [&](std::size_t at) { return words.size() > at ? std::strtoul(words[at].c_str(), nullptr, 0) : 0ul; };
    int result = 0;
    if (words[0] == "list") {
        result = list(context);
    } else if (words[0] == "kick") {
        result = kick(context, words.at(1));
    } else if (words[0] == "watch") {
        result = watch(context, static_cast<int>(number(1)), static_cast<int>(number(2)));
    } else {
        auto* handle = libusb_open_device_with_vid_pid(context, 0x05ac, static_cast<std::uint16_t>(number(1)));
        if (handle == nullptr) { say("no device"); return 4; }
        if (words[0] == "getenv") result = getenv_of(handle, words.at(2));
        else if (words[0] == "command") say("command %d", command(handle, words.at(2)));
        else if (words[0] == "upload") result = upload(handle, number(2), true);
        else if (words[0] == "upload-no-end") { upload(handle, number(2), false); say("command %d", command(handle, "firmware")); }
        else if (words[0] == "read") result = wait_for_data(handle);
        else if (words[0] == "dfu") result = dfu(handle, number(2), words.size() < 4);
        else if (words[0] == "dfu-state") say("state %d", dfu_state(handle));
        else if (words[0] == "kis") result = kis(handle, number(2));
        else if (words[0] == "claim") {
            say("claimed %d", libusb_claim_interface(handle, 0));
            std::getchar();  // holds it until its input ends
        }
        libusb_close(handle);
    }
    libusb_exit(context);
    return result;
}
