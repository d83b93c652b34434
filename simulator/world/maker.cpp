#include "simulator/world/maker.h"

#include <fmt/core.h>

#include "simulator/firmware/ipsw_maker.h"

namespace unbrick::simulator {

// The phone's port table as the restore side wants it.
class Maker::UnitPorts : public Ports {
public:
    explicit UnitPorts(PortTable& table) : table_(table) {}
    void open(std::uint16_t port, std::function<void(base::Fd)> serve) override { table_.open(port, std::move(serve)); }
    void close(std::uint16_t port) override { table_.close(port); }

private:
    PortTable& table_;
};

base::Result<std::unique_ptr<Maker>> Maker::create(const Scenario& scenario, const std::vector<std::unique_ptr<PhoneUnit>>& phones, const std::filesystem::path& folder) {
    std::unique_ptr<Maker> maker(new Maker);
    maker->network_ = scenario.host.network;
    UB_TRY(const auto key, SigningKey::generate());
    const auto& signing = base::json_at(scenario.servers, "signing");
    SigningServer::Options options;
    options.key = key;
    options.nothing_is_signed = base::json_bool(signing, "nothing-signed").value_or(false);
    UB_TRY_CONTEXT(options.faults, parse_signing_faults(base::json_at(signing, "faults")), scenario.id);

    std::vector<OfferedFirmware> offered;
    for (const auto& unit : phones) {
        const auto& nature = unit->phone().nature();
        auto traits = RestoreTraits::from_json(unit->scenario().restore);
        if (!traits) return base::fail(std::move(traits).error().with_context(scenario.id));
        const auto* generation = traits->generation.empty() ? generation_of_chip(nature.cpid) : find_generation(traits->generation);
        if (generation == nullptr) continue;   // before Image4: it can be looked at and kicked out, not restored
        const auto& wanted = base::json_at(scenario.servers, "firmware");
        if (scenario.needs_restore) {
            auto orders = wanted.is_array() ? wanted : base::Json::array({base::Json::object()});
            for (std::size_t i = 0; i < orders.size(); ++i) {
                Generation model = *generation;
                model.product_type = nature.product_type, model.board = nature.board, model.cpid = nature.cpid, model.bdid = nature.bdid;
                IpswOrder order;
                order.generation = &model;
                order.version = base::json_string(orders[i], "version").value_or(nature.ios_version.empty() ? "" : nature.ios_version);
                order.build = base::json_string(orders[i], "build").value_or(nature.ios_build.empty() ? "" : nature.ios_build);
                order.image_bytes = static_cast<std::uint64_t>(base::json_int(orders[i], "image-mib").value_or(4)) << 20;
                order.deflate_image = base::json_bool(orders[i], "deflate").value_or(false);
                order.seed = 7 + i;
                const auto file = folder / fmt::format("{}_{}_{}.ipsw", nature.product_type, order.version, order.build);
                UB_TRY_CONTEXT(const auto made, make_ipsw(order, file), scenario.id);
                maker->made_.push_back(made.path);
                if (base::json_bool(orders[i], "in-index").value_or(true)) offered.push_back({nature.product_type, order.version, order.build, made.path});
                if (base::json_bool(orders[i], "unsigned").value_or(false)) {
                    for (const auto* behaviour : {"Erase", "Update"})
                        options.unsigned_builds.push_back(base::to_hex(payload_bytes(order.seed, fmt::format("build-{}", behaviour), 20)));
                }
            }
        }
        maker->ports_.push_back(std::make_unique<UnitPorts>(unit->restore_ports()));
        UB_TRY_CONTEXT(auto side, RestoreSide::create(unit->phone(), *maker->ports_.back(), key, std::move(*traits)), scenario.id);
        maker->sides_.push_back(std::move(side));
    }
    UB_TRY(maker->signing_, SigningServer::start(std::move(options)));
    UB_TRY(maker->firmware_, FirmwareServer::start(std::move(offered)));
    UB_TRY(maker->front_, TlsFront::start(maker->signing_->port()));
    for (const auto& side : maker->sides_) side->set_key_url(maker->firmware_->key_url());
    return maker;
}

Maker::~Maker() {
    for (const auto& side : sides_) side->stop();
}

std::map<std::string, std::string> Maker::environment() const {
    // Without a network every address leads to a port that nobody listens on.
    const std::string nowhere = "http://127.0.0.1:9";
    std::map<std::string, std::string> environment;
    environment["UNBRICK_SIGNING_SERVER"] = network_ ? signing_->url() : nowhere + "/TSS/controller?action=2";
    environment["UNBRICK_FIRMWARE_INDEX"] = network_ ? firmware_->index_url() : nowhere + "/version.xml";
    const auto proxy = network_ ? front_->proxy_url() : nowhere;
    for (const auto* name : {"http_proxy", "https_proxy"}) environment[name] = proxy;
    environment["no_proxy"] = "127.0.0.1,localhost";
    if (!made_.empty()) environment["UNBRICK_REHEARSAL_FIRMWARE"] = made_.front().string();
    return environment;
}

base::Json Maker::signing_json() const {
    auto list = base::Json::array();
    for (const auto& request : signing_->requests()) list.push_back({{"tickets", request.tickets}, {"status", request.status}});
    return list;
}

}  // namespace unbrick::simulator
