#include "simulator/servers/firmware_server.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <httplib.h>
#include <unistd.h>

#include <thread>

#include "src/base/digest.h"
#include "src/base/file.h"
#include "src/base/plist.h"

namespace unbrick::simulator {

using base::Plist;

struct FirmwareServer::State {
    std::vector<OfferedFirmware> offered;
    httplib::Server server;
    std::thread thread;
    int port = 0;

    std::string address(const std::string& path) const { return fmt::format("http://127.0.0.1:{}{}", port, path); }

    std::string index() const {
        auto by_type = Plist::dict();
        for (const auto& firmware : offered) {
            const auto bytes = base::read_file(firmware.file);
            if (!bytes) continue;
            auto restore = Plist::dict().set("BuildVersion", firmware.build).set("ProductVersion", firmware.version);
            restore.set("FirmwareURL", address("/firmware/" + firmware.file.filename().string()));
            restore.set("FirmwareSHA1", base::to_hex(base::digest_of(base::DigestKind::Sha1, *bytes)));
            auto builds = by_type.at(firmware.product_type);
            if (!builds) builds = Plist::dict();
            builds.set(firmware.build, Plist::dict().set("Restore", std::move(restore)));
            by_type.set(firmware.product_type, std::move(builds));
        }
        auto versions = Plist::dict().set("1", Plist::dict().set("MobileDeviceSoftwareVersions", std::move(by_type)));
        return Plist::dict().set("MobileDeviceSoftwareVersionsByVersion", std::move(versions)).to_xml();
    }
};

FirmwareServer::FirmwareServer(std::unique_ptr<State> state) : state_(std::move(state)) {}

base::Result<std::unique_ptr<FirmwareServer>> FirmwareServer::start(std::vector<OfferedFirmware> offered) {
    auto state = std::make_unique<State>();
    state->offered = std::move(offered);
    auto* shared = state.get();
    shared->server.Get("/version.xml", [shared](const httplib::Request&, httplib::Response& response) { response.set_content(shared->index(), "text/xml"); });
    shared->server.Get("/fcs-keys/made-up", [](const httplib::Request&, httplib::Response& response) {
        response.set_content("-----BEGIN PRIVATE KEY-----\nMADEUP\n-----END PRIVATE KEY-----\n", "application/x-pem-file");
    });
    shared->server.Get(R"(/firmware/([^/]+))", [shared](const httplib::Request& request, httplib::Response& response) {
        for (const auto& firmware : shared->offered) {
            if (firmware.file.filename() != request.matches[1].str()) continue;
            auto file = std::make_shared<base::Fd>(::open(firmware.file.c_str(), O_RDONLY | O_CLOEXEC));
            std::error_code error;
            const auto size = std::filesystem::file_size(firmware.file, error);
            if (!*file || error) break;
            response.set_content_provider(size, "application/octet-stream", [file](std::size_t offset, std::size_t length, httplib::DataSink& sink) {
                char buffer[65536];
                const auto got = ::pread(file->get(), buffer, std::min(length, sizeof buffer), static_cast<off_t>(offset));
                return got > 0 && sink.write(buffer, static_cast<std::size_t>(got));
            });
            return;
        }
        response.status = 404;
    });
    shared->port = shared->server.bind_to_any_port("127.0.0.1");
    if (shared->port <= 0) return base::fail(base::ErrorCode::Io, "no port for the firmware server");
    shared->thread = std::thread([shared] { shared->server.listen_after_bind(); });
    // stop() before the loop runs would be lost, and the loop would run for ever.
    while (!shared->server.is_running()) std::this_thread::yield();
    return std::unique_ptr<FirmwareServer>(new FirmwareServer(std::move(state)));
}

FirmwareServer::~FirmwareServer() {
    state_->server.stop();
    if (state_->thread.joinable()) state_->thread.join();
}

std::string FirmwareServer::index_url() const { return state_->address("/version.xml"); }
std::string FirmwareServer::key_url() const { return state_->address("/fcs-keys/made-up"); }

}  // namespace unbrick::simulator
