#include "src/firmware/verify.h"

#include <gtest/gtest.h>

#include <fstream>

#include "src/base/digest.h"
#include "src/firmware/image4.h"

using namespace unbrick;
using namespace unbrick::firmware;

TEST(Verify, WholeAndDamagedFirmware) {
    const auto folder = base::TemporaryFolder::create();
    const auto kernel = write_im4p("krnl", "x", base::Bytes(5000, 0x42));
    const auto restore = write_im4p("rkrn", "x", base::Bytes(5000, 0x42));   // the same file under its other type
    const auto write = [&](const base::Bytes& bytes) {
        std::ofstream(folder->path() / "kernel", std::ios::binary | std::ios::trunc).write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    };
    BuildManifest manifest;
    manifest.identities.emplace_back();
    for (const auto& [name, type, bytes] : {std::tuple{"KernelCache", "", kernel}, std::tuple{"RestoreKernelCache", "rkrn", restore}}) {
        Component component;
        component.name = name;
        component.path = "kernel";
        component.payload_type = type;
        component.digest = base::digest_of(base::DigestKind::Sha384, bytes);
        manifest.identities[0].components.push_back(component);
    }
    write(kernel);
    const auto good = verify(*Archive::open(folder->path()), manifest, 2, {}, {});
    ASSERT_TRUE(good);
    EXPECT_EQ(good->good, 1u);
    auto damaged = kernel;
    damaged[3000] ^= 1;
    write(damaged);
    const auto wrong = verify(*Archive::open(folder->path()), manifest, 2, {}, {});
    EXPECT_EQ(wrong->wrong, 1u);
    EXPECT_EQ(wrong->files[0].detail, "KernelCache, RestoreKernelCache");
    std::filesystem::remove(folder->path() / "kernel");
    EXPECT_EQ(verify(*Archive::open(folder->path()), manifest, 2, {}, {})->unreadable, 1u);
}
