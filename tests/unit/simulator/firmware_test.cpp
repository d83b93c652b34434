#include <gtest/gtest.h>
#include <zip.h>

#include "simulator/firmware/ipsw_maker.h"
#include "simulator/image4/image4.h"
#include "simulator/servers/signing_server.h"
#include "src/base/file.h"

using namespace unbrick;
using namespace unbrick::simulator;
using base::Plist;

namespace {

base::Bytes member(const std::filesystem::path& archive, const std::string& name) {
    int error = 0;
    zip_t* zip = zip_open(archive.c_str(), ZIP_RDONLY, &error);
    if (zip == nullptr) return {};
    zip_stat_t info;
    base::Bytes bytes;
    if (zip_stat(zip, name.c_str(), 0, &info) == 0) {
        bytes.resize(info.size);
        zip_file_t* file = zip_fopen(zip, name.c_str(), 0);
        zip_fread(file, bytes.data(), bytes.size());
        zip_fclose(file);
    }
    zip_close(zip);
    return bytes;
}

Plist request_for(const Plist& identity, std::uint64_t ecid, const base::Bytes& nonce, const base::Bytes& sep_nonce) {
    auto request = Plist::dict();
    request.set("@ApImg4Ticket", Plist::boolean(true)).set("@UUID", "A").set("@VersionInfo", "libauthinstall-1104.0.9");
    request.set("ApECID", Plist::integer(ecid)).set("ApNonce", Plist::data(nonce)).set("SepNonce", Plist::data(sep_nonce));
    request.set("ApChipID", Plist::integer(base::parse_hex(*identity.string_at("ApChipID")).value()));
    request.set("ApBoardID", Plist::integer(base::parse_hex(*identity.string_at("ApBoardID")).value()));
    request.set("ApSecurityDomain", Plist::integer(1)).set("UniqueBuildID", identity.at("UniqueBuildID"));
    request.set("ApProductionMode", Plist::boolean(true)).set("ApSecurityMode", Plist::boolean(true));
    const auto manifest = identity.at("Manifest");
    for (const auto& name : manifest.keys()) {
        auto entry = manifest.at(name);
        if (!entry.at("Info").has("RestoreRequestRules")) continue;
        entry.remove("Info");
        request.set(name, std::move(entry));
    }
    return request;
}

base::Bytes img4(const base::Bytes& im4p, const base::Bytes& ticket) {
    base::Bytes content{0x16, 0x04, 'I', 'M', 'G', '4'};
    content.insert(content.end(), im4p.begin(), im4p.end());
    const auto header = [](std::uint8_t tag, std::size_t length) {
        return base::Bytes{tag, 0x83, static_cast<std::uint8_t>(length >> 16), static_cast<std::uint8_t>(length >> 8), static_cast<std::uint8_t>(length)};
    };
    base::Bytes wrapped = header(0xA0, ticket.size());
    if (ticket.size() < 0x10000) wrapped = {0xA0, 0x82, static_cast<std::uint8_t>(ticket.size() >> 8), static_cast<std::uint8_t>(ticket.size())};
    content.insert(content.end(), wrapped.begin(), wrapped.end());
    content.insert(content.end(), ticket.begin(), ticket.end());
    base::Bytes all = content.size() < 0x10000 ? base::Bytes{0x30, 0x82, static_cast<std::uint8_t>(content.size() >> 8), static_cast<std::uint8_t>(content.size())}
                                               : header(0x30, content.size());
    all.insert(all.end(), content.begin(), content.end());
    return all;
}

}  // namespace

TEST(MadeFirmware, TicketAdmitsExactlyWhatWasAskedFor) {
    for (const auto& generation : generations()) {
        SCOPED_TRACE(std::string(generation.id));
        auto folder = base::TemporaryFolder::create();
        ASSERT_TRUE(folder);
        IpswOrder order;
        order.generation = &generation;
        order.image_bytes = 300001;
        const auto made = make_ipsw(order, folder->path() / "made.ipsw");
        ASSERT_TRUE(made) << made.error().to_string();
        const auto manifest = Plist::parse(member(made->path, "BuildManifest.plist"), "manifest");
        ASSERT_TRUE(manifest);
        const auto identity = manifest->at("BuildIdentities").item(0);
        auto key = SigningKey::generate();
        ASSERT_TRUE(key);
        SigningServer::Options options;
        options.key = *key;
        auto server = SigningServer::start(options);
        ASSERT_TRUE(server) << server.error().to_string();
        const base::Bytes nonce(generation.nonce_length, 0x11), sep_nonce(20, 0x22);
        const auto answer = (*server)->answer(request_for(identity, 0x1122334455, nonce, sep_nonce).to_xml());
        ASSERT_NE(answer.find("MESSAGE=SUCCESS"), std::string::npos) << answer.substr(0, 100);
        const auto reply = Plist::parse(base::as_bytes(std::string_view(answer).substr(answer.find("<?xml"))), "answer");
        ASSERT_TRUE(reply);
        const auto ticket = reply->data_at("ApImg4Ticket").value();

        PhoneTrust trust;
        trust.ecid = 0x1122334455, trust.chip = generation.cpid, trust.board = generation.bdid;
        trust.ap_nonce = nonce, trust.sep_nonces = {sep_nonce}, trust.digest = component_digest(generation), trust.key = &*key;
        EXPECT_TRUE(check_ticket(ticket, trust));

        const auto kernel_path = identity.at_path({"Manifest", "RestoreKernelCache", "Info"}).string_at("Path").value();
        const auto kernel = member(made->path, kernel_path);
        const auto good = check_image(img4(retagged_im4p(kernel, "rkrn"), ticket), trust);
        ASSERT_TRUE(good) << good.error().to_string();
        EXPECT_EQ(good->fourcc, "rkrn");
        EXPECT_TRUE(check_image(img4(kernel, ticket), trust)) << "as krnl it is KernelCache, which the ticket has too";
        EXPECT_FALSE(check_image(img4(retagged_im4p(kernel, "rdsk"), ticket), trust));
        auto broken = kernel;
        broken.back() ^= 1;
        EXPECT_FALSE(check_image(img4(retagged_im4p(broken, "rkrn"), ticket), trust));
        auto other = trust;
        other.ap_nonce[0] ^= 1;
        EXPECT_FALSE(check_ticket(ticket, other));
        other = trust, other.ecid += 1;
        EXPECT_FALSE(check_ticket(ticket, other));
        auto forged = ticket;
        forged[forged.size() / 2] ^= 1;
        EXPECT_FALSE(check_ticket(forged, trust));
    }
}

TEST(MadeFirmware, ImageDigestIsThatOfTheMember) {
    auto folder = base::TemporaryFolder::create();
    for (const bool deflate : {false, true}) {
        IpswOrder order;
        order.generation = find_generation("a15");
        order.image_bytes = 1234567;
        order.deflate_image = deflate;
        const auto made = make_ipsw(order, folder->path() / "i.ipsw");
        ASSERT_TRUE(made) << made.error().to_string();
        const auto image = member(made->path, "078-10001-001.dmg.aea");
        ASSERT_EQ(image.size(), 1234567u);
        EXPECT_EQ(base::digest_of(base::DigestKind::Sha256, image), made->image_sha256);
        EXPECT_EQ(base::as_text(image).substr(0, 4), "AEA1");
    }
}

TEST(SigningServerAnswers, RefusesAsTheRealOneDoes) {
    auto key = SigningKey::generate();
    SigningServer::Options options;
    options.key = *key;
    options.unsigned_builds = {std::string(40, 'a')};
    auto server = SigningServer::start(options);
    auto request = Plist::dict();
    request.set("@ApImg4Ticket", Plist::boolean(true)).set("@UUID", "A").set("@VersionInfo", "x").set("ApECID", Plist::integer(1)).set("ApChipID", Plist::integer(0x8015));
    request.set("ApBoardID", Plist::integer(14)).set("ApSecurityDomain", Plist::integer(1)).set("ApNonce", Plist::data(base::Bytes(32, 1)));
    request.set("ApProductionMode", Plist::boolean(true)).set("ApSecurityMode", Plist::boolean(true));
    EXPECT_EQ((*server)->answer(request.to_xml()).substr(0, 10), "STATUS=100");  // no build
    request.set("UniqueBuildID", Plist::data(base::Bytes(20, 0xAA)));
    EXPECT_EQ((*server)->answer(request.to_xml()).substr(0, 9), "STATUS=94");
    request.set("UniqueBuildID", Plist::data(base::Bytes(20, 0xAB)));
    EXPECT_EQ((*server)->answer(request.to_xml()).substr(0, 9), "STATUS=0&");
    request.set("@SE,Ticket", Plist::boolean(true));
    EXPECT_EQ((*server)->answer(request.to_xml()).substr(0, 10), "STATUS=100");  // a mix the server rejects
    EXPECT_EQ((*server)->answer("nonsense").substr(0, 10), "STATUS=126");
    EXPECT_EQ((*server)->requests().size(), 5u);
}
