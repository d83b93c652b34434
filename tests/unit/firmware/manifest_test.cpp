#include "src/firmware/manifest.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "src/base/file.h"
#include "src/firmware/local_manifest.h"
#include "src/firmware/image4.h"
#include "src/firmware/signing/chip_requests.h"
#include "src/firmware/signing/client.h"
#include "src/firmware/signing/request.h"

using namespace unbrick;
using namespace unbrick::firmware;
using base::Plist;

namespace {

Plist component(const char* path, bool trusted, bool rules) {
    auto info = Plist::dict().set("Path", path);
    if (rules) {
        const auto rule = [](Plist conditions, Plist actions) { return Plist::dict().set("Conditions", std::move(conditions)).set("Actions", std::move(actions)); };
        auto list = Plist::array();
        list.append(rule(Plist::dict().set("ApRawProductionMode", Plist::boolean(true)).set("ApRequiresImage4", Plist::boolean(true)),
                         Plist::dict().set("EPRO", Plist::boolean(true)).set("Trusted", Plist::integer(255))));
        list.append(rule(Plist::dict().set("ApDemotionPolicyOverride", "Demote").set("ApRawProductionMode", Plist::boolean(true)),
                         Plist::dict().set("EPRO", Plist::boolean(false))));
        list.append(rule(Plist::dict().set("ApRawSecurityMode", Plist::boolean(true)), Plist::dict().set("ESEC", Plist::boolean(true))));
        info.set("RestoreRequestRules", std::move(list));
    }
    return Plist::dict().set("Digest", Plist::data(base::Bytes(48, 7))).set("Trusted", Plist::boolean(trusted)).set("Info", std::move(info));
}

Plist identity(const char* device_class, const char* behaviour, const char* variant, const char* board = "0x0E") {
    auto manifest = Plist::dict();
    manifest.set("iBEC", component("Firmware/dfu/iBEC.im4p", true, true));
    manifest.set("OS", component("os.dmg", true, false));
    manifest.set("ftap", Plist::dict().set("Trusted", Plist::boolean(true)).set("Info", Plist::dict().set("HashMethod", "sha2-256")));
    manifest.set("BasebandFirmware", component("Firmware/x.bbfw", false, false));
    manifest.set("Rap,RTKitOS", Plist::dict().set("Trusted", Plist::boolean(true)).set("Info", Plist::dict().set("Path", "ftab").set("IsFTAB", Plist::boolean(true))));
    manifest.set("Loose", component("loose", false, false));
    return Plist::dict().set("ApChipID", "0x8015").set("ApBoardID", board).set("ApSecurityDomain", "0x01")
        .set("UniqueBuildID", Plist::data(base::Bytes(20, 9)))
        .set("Info", Plist::dict().set("DeviceClass", device_class).set("RestoreBehavior", behaviour).set("Variant", variant))
        .set("Manifest", std::move(manifest));
}

base::Result<BuildManifest> manifest_of(Plist identities) {
    const auto xml = Plist::dict().set("ProductVersion", "18.3").set("ProductBuildVersion", "22D64")
                         .set("SupportedProductTypes", Plist::array().append(Plist::string("iPhone10,6")))
                         .set("BuildIdentities", std::move(identities)).to_xml();
    return parse_build_manifest(base::as_bytes(xml), "test");
}

}  // namespace

TEST(Manifest, IdentityByChipBoardAndBehaviour) {
    const auto manifest = manifest_of(Plist::array()
        .append(identity("d221ap", "Erase", "Research Customer Erase Install (IPSW)"))
        .append(identity("d22ap", "Erase", "Customer Erase Install (IPSW)", "0x06"))
        .append(identity("d221ap", "Erase", "Customer Erase Install (IPSW)"))
        .append(identity("d221ap", "Update", "Customer Upgrade Install (IPSW)")));
    ASSERT_TRUE(manifest) << manifest.error().to_string();
    EXPECT_EQ(manifest->build_major(), 22);
    const auto erase = choose_identity(*manifest, {0x8015, 0x0E, "D221AP", "iPhone10,6", Behaviour::Erase});
    ASSERT_TRUE(erase);
    EXPECT_EQ((*erase)->variant, "Customer Erase Install (IPSW)");
    EXPECT_EQ((*choose_identity(*manifest, {0x8015, 0x0E, "", "", Behaviour::Update}))->behaviour, Behaviour::Update);
    EXPECT_EQ(choose_identity(*manifest, {0x8020, 0x0E, "", "", Behaviour::Erase}).error().code(), base::ErrorCode::FirmwareUnsuitable);
    EXPECT_FALSE(choose_identity(*manifest, {0x8015, 0x0E, "n71ap", "", Behaviour::Erase}));
    EXPECT_FALSE(choose_identity(*manifest, {0x8015, 0x0E, "d221ap", "iPhone9,1", Behaviour::Erase}));
}

TEST(Manifest, AnUpdateNeverBecomesAnErase) {
    const auto manifest = manifest_of(Plist::array().append(identity("d221ap", "Erase", "Customer Erase Install (IPSW)")));
    const auto update = choose_identity(*manifest, {0x8015, 0x0E, "d221ap", "", Behaviour::Update});
    ASSERT_FALSE(update);
    EXPECT_EQ(update.error().code(), base::ErrorCode::FirmwareUnsuitable);
}

TEST(Manifest, HostileOnesAreRefused) {
    EXPECT_FALSE(parse_build_manifest(base::as_bytes("nonsense"), "x"));
    EXPECT_FALSE(manifest_of(Plist::array()));
    EXPECT_FALSE(manifest_of(Plist::array().append(Plist::string("no dict"))));
    auto escaping = identity("d221ap", "Erase", "Customer Erase Install (IPSW)");
    auto parts = escaping.at("Manifest");
    parts.set("iBSS", component("../../etc/passwd", true, false));
    escaping.set("Manifest", parts);
    EXPECT_EQ(manifest_of(Plist::array().append(escaping)).error().code(), base::ErrorCode::FirmwareInvalid);
}

TEST(Manifest, VersionsCompareByNumber) {
    EXPECT_LT(compare_versions("9.3.5", "18.0"), 0);
    EXPECT_GT(compare_versions("18.10", "18.9.9"), 0);
    EXPECT_EQ(compare_versions("18", "18.0.0"), 0);
}

TEST(Signing, TheApRequestFollowsTheRules) {
    const auto manifest = manifest_of(Plist::array().append(identity("d221ap", "Erase", "Customer Erase Install (IPSW)")));
    signing::PhoneParameters phone;
    phone.ecid = 0x1A2B3C4D5E6F70;
    phone.ap_nonce = base::Bytes(32, 1);
    phone.sep_nonce = base::Bytes(20, 2);
    const auto request = signing::ap_request(manifest->identities[0], phone);
    ASSERT_TRUE(request);
    EXPECT_EQ(request->integer_at("ApECID"), phone.ecid);
    EXPECT_EQ(request->integer_at("ApChipID"), 0x8015u);
    EXPECT_EQ(request->boolean_at("@ApImg4Ticket"), true);
    EXPECT_EQ(request->boolean_at("UID_MODE"), false);          // because a SEP nonce is there
    EXPECT_FALSE(request->has("Ap,SikaFuse"));
    const auto ibec = request->at("iBEC");
    EXPECT_EQ(ibec.boolean_at("EPRO"), true);                   // and the demotion rule did not fire
    EXPECT_EQ(ibec.boolean_at("ESEC"), true);
    EXPECT_EQ(ibec.boolean_at("Trusted"), true);                // 255 leaves it alone
    EXPECT_FALSE(ibec.has("Info"));
    EXPECT_EQ(request->at("OS").boolean_at("EPRO"), true);      // no rules: by the phone's modes
    EXPECT_EQ(request->at("ftap").data_at("Digest"), base::Bytes{});
    EXPECT_FALSE(request->has("BasebandFirmware"));
    EXPECT_FALSE(request->has("Rap,RTKitOS"));
    EXPECT_FALSE(request->has("Loose"));
    phone.ap_nonce.clear();
    EXPECT_FALSE(signing::ap_request(manifest->identities[0], phone));
}

TEST(Signing, BasebandAndEsim) {
    const auto manifest = manifest_of(Plist::array().append(identity("d221ap", "Erase", "Customer Erase Install (IPSW)")));
    auto info = Plist::dict().set("ChipID", Plist::integer(0x68)).set("CertID", Plist::integer(0x26F3FACC)).set("EUICCChipID", Plist::integer(5));
    EXPECT_FALSE(signing::baseband_parameters(info));
    info.set("ChipSerialNo", Plist::data(base::Bytes(12, 3)));
    const auto baseband = signing::baseband_parameters(info);
    ASSERT_TRUE(baseband);
    auto request = signing::new_request();
    signing::add_baseband(request, manifest->identities[0], *baseband);
    signing::add_euicc(request, manifest->identities[0], info);
    EXPECT_EQ(request.boolean_at("@BBTicket"), true);
    EXPECT_FALSE(request.has("BbNonce"));
    EXPECT_FALSE(request.has("@eUICC,Ticket"));   // a chip without EID and nonces gives 168
    const auto bare = signing::without_baseband(request);
    EXPECT_FALSE(bare.has("@BBTicket"));
    EXPECT_FALSE(bare.has("BbSNUM"));
    EXPECT_TRUE(signing::concerns_baseband(49));
    EXPECT_FALSE(signing::concerns_baseband(94));
}

TEST(Signing, AnswersOfServers) {
    const auto good = signing::parse_answer(base::as_bytes("STATUS=0&MESSAGE=SUCCESS&REQUEST_STRING=<?xml version=\"1.0\"?><plist version=\"1.0\"><dict><key>ApImg4Ticket</key><data>AQI=</data></dict></plist>"));
    ASSERT_TRUE(good);
    EXPECT_EQ(good->response.data_at("ApImg4Ticket"), (base::Bytes{1, 2}));
    const auto refused = signing::parse_answer(base::as_bytes("STATUS=94&MESSAGE=This device isn't eligible for the requested build."));
    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->status, 94);
    EXPECT_FALSE(refused->response);
    EXPECT_FALSE(signing::parse_answer(base::as_bytes("<html>STATUS of the proxy</html>")));
    EXPECT_FALSE(signing::parse_answer({}));
    EXPECT_FALSE(signing::parse_answer(base::as_bytes("STATUS=0&MESSAGE=SUCCESS&REQUEST_STRING=rubbish")));
}

TEST(Signing, SavageRevisions) {
    auto with = identity("d221ap", "Erase", "Customer Erase Install (IPSW)");
    auto parts = with.at("Manifest");
    for (const auto* name : {"Savage,B0-Prod-Patch", "Savage,B2-Prod-Patch", "Savage,BA-Prod-Patch", "Savage,B0-Dev-Patch"}) parts.set(name, component("f", false, false));
    with.set("Manifest", parts);
    const auto manifest = manifest_of(Plist::array().append(with));
    const auto patch = [&](std::uint8_t revision, bool production) {
        const auto info = Plist::dict().set("Savage,Revision", Plist::data(base::Bytes{revision, 0})).set("Savage,ProductionMode", Plist::boolean(production));
        return signing::savage_request(manifest->identities[0], info, {})->firmware;
    };
    EXPECT_EQ(patch(0x30, true), "Savage,B2-Prod-Patch");
    EXPECT_EQ(patch(0x20, true), "Savage,B2-Prod-Patch");
    EXPECT_EQ(patch(0xA1, true), "Savage,BA-Prod-Patch");
    EXPECT_EQ(patch(0x10, true), "Savage,B0-Prod-Patch");
    EXPECT_EQ(patch(0x10, false), "Savage,B0-Dev-Patch");
}

TEST(Signing, LocalPolicy) {
    const auto policy = read_im4p(signing::empty_local_policy());
    ASSERT_TRUE(policy) << policy.error().to_string();
    EXPECT_EQ(policy->fourcc, "lpol");
    EXPECT_EQ(signing::empty_local_policy().size(), 22u);
}

// The real ones, when this computer has them.
TEST(RealManifests, EveryIdentityIsReadChosenAndAskedFor) {
    const std::filesystem::path folder = "/work/shared/manifests";
    if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no real build manifests on this computer";
    int seen = 0;
    for (const auto& file : std::filesystem::directory_iterator(folder)) {
        const auto manifest = parse_build_manifest(*base::read_file(file.path()), file.path().filename().string());
        ASSERT_TRUE(manifest) << manifest.error().to_string();
        for (const auto& one : manifest->identities) {
            ++seen;
            const auto chosen = choose_identity(*manifest, {one.cpid, one.bdid, one.device_class, "", *one.behaviour});
            ASSERT_TRUE(chosen) << one.variant;
            EXPECT_EQ((*chosen)->behaviour, one.behaviour);
            signing::PhoneParameters phone;
            phone.ecid = 1;
            phone.ap_nonce = base::Bytes(32, 1);
            const auto request = signing::ap_request(one, phone);
            ASSERT_TRUE(request);
            for (const auto& part : one.components) {
                const bool asked = request->has(part.name);
                const bool should = part.has_info && !part.ftab && (part.has_rules || part.trusted) && part.name != "BasebandFirmware" &&
                                    part.name != "SE,UpdatePayload" && part.name != "BaseSystem" && part.name != "Diags" &&
                                    part.name != "Ap,ExclaveOS" && !base::starts_with(part.name, "Cryptex1,");
                EXPECT_EQ(asked, should) << file.path() << " " << part.name;
            }
            EXPECT_TRUE(read_im4m(local_manifest(one)));
        }
    }
    EXPECT_GE(seen, 13);
}
