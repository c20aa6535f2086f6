#include <algorithm>

#include "host/event.h"

namespace firebreak::host {

namespace {

constexpr FieldType kText = FieldType::kText;
constexpr FieldType kNumber = FieldType::kNumber;
constexpr FieldType kFlag = FieldType::kFlag;

// Fields that mean the same wherever they stand.
constexpr EventFieldInfo kImage{"image", kText, "path of the acting process's program"};
constexpr EventFieldInfo kUser{"user", kText, "account of the acting process: DOMAIN\\name"};
constexpr EventFieldInfo kSha256{"sha256", kText, "SHA-256 of the file: 64 small hex digits"};
constexpr EventFieldInfo kSigned{"signed", kFlag, "whether the file bears a signature"};
constexpr EventFieldInfo kSigner{"signer", kText, "who signed the file"};
constexpr EventFieldInfo kSignature{"signature", kText,
                                    "what became of checking the signature: Valid, Expired, …"};
constexpr EventFieldInfo kOriginalName{"original_name", kText,
                                       "file name that the program's version resource gives"};
constexpr EventFieldInfo kCompany{"company", kText,
                                  "company that the program's version resource gives"};
constexpr EventFieldInfo kTarget{"target", kNumber,
                                 "the other process: a number as that of the acting process"};
constexpr EventFieldInfo kTargetImage{"target_image", kText, "path of the other process's program"};
constexpr EventFieldInfo kSourceAddress{"source_address", kText,
                                        "address that the request came from, if from afar"};
constexpr EventFieldInfo kSourcePort{"source_port", kNumber,
                                     "port that the request came from, if from afar"};

constexpr EventFieldInfo kProcessStart[] = {
    {"image", kText, "path of the program that starts"},
    {"command_line", kText, "its command line"},
    {"current_directory", kText, "its current folder"},
    {"user", kText, "account that it runs under: DOMAIN\\name"},
    {"integrity", kText, "its integrity level: Low, Medium, High, System, …"},
    {"pid", kNumber, "its process id, which Windows may use again"},
    {"parent", kNumber, "the process that started it: a number as that of the acting process"},
    {"parent_image", kText, "path of the parent's program"},
    {"parent_command_line", kText, "the parent's command line"},
    {"logon_session", kNumber, "logon session that it runs in"},
    kSha256,
    kOriginalName,
    kCompany,
    kSigned,
    kSigner,
};
constexpr EventFieldInfo kProcessEnd[] = {
    kImage,
    kUser,
    {"pid", kNumber, "its process id, which Windows may use again"},
    {"exit_code", kNumber, "what it ended with"},
};
constexpr EventFieldInfo kProcessAccess[] = {
    kImage,
    kUser,
    kTarget,
    kTargetImage,
    {"granted_access", kNumber, "access mask: 0x10 reads memory, 0x20 writes it, …"},
    {"call_trace", kText, "modules and offsets of the calling stack, innermost first, with |"},
};
constexpr EventFieldInfo kRemoteThread[] = {
    kImage,
    kUser,
    kTarget,
    kTargetImage,
    {"start_address", kNumber, "where the thread begins"},
    {"start_module", kText, "module that this address lies in"},
    {"start_function", kText, "function that begins there"},
};
constexpr EventFieldInfo kFileCreate[] = {
    kImage,
    kUser,
    {"path", kText, "file that was created or written over"},
    kSha256,
};
constexpr EventFieldInfo kFileDelete[] = {
    kImage,
    kUser,
    {"path", kText, "file that was deleted"},
    kSha256,
    {"executable", kFlag, "whether it was a program"},
};
constexpr EventFieldInfo kFileRename[] = {
    kImage,
    kUser,
    {"path", kText, "the file's path before"},
    {"new_path", kText, "the file's path after"},
};
constexpr EventFieldInfo kRegistrySet[] = {
    kImage,
    kUser,
    {"key", kText, "key: HKLM\\SOFTWARE\\…"},
    {"value_name", kText, "value that was set; absent if the key itself was created"},
    {"data", kText, "what the value holds now"},
    {"action", kText, "set_value, create_key, rename_key, rename_value"},
    {"new_name", kText, "name after renaming"},
};
constexpr EventFieldInfo kRegistryDelete[] = {
    kImage,
    kUser,
    {"key", kText, "key: HKLM\\SOFTWARE\\…"},
    {"value_name", kText, "value that was deleted; absent if the key itself was"},
};
constexpr EventFieldInfo kNetworkConnect[] = {
    kImage,
    kUser,
    {"protocol", kText, "tcp, udp, or a protocol number"},
    {"outbound", kFlag, "whether this machine began it"},
    {"local_address", kText, "address of this machine"},
    {"local_port", kNumber, "port of this machine"},
    {"remote_address", kText, "address of the other end"},
    {"remote_port", kNumber, "port of the other end"},
    {"remote_host", kText, "name of the other end"},
};
constexpr EventFieldInfo kImageLoad[] = {
    kImage,     kUser,         {"path", kText, "module that was loaded"},
    kSha256,    kSigned,       kSigner,
    kSignature, kOriginalName, kCompany,
};
constexpr EventFieldInfo kDriverLoad[] = {
    {"path", kText, "driver that was loaded"}, kSha256, kSigned, kSigner, kSignature,
};
constexpr EventFieldInfo kDnsQuery[] = {
    kImage,
    kUser,
    {"query", kText, "name that was looked up"},
    {"status", kNumber, "0, or the error's number"},
    {"results", kText, "what came back, with ; after each"},
};
constexpr EventFieldInfo kScript[] = {
    {"source", kText, "script_block, command (one cmdlet with its parameters) or pipeline"},
    {"text", kText, "what runs"},
    {"path", kText, "script file that it comes from"},
    {"host_application", kText, "command line of the program that runs it"},
    kUser,
    {"details", kText, "parameters as they were bound, and what went wrong"},
    {"block", kText, "id of the script block"},
    {"part", kNumber, "which part of a long script block this is, from 1"},
    {"parts", kNumber, "how many parts it has"},
};
constexpr EventFieldInfo kLogon[] = {
    {"action", kText, "logon, failure, or explicit: other credentials than the process's own"},
    {"user", kText, "account that logs on: DOMAIN\\name"},
    {"logon_type", kNumber, "2 interactive, 3 network, 5 service, 10 remote desktop, …"},
    {"logon_session", kNumber, "session that begins"},
    {"subject_user", kText, "account that asked for it: DOMAIN\\name"},
    {"image", kText, "program that asked for it"},
    kSourceAddress,
    kSourcePort,
    {"workstation", kText, "name of the machine that it came from"},
    {"authentication", kText, "package: Kerberos, NTLM, Negotiate, …"},
    {"elevated", kFlag, "whether the session has an administrator's rights"},
    {"target_server", kText, "machine that explicit credentials are for"},
    {"status", kNumber, "why it failed"},
};
constexpr EventFieldInfo kPipe[] = {
    kImage,
    kUser,
    {"name", kText, "pipe: \\lsass"},
    {"action", kText, "create or connect"},
    kSourceAddress,
    kSourcePort,
};
constexpr EventFieldInfo kServiceInstall[] = {
    {"name", kText, "the service's name"},
    {"path", kText, "its program, with arguments"},
    {"service_type", kText, "its type, as the record has it"},
    {"start_type", kText, "when it starts, as the record has it"},
    {"account", kText, "account that it runs under"},
    {"user", kText, "account that installed it: DOMAIN\\name"},
};
constexpr EventFieldInfo kLogCleared[] = {
    {"log", kText, "log that was cleared: Security"},
    {"user", kText, "account that cleared it: DOMAIN\\name"},
};

constexpr std::array<EventKindInfo, kEventKinds> kKinds{{
    {EventKind::kProcessStart, "process_start", "a process starts", kProcessStart},
    {EventKind::kProcessEnd, "process_end", "a process ends", kProcessEnd},
    {EventKind::kProcessAccess, "process_access", "a process opens another one", kProcessAccess},
    {EventKind::kRemoteThread, "remote_thread", "a process starts a thread in another one",
     kRemoteThread},
    {EventKind::kFileCreate, "file_create", "a file is created or written over", kFileCreate},
    {EventKind::kFileDelete, "file_delete", "a file is deleted", kFileDelete},
    {EventKind::kFileRename, "file_rename", "a file is renamed or moved", kFileRename},
    {EventKind::kRegistrySet, "registry_set",
     "a registry value is set, or a key is created or renamed", kRegistrySet},
    {EventKind::kRegistryDelete, "registry_delete", "a registry key or value is deleted",
     kRegistryDelete},
    {EventKind::kNetworkConnect, "network_connect", "a connection is made, in or out",
     kNetworkConnect},
    {EventKind::kImageLoad, "image_load", "a process loads a module", kImageLoad},
    {EventKind::kDriverLoad, "driver_load", "a driver is loaded", kDriverLoad},
    {EventKind::kDnsQuery, "dns_query", "a process looks up a name", kDnsQuery},
    {EventKind::kScript, "script", "a script's text is about to run", kScript},
    {EventKind::kLogon, "logon", "an account logs on, or fails to", kLogon},
    {EventKind::kPipe, "pipe", "a named pipe is created or connected to", kPipe},
    {EventKind::kServiceInstall, "service_install", "a service is installed", kServiceInstall},
    {EventKind::kLogCleared, "log_cleared", "an event log is cleared", kLogCleared},
}};

constexpr bool in_order() {
    for (size_t i = 0; i < kKinds.size(); ++i) {
        if (static_cast<size_t>(kKinds[i].kind) != i || kKinds[i].fields.empty() ||
            kKinds[i].fields.size() > kMostEventFields) {
            return false;
        }
    }
    return true;
}
static_assert(in_order());

}  // namespace

std::string_view name_of(FieldType type) {
    switch (type) {
        case FieldType::kText:
            return "text";
        case FieldType::kNumber:
            return "number";
        case FieldType::kFlag:
            return "flag";
    }
    return "";
}

std::span<const EventKindInfo, kEventKinds> event_kinds() {
    return kKinds;
}

const EventKindInfo& info_of(EventKind kind) {
    return kKinds[static_cast<size_t>(kind)];
}

std::optional<EventKind> find_event_kind(std::string_view name) {
    const auto found = std::ranges::find(kKinds, name, &EventKindInfo::name);
    return found == kKinds.end() ? std::nullopt : std::optional(found->kind);
}

std::optional<size_t> find_event_field(EventKind kind, std::string_view name) {
    const std::span<const EventFieldInfo> fields = info_of(kind).fields;
    const auto found = std::ranges::find(fields, name, &EventFieldInfo::name);
    return found == fields.end() ? std::nullopt
                                 : std::optional(static_cast<size_t>(found - fields.begin()));
}

}  // namespace firebreak::host
