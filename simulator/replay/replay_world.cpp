#include "simulator/replay/replay_world.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>

#include "simulator/mux/server.h"
#include "simulator/replay/recording.h"
#include "simulator/replay/replay_device.h"
#include "simulator/replay/replay_services.h"
#include "simulator/usb/bus.h"
#include "simulator/world/control_server.h"
#include "src/base/file.h"

namespace unbrick::simulator::replay {

namespace {

// A gap between two lives that was not recorded.
constexpr double kUsualGap = 2.0;
constexpr const char* kNowhere = "http://127.0.0.1:9";

}  // namespace

struct ReplayWorld::State {
    struct Player {
        State* world = nullptr;
        Phone phone;
        std::string port;
        std::size_t life = 0;
        UsbAddress address;
        std::uint32_t mux_id = 0;
        bool there = false;
    };

    State(double speed, base::TemporaryFolder made) : folder(std::move(made)), timeline(speed) {}

    std::filesystem::path mux_socket() const { return folder.path() / "usbmuxd"; }
    std::filesystem::path control_socket() const { return folder.path() / "control"; }

    // On the timeline's thread.
    void appear(Player& player) {
        const Life& life = player.phone.lives[player.life];
        const std::size_t number = player.life;
        const auto leave = [this, &player, number] {
            timeline.post([this, &player, number] { leave_life(player, number); }, this);
        };
        if (life.product != 0) {
            if (auto added = bus->add(make_replay_device(life, leave), {player.port, true})) player.address = *added;
        }
        if (life.on_usbmux() && !life.udid.empty()) {
            if (!mux->running()) (void)mux->start();
            records->save(life.udid, replay_pair_record());
            mux::Attachment attachment;
            attachment.udid = life.udid;
            attachment.location = (static_cast<std::uint32_t>(player.address.bus) << 16) | static_cast<std::uint32_t>(player.address.device);
            attachment.connect = make_replay_services(life, leave);
            player.mux_id = mux->attach(std::move(attachment));
        }
        player.there = true;
        // A life that nobody's request ended: a pulled cable, a restart of the phone's own.
        const bool by_request = !life.leaving_message.empty() || life.leaving_reset || life.leaving_control.has_value();
        if (life.ended != 0 && !by_request)
            timeline.after(PhoneSeconds(life.ended - life.begun), [this, &player, number] { leave_life(player, number); }, this);
    }
    void leave_life(Player& player, std::size_t number) {
        if (!player.there || player.life != number) return;
        player.there = false;
        if (player.mux_id != 0) mux->detach(std::exchange(player.mux_id, 0u));
        if (player.phone.lives[number].product != 0) bus->remove(player.address);
        const bool any = std::any_of(players.begin(), players.end(), [](const auto& other) { return other->mux_id != 0; });
        if (!any && mux->running()) mux->stop();
        if (number + 1 >= player.phone.lives.size()) return;
        const double gap = player.phone.lives[number + 1].begun - player.phone.lives[number].ended;
        timeline.after(PhoneSeconds(gap > 0 ? gap : kUsualGap), [this, &player] {
            ++player.life;
            appear(player);
        }, this);
    }

    base::TemporaryFolder folder;
    Timeline timeline;
    std::shared_ptr<mux::PairRecords> records = std::make_shared<mux::PairRecords>(kReplayHostId);
    std::unique_ptr<UsbBus> bus;
    std::unique_ptr<mux::Server> mux;
    std::unique_ptr<ControlServer> control;
    std::vector<std::unique_ptr<Player>> players;
    std::map<std::string, std::string> environment;
};

ReplayWorld::ReplayWorld(std::unique_ptr<State> state) : state_(std::move(state)) {}

ReplayWorld::~ReplayWorld() {
    state_->timeline.cancel_all(state_.get());
    state_->control.reset();
    state_->mux.reset();
    state_->bus.reset();
}

base::Result<std::unique_ptr<ReplayWorld>> ReplayWorld::create(const std::filesystem::path& file, double speed) {
    UB_TRY(Recording recording, read_recording(file));
    UB_TRY(auto folder, base::TemporaryFolder::create("unbrick-replay"));
    auto state = std::make_unique<State>(speed, std::move(folder));
    UB_TRY(state->bus, UsbBus::create(state->timeline, {}));
    state->mux = std::make_unique<mux::Server>(state->mux_socket(), state->records);
    UB_TRY(state->control, ControlServer::start(state->control_socket(), [](const base::Json& request) -> base::Json {
        // Nobody acts in a recording.
        if (request.contains("ask")) return {{"heard", true}};
        return {{"error", "a recording can only be watched"}};
    }));
    int port = 0;
    for (Phone& phone : recording.phones) {
        auto player = std::make_unique<State::Player>();
        player->world = state.get();
        player->phone = std::move(phone);
        player->port = fmt::format("1-{}", ++port);
        state->players.push_back(std::move(player));
    }
    UB_TRY(const auto view, state->bus->create_view());
    state->environment = UsbBus::environment(view);
    state->environment["UNBRICK_REHEARSAL"] = state->control_socket().string();
    state->environment["UNBRICK_REHEARSAL_NAME"] = "replay of " + file.filename().string();
    state->environment["UNBRICK_REHEARSAL_SPEED"] = fmt::format("{}", speed);
    state->environment["USBMUXD_SOCKET_ADDRESS"] = "UNIX:" + state->mux_socket().string();
    state->environment["UNBRICK_SIGNING_SERVER"] = kNowhere;
    state->environment["UNBRICK_FIRMWARE_INDEX"] = kNowhere;
    // All of what the first sightings show is there before the program starts.
    std::mutex mutex;
    std::condition_variable ready;
    bool done = false;
    State* world = state.get();
    world->timeline.post([&] {
        for (const auto& player : world->players) world->appear(*player);
        const std::scoped_lock lock(mutex);
        done = true;
        ready.notify_all();
    }, world);
    std::unique_lock lock(mutex);
    ready.wait(lock, [&] { return done; });
    return std::unique_ptr<ReplayWorld>(new ReplayWorld(std::move(state)));
}

std::map<std::string, std::string> ReplayWorld::environment() const { return state_->environment; }

}  // namespace unbrick::simulator::replay
