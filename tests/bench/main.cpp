// usage: unbrick-bench engine [RUNS] | plug-in CAUSE [RUNS]
#include <cstdio>
#include <cstdlib>
#include <string>

#include "src/base/log.h"
#include "tests/bench/bench.h"

int main(int argc, char** argv) {
    using namespace unbrick;
    base::log::start(base::log::Level::Error, false);
    const std::string what = argc > 1 ? argv[1] : "";
    if (what == "engine") return bench::engine(argc > 2 ? std::atoi(argv[2]) : 40);
    if (what == "plug-in" && argc > 2) return bench::plug_in(argc > 3 ? std::atoi(argv[3]) : 9, argv[2]);
    std::fputs("usage: unbrick-bench engine [RUNS] | plug-in CAUSE [RUNS]\n", stderr);
    return 2;
}
