#include "simulator/world/verdict.h"

#include <condition_variable>

namespace unbrick::simulator {

namespace {

constexpr double kStep = 1.0;             // phone seconds at a time
constexpr double kReactionTime = 15;      // what a phone may still do that it was told just before
constexpr double kLongestStart = 600;     // no phone takes longer between two modes
constexpr double kLongestWait = 1800;

struct Watch {
    explicit Watch(PhoneUnit& watched) : unit(&watched), starts(watched.phone().state().starts) {}
    PhoneUnit* unit;
    unsigned starts;        // at the beginning
    bool restarted = false; // left Normal by itself, after the program had ended
    bool was_normal = false;

    bool at_rest(double passed) {
        const PhoneState state = unit->phone().state();
        if (state.mode == Mode::Normal && state.starts == starts) was_normal = true;
        if (was_normal && state.starts != starts) restarted = true;
        if (passed < kReactionTime) return false;
        if (state.mode == Mode::Booting) return passed > kLongestStart;
        if (state.mode != Mode::Normal) return true;
        if (restarted) return true;
        return unit->phone().now() - state.mode_since >= kStableSeconds;
    }
};

base::Json judge(const Watch& watch) {
    VirtualPhone& phone = watch.unit->phone();
    const PhoneState state = phone.state();
    base::Json verdict = phone.verdict();
    const double up = state.mode == Mode::Normal ? phone.now() - state.mode_since : 0.0;
    // What the phone did counts, not what it was made to do.
    verdict["stable"] = state.mode == Mode::Normal && state.services_up && !watch.restarted && up >= kStableSeconds - kStep;
    verdict["restarted_by_itself"] = watch.restarted;
    verdict["system_image"] = base::json_at(verdict, "system");
    verdict["activation"] = watch.unit->system()->activation_state();
    verdict["paired"] = !watch.unit->system()->paired_hosts().empty();
    return verdict;
}

}  // namespace

void drain(Timeline& timeline) {
    std::mutex mutex;
    std::condition_variable done;
    bool reached = false;
    timeline.post([&] {
        const std::lock_guard lock(mutex);
        reached = true;
        done.notify_all();
    });
    std::unique_lock lock(mutex);
    done.wait(lock, [&] { return reached; });
}

base::Json settle_and_judge(std::vector<std::unique_ptr<PhoneUnit>>& phones, Timeline& timeline) {
    std::vector<Watch> watches;
    drain(timeline);
    for (const auto& unit : phones) watches.emplace_back(*unit);
    for (double passed = 0; passed < kLongestWait; passed += kStep) {
        bool rest = true;
        for (Watch& watch : watches) rest = watch.at_rest(passed) && rest;
        if (rest) break;
        timeline.skip(PhoneSeconds(kStep));
        drain(timeline);
    }
    base::Json list = base::Json::array();
    for (const Watch& watch : watches) list.push_back(judge(watch));
    if (list.size() == 1) return list.front();
    return {{"phones", std::move(list)}};
}

}  // namespace unbrick::simulator
