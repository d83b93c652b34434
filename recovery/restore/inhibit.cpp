#include "recovery/restore/inhibit.h"

#include <fcntl.h>
#include <systemd/sd-bus.h>

#include <cstdlib>

#include "src/base/log.h"

namespace unbrick::recovery::restore {

SleepInhibitor::SleepInhibitor(const std::string& why) {
    sd_bus* bus = nullptr;
    sd_bus_message* reply = nullptr;
    sd_bus_error error = SD_BUS_ERROR_NULL;
    if (sd_bus_open_system(&bus) >= 0) {
        sd_bus_set_method_call_timeout(bus, 3'000'000);
        const int asked = sd_bus_call_method(bus, "org.freedesktop.login1", "/org/freedesktop/login1", "org.freedesktop.login1.Manager", "Inhibit", &error, &reply,
                                             "ssss", "sleep:idle:handle-lid-switch", "unbrick", why.c_str(), "block");
        int descriptor = -1;
        if (asked >= 0 && sd_bus_message_read(reply, "h", &descriptor) >= 0) lock_.reset(::fcntl(descriptor, F_DUPFD_CLOEXEC, 3));
    }
    if (!lock_) base::log::info("restore", "no sleep inhibitor: {}", error.message != nullptr ? error.message : "no system bus");
    sd_bus_error_free(&error);
    sd_bus_message_unref(reply);
    sd_bus_flush_close_unref(bus);
}

}  // namespace unbrick::recovery::restore
