#include "src/firmware/verify.h"

#include <fmt/core.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "src/firmware/component_names.h"
#include "src/firmware/image4.h"

namespace unbrick::firmware {

namespace {

constexpr std::size_t kPiece = 1u << 20;

// What one file must hash to: the digest kind and the type its image must have while it is hashed.
struct Expected {
    std::string component, fourcc;
    base::Bytes digest;
    base::DigestKind kind = base::DigestKind::Sha1;
    bool image4 = false;
};

// Image files start as DER with IM4P; only those may be compared with a type laid over their own.
std::optional<std::size_t> fourcc_place(base::ByteView head) {
    static constexpr std::uint8_t kMark[] = {0x16, 0x04, 'I', 'M', '4', 'P', 0x16, 0x04};
    const auto found = std::search(head.begin(), head.end(), std::begin(kMark), std::end(kMark));
    if (head.empty() || head[0] != 0x30 || found == head.end() || found - head.begin() > 12 || head.end() - found < 12) return std::nullopt;
    return static_cast<std::size_t>(found - head.begin()) + sizeof kMark;
}

void check_file(const Archive& archive, VerifiedFile& file, std::vector<Expected> expected, std::atomic<std::uint64_t>& done,
                const std::function<void()>& step, const std::stop_token& stop) {
    auto reader = archive.reader(file.path);
    if (!reader) {
        file.verdict = Verdict::Unreadable;
        file.detail = reader.error().to_string();
        return;
    }
    struct Running { Expected* expected; base::Digest digest; };
    std::vector<Running> running;
    for (auto& one : expected) running.push_back({&one, base::Digest(one.kind)});
    base::Bytes piece(kPiece), patched;
    std::optional<std::size_t> place;
    for (std::uint64_t at = 0; at < file.size; at += kPiece) {
        if (stop.stop_requested()) return;
        const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(kPiece, file.size - at));
        if (auto read = (*reader)->read_at(at, std::span(piece).first(count)); !read) {
            file.verdict = Verdict::Unreadable;
            file.detail = read.error().to_string();
            return;
        }
        if (at == 0) place = fourcc_place(base::ByteView(piece).first(std::min<std::size_t>(count, 64)));
        for (auto& one : running) {
            if (at == 0 && place && !one.expected->fourcc.empty()) {
                patched.assign(piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(count));
                std::memcpy(patched.data() + *place, one.expected->fourcc.data(), 4);
                one.digest.update(patched);
            } else {
                one.digest.update(base::ByteView(piece).first(count));
            }
        }
        done += count;
        step();
    }
    file.verdict = Verdict::NotComparable;
    for (auto& one : running) {
        const bool same = one.digest.finish() == one.expected->digest;
        // A digest of an Image4 file is over the file; others may be chip specific (restore-protocol.md 3.4).
        if (same && file.verdict != Verdict::Wrong) file.verdict = Verdict::Good;
        if (!same && place) {
            file.verdict = Verdict::Wrong;
            file.detail += (file.detail.empty() ? "" : ", ") + one.expected->component;
        }
    }
}

}  // namespace

std::string_view to_string(Verdict verdict) {
    switch (verdict) {
        case Verdict::Good: return "good";
        case Verdict::Wrong: return "wrong";
        case Verdict::Unreadable: return "unreadable";
        case Verdict::NotComparable: break;
    }
    return "not-comparable";
}

base::Result<Verification> verify(const std::shared_ptr<const Archive>& archive, const BuildManifest& manifest, unsigned threads,
                                  const std::function<void(std::uint64_t, std::uint64_t)>& progress, const std::stop_token& stop) {
    std::map<std::string, std::map<std::string, Expected>> wanted;   // path, then kind of expectation: identities share files
    std::map<std::string, std::set<std::string>> names;
    for (const auto& identity : manifest.identities)
        for (const auto& component : identity.components) {
            if (component.path.empty()) continue;
            names[component.path].insert(component.name);
            auto& list = wanted[component.path];
            if (!component.digest || component.digest->empty()) continue;
            const auto kind = digest_kind_of(component.digest->size());
            if (!kind) continue;
            auto fourcc = component.payload_type;
            if (fourcc.empty() && is_retagged(component.name)) fourcc = fourcc_of_component(component.name);
            list.emplace(fourcc + base::to_hex(*component.digest), Expected{component.name, fourcc, *component.digest, *kind, false});
        }
    Verification result;
    std::vector<std::vector<Expected>> expectations;
    for (auto& [path, list] : wanted) {
        VerifiedFile file;
        file.path = path;
        file.components.assign(names[path].begin(), names[path].end());
        if (const auto member = archive->find(path)) file.size = member->size;
        result.bytes += file.size;
        result.files.push_back(std::move(file));
        expectations.emplace_back();
        for (auto& [key, expected] : list) expectations.back().push_back(std::move(expected));
    }
    // Largest first, so that no core ends with the system image alone.
    std::vector<std::size_t> order(result.files.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return result.files[a].size > result.files[b].size; });
    std::atomic<std::size_t> next{0};
    std::atomic<std::uint64_t> done{0};
    const auto step = [&] { if (progress) progress(done, result.bytes); };
    if (threads == 0) threads = std::max(1u, std::thread::hardware_concurrency());
    {
        std::vector<std::jthread> workers;
        for (unsigned i = 0; i < threads; ++i)
            workers.emplace_back([&] {
                for (std::size_t at; (at = next++) < order.size() && !stop.stop_requested();) check_file(*archive, result.files[order[at]], std::move(expectations[order[at]]), done, step, stop);
            });
    }
    UB_TRY_VOID(base::check_cancelled(stop, "verify"));
    for (const auto& file : result.files) {
        if (file.verdict == Verdict::Good) ++result.good;
        else if (file.verdict == Verdict::Wrong) ++result.wrong;
        else if (file.verdict == Verdict::Unreadable) ++result.unreadable;
        else ++result.not_comparable;
    }
    return result;
}

}  // namespace unbrick::firmware
