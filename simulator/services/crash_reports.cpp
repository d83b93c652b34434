// The crash report folder: the mover that gathers reports, and AFC on the folder.
#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <set>

#include "simulator/services/service_table.h"

namespace unbrick::simulator::services {

namespace {

constexpr auto kPatience = std::chrono::seconds(30);

// AFC (libimobiledevice's afc.h is the field's reference): a 40-byte little-endian header
// {"CFA6LPAA", entire length, length up to the payload, packet number, operation}.
constexpr std::size_t kHeader = 40;
constexpr std::string_view kMagic = "CFA6LPAA";
constexpr std::uint64_t kLargestPacket = 1u << 20;

enum Operation : std::uint64_t {
    kStatus = 1, kData = 2, kReadDirectory = 3, kRemovePath = 8, kMakeDirectory = 9, kFileInfo = 10,
    kDeviceInfo = 11, kFileOpen = 13, kFileOpened = 14, kFileRead = 15, kFileWrite = 16, kFileSeek = 17,
    kFileTell = 18, kFileTold = 19, kFileClose = 20
};
enum AfcError : std::uint64_t { kSuccess = 0, kInvalidArgument = 7, kNotFound = 8, kIsDirectory = 9, kDenied = 10, kUnsupported = 15 };

std::uint64_t get_number(base::ByteView bytes, std::size_t at) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < 8 && at + i < bytes.size(); ++i) value |= static_cast<std::uint64_t>(bytes[at + i]) << (8 * i);
    return value;
}

void put_number(base::Bytes& to, std::uint64_t value) {
    for (int shift = 0; shift < 64; shift += 8) to.push_back(static_cast<std::uint8_t>(value >> shift));
}

struct Packet {
    std::uint64_t number = 0;
    std::uint64_t operation = 0;
    base::Bytes body;
};

std::string clean(std::string path) {
    std::string result;
    for (const std::string_view part : base::split(path, '/')) {
        if (part.empty() || part == ".") continue;
        if (part == "..") return "\x01";  // never a file
        result += (result.empty() ? "" : "/") + std::string(part);
    }
    return result;
}

class FileServer {
public:
    FileServer(System& system, mux::Stream& stream) : system_(system), stream_(stream) {}

    void run() {
        while (true) {
            Packet packet;
            if (!read(packet) || !handle(packet)) return;
        }
    }

private:
    bool read(Packet& packet) {
        std::array<std::uint8_t, kHeader> head{};
        if (!stream_.read_exactly(head, mux::idle_deadline())) return false;
        if (base::as_text(base::ByteView(head).first(8)) != kMagic) return false;
        const std::uint64_t entire = get_number(head, 8);
        if (entire < kHeader || entire > kLargestPacket) return false;
        packet.number = get_number(head, 24);
        packet.operation = get_number(head, 32);
        packet.body.resize(static_cast<std::size_t>(entire - kHeader));
        return stream_.read_exactly(packet.body, base::Deadline::after(kPatience)).has_value();
    }

    bool send(const Packet& request, std::uint64_t operation, base::ByteView head, base::ByteView payload = {}) {
        base::Bytes bytes(kMagic.begin(), kMagic.end());
        put_number(bytes, kHeader + head.size() + payload.size());
        put_number(bytes, kHeader + head.size());
        put_number(bytes, request.number);
        put_number(bytes, operation);
        bytes.insert(bytes.end(), head.begin(), head.end());
        bytes.insert(bytes.end(), payload.begin(), payload.end());
        return stream_.write_all(bytes, base::Deadline::after(kPatience)).has_value();
    }
    bool send_status(const Packet& request, AfcError error) {
        base::Bytes body;
        put_number(body, error);
        return send(request, kStatus, body);
    }
    bool send_strings(const Packet& request, const std::vector<std::string>& strings) {
        base::Bytes body;
        for (const std::string& text : strings) {
            body.insert(body.end(), text.begin(), text.end());
            body.push_back(0);
        }
        return send(request, kData, {}, body);
    }

    static std::string path_at(const Packet& packet, std::size_t at) {
        if (at >= packet.body.size()) return {};
        const char* start = reinterpret_cast<const char*>(packet.body.data()) + at;
        return clean(std::string(start, strnlen(start, packet.body.size() - at)));
    }

    std::optional<File> file(const std::string& path) const {
        for (File& entry : files())
            if (entry.path == path) return std::move(entry);
        return std::nullopt;
    }
    std::vector<File> files() const { return system_.crash_reports(); }
    bool is_folder(const std::string& path) const {
        if (path.empty()) return true;
        for (const File& entry : files())
            if (base::starts_with(entry.path, path + "/")) return true;
        return false;
    }

    bool handle(const Packet& packet) {
        switch (packet.operation) {
            case kReadDirectory: return read_directory(packet);
            case kFileInfo: return file_info(packet);
            case kDeviceInfo:
                return send_strings(packet, {"Model", system_.nature().product_type, "FSTotalBytes",
                                             std::to_string(system_.nature().data_total), "FSFreeBytes",
                                             std::to_string(system_.nature().data_free), "FSBlockSize", "4096"});
            case kFileOpen: return open_file(packet);
            case kFileRead: return read_file(packet);
            case kFileSeek: return seek(packet);
            case kFileTell: {
                base::Bytes body;
                put_number(body, open_.count(get_number(packet.body, 0)) != 0 ? open_[get_number(packet.body, 0)].at : 0);
                return send(packet, kFileTold, body);
            }
            case kFileClose:
                return send_status(packet, open_.erase(get_number(packet.body, 0)) != 0 ? kSuccess : kInvalidArgument);
            case kRemovePath: return send_status(packet, system_.remove_crash_report(path_at(packet, 0)) ? kSuccess : kNotFound);
            case kMakeDirectory:
            case kFileWrite: return send_status(packet, kDenied);
            default: return send_status(packet, kUnsupported);
        }
    }

    bool read_directory(const Packet& packet) {
        const std::string path = path_at(packet, 0);
        if (!is_folder(path)) return send_status(packet, kNotFound);
        std::set<std::string> names;
        const std::string prefix = path.empty() ? "" : path + "/";
        for (const File& entry : files()) {
            if (!base::starts_with(entry.path, prefix)) continue;
            const std::string rest = entry.path.substr(prefix.size());
            names.insert(rest.substr(0, rest.find('/')));
        }
        std::vector<std::string> list = {".", ".."};
        list.insert(list.end(), names.begin(), names.end());
        return send_strings(packet, list);
    }

    bool file_info(const Packet& packet) {
        const std::string path = path_at(packet, 0);
        const auto entry = file(path);
        if (!entry && !is_folder(path)) return send_status(packet, kNotFound);
        const std::size_t size = entry ? entry->content.size() : 64;
        return send_strings(packet, {"st_size", std::to_string(size), "st_blocks", std::to_string((size + 511) / 512),
                                     "st_nlink", entry ? "1" : "2", "st_ifmt", entry ? "S_IFREG" : "S_IFDIR", "st_mtime",
                                     "1767225600000000000", "st_birthtime", "1767225600000000000"});
    }

    bool open_file(const Packet& packet) {
        constexpr std::uint64_t kReadOnly = 1;
        const auto entry = file(path_at(packet, 8));
        if (get_number(packet.body, 0) != kReadOnly) return send_status(packet, kDenied);
        if (!entry) return send_status(packet, kNotFound);
        const std::uint64_t handle = ++last_handle_;
        open_[handle] = {entry->content, 0};
        base::Bytes body;
        put_number(body, handle);
        return send(packet, kFileOpened, body);
    }

    bool read_file(const Packet& packet) {
        const auto found = open_.find(get_number(packet.body, 0));
        if (found == open_.end()) return send_status(packet, kInvalidArgument);
        OpenFile& open = found->second;
        const std::size_t want = static_cast<std::size_t>(std::min<std::uint64_t>(get_number(packet.body, 8), kLargestPacket / 2));
        const std::size_t start = std::min(open.at, open.content.size());
        const std::size_t size = std::min(want, open.content.size() - start);
        open.at = start + size;
        return send(packet, kData, {}, base::as_bytes(std::string_view(open.content).substr(start, size)));
    }

    bool seek(const Packet& packet) {
        const auto found = open_.find(get_number(packet.body, 0));
        if (found == open_.end()) return send_status(packet, kInvalidArgument);
        const std::uint64_t whence = get_number(packet.body, 8);
        const std::size_t base_at = whence == 1 ? found->second.at : whence == 2 ? found->second.content.size() : 0;
        found->second.at = base_at + static_cast<std::size_t>(get_number(packet.body, 16));
        return send_status(packet, kSuccess);
    }

    struct OpenFile {
        std::string content;
        std::size_t at = 0;
    };
    System& system_;
    mux::Stream& stream_;
    std::map<std::uint64_t, OpenFile> open_;
    std::uint64_t last_handle_ = 0;
};

}  // namespace

void serve_crash_report_mover(System&, mux::Stream& stream) {
    // "ping" and a zero byte say that every report was moved to the folder.
    constexpr std::array<std::uint8_t, 5> ping = {'p', 'i', 'n', 'g', 0};
    if (!stream.write_all(ping, base::Deadline::after(kPatience))) return;
    std::array<std::uint8_t, 64> sink{};
    while (true) {
        auto got = stream.read_some(sink, mux::idle_deadline());
        if (!got || *got == 0) return;
    }
}

void serve_crash_report_files(System& system, mux::Stream& stream) { FileServer(system, stream).run(); }

}  // namespace unbrick::simulator::services
