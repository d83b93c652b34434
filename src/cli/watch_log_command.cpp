// Reads a log while another tool writes it and says at once what it means.
#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <signal.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <cerrno>

#include "diagnostics/engine.h"
#include "diagnostics/readers/text_reader.h"
#include "src/base/file.h"
#include "src/cli/diagnose_command.h"
#include "src/cli/job_view.h"
#include "src/cli/simple_commands.h"

namespace unbrick::cli {

int watch_log(const GlobalOptions& global, const std::string& file, bool json) {
    const auto folder = knowledge_of(global);
    if (!folder) return complain(folder.error());
    const auto texts = texts_of(global);
    if (!texts) return complain(texts.error());
    const auto knowledge = knowledge::Knowledge::load(*folder);
    if (!knowledge) return complain(knowledge.error());
    const bool standard_input = file == "-";
    const base::Fd input(standard_input ? ::dup(STDIN_FILENO) : ::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    if (!input) return complain(base::system_error(file));
    const base::Fd changes(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
    if (!standard_input && ::inotify_add_watch(changes.get(), file.c_str(), IN_MODIFY | IN_DELETE_SELF | IN_MOVE_SELF | IN_CLOSE_WRITE) < 0)
        return complain(base::system_error(file));
    sigset_t none;
    ::sigemptyset(&none);
    ::pthread_sigmask(SIG_SETMASK, &none, nullptr);      // nothing is left half done by Ctrl-C here
    const auto reading = diagnostics::prepare_reading(*knowledge);
    diagnostics::TextReader reader(*reading, file, diagnostics::Origin::Log);
    std::string last;
    const auto conclude = [&] {
        diagnostics::Context context;
        context.texts = &*texts;
        const auto diagnosis = diagnostics::diagnose(*knowledge, reader.evidence(), context);
        const auto state = diagnosis.stage + " " + diagnosis.plan.plan + " " + (diagnosis.hypotheses.empty() ? "" : diagnosis.hypotheses.front().cause);
        if (state == last) return;
        last = state;
        if (json) print_event(diagnosis.to_json());
        else fmt::print("{}\n\n", in_words(diagnosis, *texts));
        std::fflush(stdout);
    };
    constexpr std::chrono::milliseconds kQuiet{300};     // a burst of lines is judged as one
    bool unread = false;
    for (;;) {
        char buffer[1 << 16];
        const auto got = ::read(input.get(), buffer, sizeof buffer);
        if (got > 0) {
            reader.feed({buffer, static_cast<std::size_t>(got)});
            unread = true;
            if (!standard_input) continue;
        } else if (got < 0 && errno != EINTR && errno != EAGAIN) {
            return complain(base::system_error(file));
        } else if (got == 0 && standard_input) {
            conclude();
            return 0;
        }
        pollfd polled{standard_input ? input.get() : changes.get(), POLLIN, 0};
        const auto ready = ::poll(&polled, 1, unread ? static_cast<int>(kQuiet.count()) : -1);
        if (ready == 0 && unread) {
            unread = false;
            conclude();
        }
        if (ready > 0 && !standard_input) {
            alignas(inotify_event) char events[4096];
            const auto size = ::read(changes.get(), events, sizeof events);
            for (ssize_t at = 0; at < size;) {
                const auto* event = reinterpret_cast<const inotify_event*>(events + at);
                if ((event->mask & (IN_DELETE_SELF | IN_MOVE_SELF)) != 0) {
                    conclude();
                    return 0;
                }
                at += static_cast<ssize_t>(sizeof(inotify_event) + event->len);
            }
        }
    }
}

}  // namespace unbrick::cli
