#include "src/cli/firmware_command.h"

#include <fmt/core.h>

#include <chrono>
#include <cstdio>

#include "src/base/exit_code.h"
#include "src/base/json.h"
#include "src/cli/session.h"
#include "src/firmware/verify.h"

namespace unbrick::cli {

namespace {

struct Opened { std::shared_ptr<const firmware::Archive> archive; firmware::BuildManifest manifest; };

base::Result<Opened> open(const std::string& file) {
    Opened opened;
    UB_TRY(opened.archive, firmware::Archive::open(file));
    UB_TRY(opened.manifest, firmware::read_build_manifest(*opened.archive));
    return opened;
}

}  // namespace

int firmware_info(const std::string& file, bool json) {
    const auto opened = open(file);
    if (!opened) return complain(opened.error());
    const auto& manifest = opened->manifest;
    base::OrderedJson document{{"version", manifest.version}, {"build", manifest.build}, {"products", manifest.product_types}, {"identities", base::OrderedJson::array()}};
    for (const auto& identity : manifest.identities)
        document["identities"].push_back({{"board", identity.device_class}, {"chip", fmt::format("0x{:04x}", identity.cpid)}, {"board_id", fmt::format("0x{:02x}", identity.bdid)},
                                          {"behaviour", identity.behaviour ? firmware::to_string(*identity.behaviour) : ""}, {"variant", identity.variant},
                                          {"components", identity.components.size()}, {"missing", firmware::missing_files(*opened->archive, identity)}});
    if (json) {
        fmt::print("{}\n", base::dump_json(document, 1));
        return 0;
    }
    fmt::print("iOS {} ({})\n", manifest.version, manifest.build);
    for (const auto& product : manifest.product_types) fmt::print("  {}\n", product);
    for (const auto& identity : document["identities"])
        fmt::print("  {} {} {} [{}] {}\n", identity["board"].get<std::string>(), identity["chip"].get<std::string>(), identity["board_id"].get<std::string>(),
                   identity["variant"].get<std::string>(), identity["missing"].empty() ? "" : base::dump_json(identity["missing"]));
    return 0;
}

int firmware_verify(const std::string& file, unsigned threads, bool json) {
    const auto opened = open(file);
    if (!opened) return complain(opened.error());
    const auto begun = std::chrono::steady_clock::now();
    const auto result = firmware::verify(opened->archive, opened->manifest, threads, {}, {});
    if (!result) return complain(result.error());
    const std::chrono::duration<double> span = std::chrono::steady_clock::now() - begun;
    const bool whole = result->wrong == 0 && result->unreadable == 0;
    base::OrderedJson document{{"whole", whole}, {"bytes", result->bytes}, {"seconds", span.count()}, {"good", result->good}, {"wrong", result->wrong},
                               {"unreadable", result->unreadable}, {"not_comparable", result->not_comparable}, {"files", base::OrderedJson::array()}};
    for (const auto& one : result->files)
        document["files"].push_back({{"path", one.path}, {"components", one.components}, {"size", one.size}, {"verdict", firmware::to_string(one.verdict)}, {"detail", one.detail}});
    if (json) {
        fmt::print("{}\n", base::dump_json(document, 1));
    } else {
        for (const auto& one : result->files)
            if (one.verdict == firmware::Verdict::Wrong || one.verdict == firmware::Verdict::Unreadable)
                fmt::print("{}: {} {}\n", firmware::to_string(one.verdict), one.path, one.detail);
        fmt::print("{} good, {} wrong, {} unreadable, {} without a digest over the file ({:.0f} MB/s)\n", result->good, result->wrong, result->unreadable, result->not_comparable,
                   static_cast<double>(result->bytes) / 1e6 / std::max(span.count(), 1e-3));
    }
    return static_cast<int>(whole ? base::ExitCode::Done : base::ExitCode::Failed);
}

}  // namespace unbrick::cli
