// What the phone may ask for: one function for each DataType of restore-protocol.md 6.5, in groups.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "recovery/restore/session.h"

namespace unbrick::recovery::restore {

using Handler = std::function<base::Status(Session&, const DataRequest&, const std::stop_token&)>;
using HandlerMap = std::map<std::string, Handler, std::less<>>;

// Null: no handler.
const Handler* find_handler(std::string_view type);
// Served on a thread of its own: a system image goes over the wire.
bool is_image_request(std::string_view type);

void add_image_handlers(HandlerMap& to);         // SystemImageData, RecoveryOSASRImage, RecoveryOSImage
void add_boot_object_handlers(HandlerMap& to);   // PersonalizedBootObjectV3, SourceBootObjectV4, KernelCache, DeviceTree ...
void add_ticket_handlers(HandlerMap& to);        // RootTicket, BuildIdentityDict, ReceiptManifest, FDRTrustData ...
void add_nor_handlers(HandlerMap& to);           // NORData
void add_list_handlers(HandlerMap& to);          // FUDData, PersonalizedData, EANData
void add_baseband_handlers(HandlerMap& to);      // BasebandData, BasebandUpdaterOutputData
void add_updater_handlers(HandlerMap& to);       // FirmwareUpdaterData, FirmwareUpdaterPreflight
void add_url_handlers(HandlerMap& to);           // URLAsset, StreamedImageDecryptionKey
void add_recovery_os_handlers(HandlerMap& to);   // RecoveryOS...
void add_bundle_handlers(HandlerMap& to);        // BootabilityBundle

// A string of the request's arguments. Errors: Protocol when it is missing or absurdly long.
base::Result<std::string> argument(const DataRequest& request, std::string_view key);
// Sends {FileData: ...} pieces and {FileDataDone: true}. `before_second` runs after the first piece was sent.
base::Status send_chunks(Session& session, Channel& channel, firmware::MemberReader& reader, const std::stop_token& stop,
                         const std::function<base::Status()>& before_second = {});
// Answers an HTTP request of the phone (URLAsset and its kin) on `channel`.
base::Status answer_url(Session& session, Channel& channel, const base::Plist& arguments, bool binary, const std::stop_token& stop);

}  // namespace unbrick::recovery::restore
