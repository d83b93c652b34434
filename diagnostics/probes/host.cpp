// Probes of this computer.
#include <sys/statvfs.h>
#include <sys/timex.h>

#include <array>
#include <chrono>
#include <filesystem>

#include "diagnostics/probes/support.h"
#include "src/base/file.h"
#include "src/base/text.h"

namespace unbrick::diagnostics::probes {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kSmallFile = 64 * 1024;

std::string small_text(const fs::path& path) {
    const auto text = base::read_text_file(path, kSmallFile);
    return text ? std::string(base::trim(*text)) : std::string();
}

}  // namespace

Found usbmuxd(const ProbeContext& context) {
    Finding finding("host.usbmuxd");
    const bool running = context.watcher != nullptr && context.watcher->host().mux_socket;
    bool installed = running;
    for (const char* path : {"/usr/sbin/usbmuxd", "/usr/bin/usbmuxd", "/usr/local/sbin/usbmuxd"}) {
        std::error_code ignored;
        installed = installed || fs::exists(path, ignored);
    }
    // Not running is normal as long as no phone in Normal mode is plugged in: udev starts it then.
    finding.add("host.usbmuxd", running ? "running" : installed ? "not-running" : "not-installed");
    return finding.take();
}

Found udev_rules(const ProbeContext&) {
    Finding finding("host.udev");
    bool recovery = false, kis = false, port_dfu = false;
    for (const char* folder : {"/etc/udev/rules.d", "/run/udev/rules.d", "/usr/lib/udev/rules.d", "/lib/udev/rules.d"}) {
        std::error_code ignored;
        for (const auto& file : fs::directory_iterator(folder, ignored)) {
            if (file.path().extension() != ".rules") continue;
            const auto text = base::read_text_file(file.path(), 1u << 20);
            if (!text) continue;
            const std::string lower = base::to_lower(*text);
            if (!base::contains(lower, "05ac")) continue;
            for (const auto line : base::split_lines(lower)) {
                if (line.empty() || line.front() == '#') continue;
                const bool gives = base::contains(line, "uaccess") || base::contains(line, "mode");
                recovery = recovery || (gives && (base::contains(line, "128") || base::contains(line, "12[")));
                kis = kis || (gives && base::contains(line, "1881"));
                port_dfu = port_dfu || (gives && base::contains(line, "f014"));
            }
        }
    }
    finding.add("host.udev.recovery", recovery);
    finding.add("host.udev.kis", kis);
    finding.add("host.udev.port_dfu", port_dfu);
    return finding.take();
}

Found virtual_machine(const ProbeContext&) {
    Finding finding("host.machine");
    std::error_code ignored;
    std::string kind = "none";
    const std::string product = base::to_lower(small_text("/sys/class/dmi/id/sys_vendor") + " " + small_text("/sys/class/dmi/id/product_name"));
    const auto cpu = base::read_text_file("/proc/cpuinfo", 1u << 20);
    static constexpr std::array kKnown{"vmware", "virtualbox", "qemu", "kvm", "parallels", "xen", "hyper-v"};
    if (base::contains(base::to_lower(small_text("/proc/sys/kernel/osrelease")), "microsoft")) kind = "wsl";
    else if (fs::exists("/.dockerenv", ignored) || fs::exists("/run/.containerenv", ignored)) kind = "container";
    else {
        for (const char* known : kKnown)
            if (base::contains(product, known)) kind = known;
        if (kind == "none" && cpu && base::contains(*cpu, " hypervisor")) kind = "hypervisor";
    }
    finding.add("host.virtual_machine", kind);
    return finding.take();
}

Found disk_room(const ProbeContext&) {
    Finding finding("host.disk");
    fs::path folder = base::cache_folder();
    std::error_code ignored;
    while (!folder.empty() && !fs::exists(folder, ignored) && folder != folder.root_path()) folder = folder.parent_path();
    struct statvfs room {};
    if (statvfs(folder.c_str(), &room) != 0) return base::fail(base::system_error("free room of " + folder.string()));
    finding.add("host.disk_free_bytes", static_cast<std::uint64_t>(room.f_bavail) * room.f_frsize);
    return finding.take();
}

Found clock(const ProbeContext&) {
    Finding finding("host.clock");
    // A clock before the day of this knowledge breaks certificates and signing.
    constexpr std::chrono::sys_days kAfter = std::chrono::year{2025} / 1 / 1;
    finding.add("host.clock_plausible", std::chrono::system_clock::now() > kAfter);
    timex state{};
    if (const int clock_state = adjtimex(&state); clock_state >= 0) finding.add("host.clock_synchronised", (state.status & STA_UNSYNC) == 0);
    return finding.take();
}

Found host_battery(const ProbeContext&) {
    Finding finding("host.power");
    std::error_code ignored;
    for (const auto& supply : fs::directory_iterator("/sys/class/power_supply", ignored)) {
        if (small_text(supply.path() / "type") != "Battery" || small_text(supply.path() / "scope") == "Device") continue;
        if (const auto level = base::parse_int(small_text(supply.path() / "capacity"))) finding.add("host.battery_percent", *level);
        finding.add("host.on_battery", small_text(supply.path() / "status") == "Discharging");
        break;
    }
    return finding.take();
}

}  // namespace unbrick::diagnostics::probes
