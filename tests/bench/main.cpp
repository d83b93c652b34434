// usage: unbrick-bench engine [RUNS] | plug-in CAUSE [RUNS]
#include <cstdio>
#include <string>

#include "src/base/log.h"
#include "src/base/text.h"
#include "tests/bench/bench.h"

int main(int argc, char** argv) {
    using namespace unbrick;
    base::log::start(base::log::Level::Error, false);
    const auto runs = [&](int at, int usual) { return argc > at ? static_cast<int>(base::parse_int(argv[at]).value_or(usual)) : usual; };
    const std::string what = argc > 1 ? argv[1] : "";
    if (what == "engine") return bench::engine(runs(2, 40));
    if (what == "plug-in" && argc > 2) return bench::plug_in(runs(3, 9), argv[2]);
    std::fputs("usage: unbrick-bench engine [RUNS] | plug-in CAUSE [RUNS]\n", stderr);
    return 2;
}
