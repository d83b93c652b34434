#include "src/firmware/component_names.h"

#include <algorithm>
#include <iterator>

namespace unbrick::firmware {

namespace {

struct Name { std::string_view component, fourcc; };

// Sorted by component.
constexpr Name kNames[] = {
    {"ACIBT", "acib"}, {"ACIBTLPEM", "lpbt"}, {"ACIWIFI", "aciw"}, {"ANE", "anef"}, {"ANS", "ansf"},
    {"AOP", "aopf"}, {"AVE", "avef"}, {"Alamo", "almo"}, {"Ap,ANE1", "ane1"}, {"Ap,ANE2", "ane2"},
    {"Ap,ANE3", "ane3"}, {"Ap,AudioAccessibilityBootChime", "auac"}, {"Ap,AudioBootChime", "aubt"},
    {"Ap,AudioPowerAttachChime", "aupr"}, {"Ap,BootabilityBrainTrustCache", "trbb"}, {"Ap,CIO", "ciof"},
    {"Ap,DCP2", "dcp2"}, {"Ap,HapticAssets", "hpas"}, {"Ap,LocalBoot", "lobo"}, {"Ap,LocalPolicy", "lpol"},
    {"Ap,NextStageIM4MHash", "nsih"}, {"Ap,RecoveryOSPolicyNonceHash", "ronh"}, {"Ap,RestoreANE1", "ran1"},
    {"Ap,RestoreANE2", "ran2"}, {"Ap,RestoreANE3", "ran3"}, {"Ap,RestoreCIO", "rcio"}, {"Ap,RestoreDCP2", "rdc2"},
    {"Ap,RestoreSecureM3Firmware", "rsm3"}, {"Ap,RestoreSecurePageTableMonitor", "rspt"}, {"Ap,RestoreTMU", "rtmu"},
    {"Ap,RestoreTrustedExecutionMonitor", "rtrx"}, {"Ap,RestorecL4", "rxcl"}, {"Ap,Scorpius", "scpf"},
    {"Ap,SystemVolumeCanonicalMetadata", "msys"}, {"Ap,TMU", "tmuf"}, {"Ap,VolumeUUID", "vuid"},
    {"Ap,rOSLogo1", "rlg1"}, {"Ap,rOSLogo2", "rlg2"}, {"AppleLogo", "logo"}, {"AudioCodecFirmware", "acfw"},
    {"BatteryCharging", "glyC"}, {"BatteryCharging0", "chg0"}, {"BatteryCharging1", "chg1"},
    {"BatteryFull", "batF"}, {"BatteryLow0", "bat0"}, {"BatteryLow1", "bat1"}, {"BatteryPlugin", "glyP"},
    {"CFELoader", "cfel"}, {"CrownFirmware", "crwn"}, {"DCP", "dcpf"}, {"Dali", "dali"}, {"DeviceTree", "dtre"},
    {"Diags", "diag"}, {"EngineeringTrustCache", "dtrs"}, {"ExtDCP", "edcp"}, {"GFX", "gfxf"}, {"Hamm", "hamf"},
    {"Homer", "homr"}, {"ISP", "ispf"}, {"InputDevice", "ipdf"}, {"KernelCache", "krnl"}, {"LLB", "illb"},
    {"LeapHaptics", "lphp"}, {"Liquid", "liqd"}, {"LoadableTrustCache", "ltrs"}, {"LowPowerWallet0", "lpw0"},
    {"LowPowerWallet1", "lpw1"}, {"LowPowerWallet2", "lpw2"}, {"MacEFI", "mefi"}, {"MtpFirmware", "mtpf"},
    {"Multitouch", "mtfw"}, {"NeedService", "nsrv"}, {"OS", std::string_view("OS\0\0", 4)}, {"OSRamdisk", "osrd"},
    {"PEHammer", "hmmr"}, {"PERTOS", "pert"}, {"PHLEET", "phlt"}, {"PMP", "pmpf"}, {"PersonalizedDMG", "pdmg"},
    {"RBM", "rmbt"}, {"RTP", "rtpf"}, {"Rap,RTKitOS", "rkos"}, {"Rap,RestoreRTKitOS", "rrko"},
    {"Rap,SoftwareBinaryDsp1", "sbd1"}, {"RecoveryMode", "recm"}, {"RestoreANS", "rans"}, {"RestoreDCP", "rdcp"},
    {"RestoreDeviceTree", "rdtr"}, {"RestoreExtDCP", "recp"}, {"RestoreKernelCache", "rkrn"},
    {"RestoreLogo", "rlgo"}, {"RestoreRTP", "rrtp"}, {"RestoreRamDisk", "rdsk"}, {"RestoreSEP", "rsep"},
    {"RestoreTrustCache", "rtsc"}, {"SCE", "scef"}, {"SCE1Firmware", "sc1f"}, {"SEP", "sepi"}, {"SIO", "siof"},
    {"StaticTrustCache", "trst"}, {"SystemLocker", "lckr"}, {"SystemVolume", "isys"},
    {"WCHFirmwareUpdater", "wchf"}, {"ftap", "ftap"}, {"ftsp", "ftsp"}, {"iBEC", "ibec"}, {"iBSS", "ibss"},
    {"iBoot", "ibot"}, {"iBootData", "ibdt"}, {"iBootDataStage1", "ibd1"}, {"iBootTest", "itst"}, {"rfta", "rfta"},
    {"rfts", "rfts"},
};

constexpr std::string_view kRetagged[] = {
    "RestoreKernelCache", "RestoreDeviceTree", "RestoreSEP", "RestoreLogo", "RestoreTrustCache", "RestoreDCP",
    "Ap,RestoreDCP2", "Ap,RestoreTMU", "Ap,RestoreCIO", "Ap,DCP2", "Ap,RestoreSecureM3Firmware",
    "Ap,RestoreSecurePageTableMonitor", "Ap,RestoreTrustedExecutionMonitor", "Ap,RestorecL4",
};

}  // namespace

std::string_view fourcc_of_component(std::string_view name) {
    const auto* found = std::lower_bound(std::begin(kNames), std::end(kNames), name,
                                         [](const Name& entry, std::string_view wanted) { return entry.component < wanted; });
    return found != std::end(kNames) && found->component == name ? found->fourcc : std::string_view();
}

bool is_retagged(std::string_view name) { return std::find(std::begin(kRetagged), std::end(kRetagged), name) != std::end(kRetagged); }

}  // namespace unbrick::firmware
