#include "simulator/world/world.h"

#include <fmt/format.h>

#include "simulator/world/control_server.h"
#include "simulator/world/maker.h"
#include "simulator/world/mux_host.h"
#include "simulator/world/person.h"
#include "simulator/world/phone_unit.h"
#include "simulator/world/usb_host.h"
#include "simulator/world/verdict.h"
#include "simulator/services/keys.h"
#include "src/base/file.h"
#include "src/base/text.h"

namespace unbrick::simulator {

namespace {

constexpr const char* kHostBuid = "00000000-5E1F-4A11-B000-00000000B01D";
constexpr const char* kHostId = "00000000-5E1F-4A11-B000-000000000051";

// What was trusted before the world began: both sides know the pairing.
base::Status pair_from_before(PhoneUnit& unit, mux::PairRecords& records) {
    if (unit.scenario().system.pairing != services::Pairing::Trusted) return {};
    UB_TRY(const base::Plist record,
           services::make_pair_record(kHostId, records.buid(), unit.scenario().system.wifi_address));
    unit.system()->add_pairing(kHostId, record);
    const std::string xml = record.to_xml();
    records.save(unit.phone().nature().udid, base::Bytes(xml.begin(), xml.end()));
    return {};
}

}  // namespace

struct World::State {
    State(Scenario made, WorldOptions world_options, base::TemporaryFolder temporary)
        : scenario(std::move(made)), options(std::move(world_options)), folder(std::move(temporary)),
          timeline(options.speed), records(std::make_shared<mux::PairRecords>(kHostBuid)) {}

    Scenario scenario;
    WorldOptions options;
    base::TemporaryFolder folder;
    Timeline timeline;
    std::shared_ptr<mux::PairRecords> records;
    std::vector<std::unique_ptr<PhoneUnit>> phones;
    std::unique_ptr<Maker> maker;
    std::unique_ptr<UsbHost> usb;
    std::unique_ptr<MuxHost> mux;
    std::unique_ptr<Person> person;
    std::unique_ptr<ControlServer> control;  // last: its threads use all the others

    std::filesystem::path mux_socket() const { return folder.path() / "usbmuxd"; }
    std::filesystem::path control_socket() const { return folder.path() / "control"; }

    // The phone that a request names by its ECID (any notation) or UDID; else the first one.
    PhoneUnit& phone_for(const base::Json& request) {
        std::string name;
        const base::Json& member = base::json_at(request, "phone");
        if (member.is_string()) name = member.get<std::string>();
        const auto ecid = base::parse_hex(name);
        for (const auto& unit : phones) {
            const Nature& nature = unit->phone().nature();
            if (name == nature.udid || name == nature.name || (ecid && *ecid == nature.ecid)) return *unit;
            if (name == std::to_string(nature.ecid)) return *unit;
        }
        return *phones.front();
    }

    base::Json state_of(PhoneUnit& unit) const {
        const PhoneState state = unit.phone().state();
        return {{"ecid", unit.ecid_text()},
                {"udid", unit.phone().nature().udid},
                {"mode", to_string(state.mode)},
                {"display", to_string(state.display)},
                {"on_bus", state.on_bus},
                {"services_up", state.services_up},
                {"locked", state.locked},
                {"battery", state.battery},
                {"cable", to_string(state.cable)},
                {"charger", state.charger},
                {"starts", state.starts},
                {"boot_variables", unit.phone().saved_variables()},
                {"user_data", to_string(unit.phone().user_data())},
                {"paired", !unit.system()->paired_hosts().empty()},
                {"activation", unit.system()->activation_state()}};
    }

    base::Status act(PhoneUnit& unit, const base::Json& request) {
        const std::string name = base::json_string(request, "act").value_or("");
        // Acts on the host, not on a phone.
        const bool everything = name == "fix-host";
        if (everything || name == "start-usbmuxd" || name == "install-usbmuxd" || name == "grant-usb-permission" ||
            name == "install-udev-rules" || name == "install-udev-rule") {
            if (everything || base::ends_with(name, "usbmuxd")) mux->repair();
            if (everything || !base::ends_with(name, "usbmuxd")) usb->grant_permission();
            for (const auto& phone : phones) phone->phone().record("host-repaired", {{"act", name}});
            return {};
        }
        UB_TRY_VOID(unit.act(request));
        usb->act(unit, name);
        return {};
    }

    base::Json handle(const base::Json& request);
};

base::Json World::State::handle(const base::Json& request) {
    if (!request.is_object()) return {{"error", "a request is one JSON object"}};
    if (request.contains("ask")) {
        const base::Json ask = request.at("ask");
        PhoneUnit* unit = &phone_for(ask);
        Person::Hands hands;
        hands.display = [unit] { return std::string(to_string(unit->phone().state().display)); };
        hands.act = [this, unit](const base::Json& what) { return act(*unit, what); };
        return person->hear(ask, std::move(hands));
    }
    if (request.contains("act")) {
        if (auto done = act(phone_for(request), request); !done) return {{"error", done.error().message()}};
        return {{"ok", true}};
    }
    if (request.contains("state")) {
        base::Json list = base::Json::array();
        for (const auto& unit : phones) list.push_back(state_of(*unit));
        return {{"scenario", scenario.id}, {"time", timeline.now()}, {"speed", timeline.speed()},
                {"usbmuxd", mux->daemon_running()}, {"phones", std::move(list)}};
    }
    if (request.contains("view")) {
        // For one more program of this world: each needs a view of the bus of its own.
        auto environment = usb->new_view();
        if (!environment) return {{"error", environment.error().message()}};
        return {{"environment", *environment}};
    }
    return {{"error", "a request has a member act, ask, state or view"}};
}

World::World(std::unique_ptr<State> state) : state_(std::move(state)) {}

World::~World() {
    state_->control.reset();
    state_->person.reset();
    state_->mux.reset();
    state_->usb.reset();
    state_->maker.reset();
    state_->phones.clear();
}

base::Result<std::unique_ptr<World>> World::create(Scenario scenario, WorldOptions options) {
    UB_TRY(auto folder, base::TemporaryFolder::create("unbrick-rehearsal"));
    auto state = std::make_unique<State>(std::move(scenario), std::move(options), std::move(folder));
    State& world = *state;
    UB_TRY(world.usb, UsbHost::create(world.timeline, world.scenario.host));
    unsigned index = 0;
    for (const ScenarioPhone& phone : world.scenario.phones) {
        auto unit = std::make_unique<PhoneUnit>(phone, world.timeline, index++);
        UB_TRY_VOID(pair_from_before(*unit, *world.records));
        world.phones.push_back(std::move(unit));
    }
    UB_TRY(world.maker, Maker::create(world.scenario, world.phones, world.folder.path()));
    for (const auto& unit : world.phones) UB_TRY_VOID(world.usb->add(*unit));
    world.mux = std::make_unique<MuxHost>(world.scenario.host.usbmuxd, world.mux_socket(), world.records);
    for (const auto& unit : world.phones) world.mux->add(*unit);
    world.person = std::make_unique<Person>(world.scenario.person, world.timeline, world.options.type_line, world.options.type_json);
    UB_TRY(world.control, ControlServer::start(world.control_socket(), [&world](const base::Json& request) {
        return world.handle(request);
    }));
    return std::unique_ptr<World>(new World(std::move(state)));
}

std::map<std::string, std::string> World::environment() const {
    std::map<std::string, std::string> environment = state_->usb->environment();
    environment.merge(state_->maker->environment());
    environment["UNBRICK_REHEARSAL"] = state_->control_socket().string();
    environment["UNBRICK_REHEARSAL_NAME"] = state_->scenario.id;
    environment["UNBRICK_REHEARSAL_SPEED"] = fmt::format("{}", state_->options.speed);
    environment["USBMUXD_SOCKET_ADDRESS"] = "UNIX:" + state_->mux_socket().string();
    return environment;
}

const VirtualPhone& World::phone(std::size_t index) const { return state_->phones.at(index)->phone(); }

void World::catch_up() { drain(state_->timeline); }

base::Json World::control(const base::Json& request) { return state_->handle(request); }

base::Json World::verdict() {
    state_->person->leave();
    base::Json verdict = settle_and_judge(state_->phones, state_->timeline);
    verdict["scenario"] = state_->scenario.id;
    verdict["signing_requests"] = state_->maker->signing_json();
    return verdict;
}

}  // namespace unbrick::simulator
