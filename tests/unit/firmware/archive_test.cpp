#include "src/firmware/archive.h"

#include <gtest/gtest.h>
#include <zip.h>

#include <fstream>
#include <random>

#include "src/base/digest.h"

using namespace unbrick;
using namespace unbrick::firmware;

namespace {

base::Bytes noise(std::size_t count, unsigned seed) {
    std::mt19937 random(seed);
    base::Bytes bytes(count);
    // Half text-like, so that deflate has something to do.
    for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random() % 11 == 0 ? random() : 'a' + random() % 4);
    return bytes;
}

std::filesystem::path make_zip(const std::filesystem::path& folder, const std::map<std::string, base::Bytes>& members, bool deflate) {
    const auto path = folder / "test.ipsw";
    int code = 0;
    zip_t* zip = zip_open(path.c_str(), ZIP_CREATE | ZIP_TRUNCATE, &code);
    for (const auto& [name, bytes] : members) {
        const auto index = zip_file_add(zip, name.c_str(), zip_source_buffer(zip, bytes.data(), bytes.size(), 0), 0);
        zip_set_file_compression(zip, static_cast<zip_uint64_t>(index), deflate ? ZIP_CM_DEFLATE : ZIP_CM_STORE, 0);
    }
    EXPECT_EQ(zip_close(zip), 0);
    return path;
}

void random_reads(MemberReader& reader, const base::Bytes& wanted) {
    ASSERT_EQ(reader.size(), wanted.size());
    std::mt19937 random(7);
    for (int i = 0; i < 25; ++i) {
        const auto offset = random() % wanted.size();
        const auto count = std::min<std::size_t>(random() % 70000, wanted.size() - offset);
        base::Bytes got(count);
        ASSERT_TRUE(reader.read_at(offset, got));
        ASSERT_TRUE(std::equal(got.begin(), got.end(), wanted.begin() + static_cast<std::ptrdiff_t>(offset))) << offset << "+" << count;
    }
    base::Bytes beyond(2);
    EXPECT_FALSE(reader.read_at(wanted.size() - 1, beyond));
    EXPECT_FALSE(reader.read_at(~0ull, beyond));
}

}  // namespace

TEST(Archive, StoredAndDeflatedMembersAreReadAnywhere) {
    const auto folder = base::TemporaryFolder::create();
    const auto big = noise(9u << 20, 1);   // several points to start from
    for (const bool deflate : {false, true}) {
        const auto archive = Archive::open(make_zip(folder->path(), {{"a/big.dmg", big}, {"small", base::Bytes{1, 2, 3}}}, deflate));
        ASSERT_TRUE(archive) << archive.error().to_string();
        EXPECT_EQ((*archive)->find("a/big.dmg")->deflated, deflate);
        auto reader = (*archive)->reader("a/big.dmg");
        ASSERT_TRUE(reader);
        random_reads(**reader, big);
        EXPECT_EQ(*(*archive)->read("small"), (base::Bytes{1, 2, 3}));
        EXPECT_EQ((*archive)->read("a/big.dmg", 1000).error().code(), base::ErrorCode::LimitExceeded);
        EXPECT_EQ((*archive)->read("none").error().code(), base::ErrorCode::NotFound);
        EXPECT_EQ((*archive)->list("a/").size(), 1u);
    }
}

TEST(Archive, AFolderReadsTheSame) {
    const auto folder = base::TemporaryFolder::create();
    std::filesystem::create_directories(folder->path() / "a");
    const auto bytes = noise(300000, 2);
    std::ofstream(folder->path() / "a/file").write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    std::filesystem::create_symlink("/etc/passwd", folder->path() / "out");
    const auto archive = Archive::open(folder->path());
    ASSERT_TRUE(archive);
    auto reader = (*archive)->reader("a/file");
    ASSERT_TRUE(reader);
    random_reads(**reader, bytes);
    EXPECT_FALSE((*archive)->find("out"));
    EXPECT_FALSE((*archive)->reader("../x"));
    EXPECT_FALSE((*archive)->reader("/etc/passwd"));
}

TEST(Archive, NamesThatLeaveAreRefused) {
    const auto folder = base::TemporaryFolder::create();
    for (const std::string name : {"../evil", "a/../../b", "/abs"}) {
        const auto archive = Archive::open(make_zip(folder->path(), {{name, base::Bytes{1}}}, false));
        ASSERT_FALSE(archive) << name;
        EXPECT_EQ(archive.error().code(), base::ErrorCode::FirmwareInvalid);
    }
}

TEST(Archive, DamagedAndLyingArchivesAreRefused) {
    const auto folder = base::TemporaryFolder::create();
    const auto path = make_zip(folder->path(), {{"big", noise(200000, 3)}, {"BuildManifest.plist", noise(5000, 4)}}, true);
    const auto whole = *base::read_file(path);
    const auto write = [&](const base::Bytes& bytes) {
        const auto other = folder->path() / "damaged.ipsw";
        std::ofstream(other, std::ios::binary).write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
        return other;
    };
    for (const std::size_t length : {std::size_t{0}, std::size_t{10}, whole.size() / 2, whole.size() - 1})
        EXPECT_FALSE(Archive::open(write(base::Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length))))) << length;
    // The directory claims a thousand times more than the member can hold.
    auto lying = whole;
    const std::uint8_t mark[] = {'P', 'K', 1, 2};
    const auto entry = std::search(lying.begin(), lying.end(), std::begin(mark), std::end(mark));
    ASSERT_NE(entry, lying.end());
    for (int i = 0; i < 3; ++i) *(entry + 24 + i) = 0xFF;
    *(entry + 27) = 0x7F;
    const auto bomb = Archive::open(write(lying));
    ASSERT_FALSE(bomb);
    EXPECT_EQ(bomb.error().code(), base::ErrorCode::FirmwareInvalid);
    // Damage inside the packed bytes is found when they are read, or by the digest; never a crash.
    for (std::size_t at = 40; at < 2000; at += 97) {
        auto bent = whole;
        bent[at] ^= 0x55;
        if (const auto archive = Archive::open(write(bent))) static_cast<void>((*archive)->read("big"));
    }
}
