#include "recovery/restore/options.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "recovery/restore/boot_chain.h"
#include "src/base/digest.h"

namespace unbrick::recovery::restore {

using base::Plist;

namespace {

struct Capability { const char* name; bool value; };

// Exactly as the field's tools send them: what the values mean is not documented, and a list that lacks a type makes
// new phones say that the host is too old (restore-protocol.md 6.3, 10.2).
constexpr Capability kDataTypes[] = {
    {"AuthInstallCACert", true}, {"BasebandBootData", false}, {"BasebandData", false}, {"BasebandStackData", false},
    {"BasebandUpdaterOutputData", false}, {"BootabilityBundle", false}, {"BuildIdentityDict", false},
    {"BuildIdentityDictV2", false}, {"Cryptex1LocalPolicy", true}, {"DataType", false}, {"DiagData", false},
    {"EANData", false}, {"FDRMemoryCommit", false}, {"FDRTrustData", false}, {"FUDData", false}, {"FileData", false},
    {"FileDataDone", false}, {"FirmwareUpdaterData", false}, {"FirmwareUpdaterDataV2", false},
    {"FirmwareUpdaterDataV3", true}, {"FirmwareUpdaterPreflight", true}, {"GrapeFWData", false}, {"HPMFWData", false},
    {"HostSystemTime", true}, {"KernelCache", false}, {"MessageUseStreamedImageFile", true}, {"NORData", false},
    {"NitrogenFWData", true}, {"OpalFWData", false}, {"OverlayRootDataCount", false}, {"OverlayRootDataForKey", true},
    {"OverlayRootDataForKeyIndex", true}, {"PeppyFWData", true}, {"PersonalizedBootObjectV3", false},
    {"PersonalizedData", true}, {"ProvisioningData", false}, {"RamdiskFWData", true}, {"ReceiptManifest", true},
    {"RecoveryOSASRImage", true}, {"RecoveryOSAppleLogo", true}, {"RecoveryOSDeviceTree", true},
    {"RecoveryOSFileAssetImage", true}, {"RecoveryOSIBEC", true}, {"RecoveryOSIBootFWFilesImages", true},
    {"RecoveryOSImage", true}, {"RecoveryOSKernelCache", true}, {"RecoveryOSLocalPolicy", true},
    {"RecoveryOSOverlayRootDataCount", false}, {"RecoveryOSRootTicketData", true},
    {"RecoveryOSStaticTrustCache", true}, {"RecoveryOSVersionData", true}, {"RestoreLocalPolicy", true},
    {"RootData", false}, {"RootTicket", false}, {"S3EOverride", false}, {"SourceBootObjectV3", false},
    {"SourceBootObjectV4", false}, {"SsoServiceTicket", false}, {"StockholmPostflight", false},
    {"SystemImageCanonicalMetadata", false}, {"SystemImageData", false}, {"SystemImageRootHash", false},
    {"URLAsset", true}, {"USBCFWData", false}, {"USBCOverride", false}, {"UpdateVolumeOverlayRootDataCount", true},
};

constexpr Capability kMessageTypes[] = {
    {"AsyncDataRequestMsg", true}, {"AsyncWait", true}, {"BBUpdateStatusMsg", false}, {"CheckpointMsg", true},
    {"CrashLog", true}, {"DataRequestMsg", false}, {"FDRSubmit", true}, {"MsgType", false},
    {"PreviousRestoreLogMsg", false}, {"ProgressMsg", false}, {"ProvisioningAck", false}, {"ProvisioningInfo", false},
    {"ProvisioningStatusMsg", false}, {"ReceivedFinalStatusMsg", false}, {"RestoreAttestation", true},
    {"RestoredCrash", true}, {"StatusMsg", false},
};

template <std::size_t N>
Plist dict_of(const Capability (&list)[N]) {
    auto dict = Plist::dict();
    for (const auto& entry : list) dict.set(entry.name, Plist::boolean(entry.value));
    return dict;
}

std::string upper_uuid() {
    const auto hex = base::to_hex(base::random_bytes(16), true);
    return fmt::format("{}-{}-{}-{}-{}", hex.substr(0, 8), hex.substr(8, 4), hex.substr(12, 4), hex.substr(16, 4), hex.substr(20));
}

// MiB by capacity class in GiB, when the identity says nothing.
Plist default_padding() {
    auto padding = Plist::dict();
    constexpr std::pair<const char*, unsigned> kDefaults[] = {{"8", 80}, {"16", 160}, {"32", 320}, {"64", 640}, {"128", 1280},
                                                              {"256", 1280}, {"512", 1280}, {"768", 1280}, {"1024", 1280}};
    for (const auto& [size, mebibytes] : kDefaults) padding.set(size, Plist::integer(mebibytes));
    return padding;
}

// The recovery OS's partition must hold these (restore-protocol.md 6.3).
constexpr const char* kRecoveryParts[] = {"OS", "KernelCache", "DeviceTree", "iBEC", "AppleLogo", "StaticTrustCache", "iBootData", "Diags",
                                          "Ap,SystemVolumeCanonicalMetadata", "SystemVolume", "BaseSystemVolume", "Ap,BaseSystemTrustCache", "AVISP1,RTKitOS"};

double recovery_mebibytes(const firmware::BuildIdentity& identity, const firmware::Archive& archive) {
    double bytes = 0;
    for (const auto& component : identity.components) {
        const bool counts = component.loaded_by_iboot || std::find(std::begin(kRecoveryParts), std::end(kRecoveryParts), component.name) != std::end(kRecoveryParts);
        if (!counts || component.path.empty()) continue;
        if (const auto member = archive.find(component.path)) bytes += static_cast<double>(member->size);
    }
    return std::ceil(bytes / 1048576.0);
}

}  // namespace

Plist supported_data_types() { return dict_of(kDataTypes); }
Plist supported_message_types() { return dict_of(kMessageTypes); }

Plist restore_options(const OptionInputs& inputs) {
    auto options = Plist::dict();
    options.set("AutoBootDelay", Plist::integer(0));
    if (inputs.baseband_preflight.is_dict()) {
        auto state = inputs.baseband_preflight;
        state.remove("FusingStatus");
        state.remove("PkHash");
        options.set("BBUpdaterState", std::move(state));
        if (auto nonce = inputs.baseband_preflight.at("Nonce")) options.set("BasebandNonce", std::move(nonce));
    }
    options.set("SupportedDataTypes", supported_data_types());
    options.set("SupportedMessageTypes", supported_message_types());
    options.set("BootImageType", "User");
    options.set("DFUFileType", "RELEASE");
    options.set("DataImage", Plist::boolean(false));
    options.set("FirmwareDirectory", ".");
    options.set("FlashNOR", Plist::boolean(true));
    options.set("KernelCacheType", "Release");
    options.set("NORImageType", "production");
    options.set("RestoreBundlePath", "/tmp/Per2.tmp");
    options.set("SystemImageType", "User");
    options.set("UpdateBaseband", Plist::boolean(true));
    options.set("InstallDiags", Plist::boolean(false));
    if (inputs.recovery_identity != nullptr) {
        options.set("InstallRecoveryOS", Plist::boolean(true));
        options.set("RecoveryOSBundlePath", "/tmp/Per2.tmp");
        options.set("AuthInstallRecoveryOSVariant", inputs.recovery_identity->variant);
        if (inputs.archive != nullptr) {
            const double size = recovery_mebibytes(*inputs.recovery_identity, *inputs.archive);
            options.set("recoveryOSPartitionSize", Plist::integer(static_cast<std::uint64_t>(size * 1.05 + 25)));
            options.set("recoveryOSMaxPartitionSize", Plist::integer(static_cast<std::uint64_t>(size * 1.25 + 25)));
        }
    }
    options.set("HostHasFixFor99053849", Plist::boolean(true));
    options.set("SystemImageFormat", "AEAWrappedDiskImage");
    options.set("WaitForDeviceConnectionToFinishStateMachine", Plist::boolean(false));
    const auto* sep = inputs.identity->find("SEP");
    if (sep != nullptr)
        if (const auto capacity = sep->entry.at("Info").string_at("RequiredCapacity")) options.set("TZ0RequiredCapacity", *capacity);
    options.set("PersonalizedDuringPreflight", Plist::boolean(true));
    options.set("SupportedAsyncDataTypes", Plist::dict().set("BasebandData", Plist::boolean(false)).set("RecoveryOSASRImage", Plist::boolean(false))
                                               .set("StreamedImageDecryptionKey", Plist::boolean(false)).set("SystemImageData", Plist::boolean(false))
                                               .set("URLAsset", Plist::boolean(true)));
    options.set("RootToInstall", Plist::boolean(false));
    options.set("UUID", upper_uuid());
    options.set("CreateFilesystemPartitions", Plist::boolean(true));
    options.set("SystemImage", Plist::boolean(true));
    if (inputs.build_major >= 8) options.set("RestoreBootArgs", kRestoreBootArguments);
    const auto padding = inputs.identity->plist.at_path({"Info", "SystemPartitionPadding"});
    options.set("SystemPartitionPadding", padding.is_dict() ? padding : default_padding());
    return options;
}

}  // namespace unbrick::recovery::restore
