#include "host/windows_events.h"

#include <algorithm>
#include <array>
#include <utility>

#include "host/windows_path.h"

namespace firebreak::host {

namespace {

constexpr std::string_view kSysmon = "Microsoft-Windows-Sysmon/Operational";
constexpr std::string_view kSecurity = "Security";
constexpr std::string_view kSystem = "System";
constexpr std::string_view kPowerShell = "Microsoft-Windows-PowerShell/Operational";
constexpr std::string_view kOldPowerShell = "Windows PowerShell";

// --- Texts of records ----------------------------------------------------------------------------

std::string_view trimmed(std::string_view text) {
    const size_t begin = text.find_first_not_of(" \t\r\n");
    if (begin == std::string_view::npos) {
        return "";
    }
    return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

// What stands behind the label, up to the end of its line.
std::string_view labelled(std::string_view text, std::string_view label) {
    for (size_t at = text.find(label); at != std::string_view::npos;
         at = text.find(label, at + label.size())) {
        const size_t before = text.find_last_not_of(" \t", at == 0 ? 0 : at - 1);
        if (at == 0 || before == std::string_view::npos || text[before] == '\n') {
            const std::string_view rest = text.substr(at + label.size());
            return trimmed(rest.substr(0, rest.find('\n')));
        }
    }
    return "";
}

// What stands between the two; all that follows the first, if the second is not there.
std::string_view between(std::string_view text, std::string_view from, std::string_view to) {
    const size_t begin = text.find(from);
    if (begin == std::string_view::npos) {
        return "";
    }
    text.remove_prefix(begin + from.size());
    return trimmed(text.substr(0, text.find(to)));
}

// "SHA1=…,MD5=…,SHA256=…": 64 small digits.
std::string sha256_of(std::string_view hashes) {
    constexpr std::string_view kLabel = "SHA256=";
    const size_t at = hashes.find(kLabel);
    if (at == std::string_view::npos) {
        return "";
    }
    const std::string found = case_folded(hashes.substr(at + kLabel.size(), 64));
    const bool is_digest =
        found.size() == 64 && found.find_first_not_of("0123456789abcdef") == std::string::npos;
    return is_digest ? found : "";
}

// The last part of a mandatory label's SID: [MS-DTYP] 2.4.2.4.
std::string_view integrity_of(std::string_view sid) {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kLevels{
        {{"S-1-16-0", "Untrusted"},
         {"S-1-16-4096", "Low"},
         {"S-1-16-8192", "Medium"},
         {"S-1-16-8448", "MediumPlus"},
         {"S-1-16-12288", "High"},
         {"S-1-16-16384", "System"}}};
    const auto found =
        std::ranges::find(kLevels, sid, &std::pair<std::string_view, std::string_view>::first);
    return found == kLevels.end() ? "" : found->second;
}

// As Sysmon and people write it.
std::string registry_key(std::string_view path) {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 2> kKernelRoots{
        {{R"(\registry\machine)", "HKLM"}, {R"(\registry\user)", "HKU"}}};
    for (const auto& [root, name] : kKernelRoots) {
        if (case_folded(path.substr(0, root.size())) == root) {
            return std::string(name) + std::string(path.substr(root.size()));
        }
    }
    return std::string(path);
}

std::string_view protocol_of(std::string_view number) {
    return number == "6" ? "tcp" : number == "17" ? "udp" : number;
}

// --- One record on its way to an event -----------------------------------------------------------

class Converter {
  public:
    Converter(const WindowsRecord& record, int64_t at_ms, WindowsProcesses& processes)
        : record_(record), processes_(processes) {
        out_.event.at_ms = at_ms;
    }
    Conversion take() && { return std::move(out_); }

    std::string_view text(std::string_view name) const { return record_.text(name); }
    std::optional<uint64_t> number(std::string_view name) const { return record_.number(name); }
    std::string_view last_text(std::string_view name) const { return record_.last_text(name); }
    bool says(std::string_view name, std::string_view value) const {
        return record_.text(name) == value;
    }

    // Begins an event; the rest is about it.
    Converter& event(EventKind kind) {
        out_.event.kind = kind;
        out_.is_event = true;
        return *this;
    }
    Converter& none(std::string_view why) {
        out_.why = why;
        return *this;
    }

    // Text that the record holds, or that lives forever. An empty one says nothing.
    Converter& set(std::string_view field, std::string_view value) {
        if (!value.empty()) {
            out_.event.set(field, EventValue::of(value));
        }
        return *this;
    }
    Converter& set_copy(std::string_view field, std::string value) {
        return set(field, out_.texts.emplace_back(std::move(value)));
    }
    Converter& set_flag(std::string_view field, bool value) {
        out_.event.set(field, EventValue::of(value ? 1 : 0));
        return *this;
    }
    Converter& set_number(std::string_view field, std::optional<uint64_t> value) {
        if (value) {
            out_.event.set(field, EventValue::of(*value));
        }
        return *this;
    }

    // From the record's field of that name.
    Converter& copy(std::string_view field, std::string_view from) {
        return set(field, text(from));
    }
    Converter& copy_number(std::string_view field, std::string_view from) {
        return set_number(field, record_.number(from));
    }
    Converter& copy_flag(std::string_view field, std::string_view from) {
        const std::string_view value = text(from);
        return value.empty() ? *this : set_flag(field, value == "true");
    }
    Converter& copy_sha256() { return set_copy("sha256", sha256_of(text("Hashes"))); }
    Converter& copy_key(std::string_view from) { return set_copy("key", registry_key(text(from))); }
    // DOMAIN\name, of two of the record's fields.
    Converter& copy_user(std::string_view field, std::string_view domain, std::string_view name) {
        if (text(name).empty()) {
            return *this;
        }
        std::string user(text(domain));
        user += user.empty() ? "" : "\\";
        return set_copy(field, user + std::string(text(name)));
    }

    uint32_t process(std::string_view guid, std::string_view pid, bool starts = false) {
        return processes_.number_of(record_.machine(), {.guid = guid.empty() ? "" : text(guid),
                                                        .pid = record_.number(pid).value_or(0),
                                                        .at_ms = out_.event.at_ms,
                                                        .starts = starts});
    }
    Converter& by(uint32_t process) {
        out_.event.process = process;
        return *this;
    }
    // The process that a Sysmon record is about.
    Converter& by_sysmon() {
        return by(process("ProcessGuid", "ProcessId")).copy("image", "Image").copy("user", "User");
    }
    // The process that a Security record is about, and whose account it runs under.
    Converter& by_security() {
        return by(process("", "ProcessId")).copy("image", "ProcessName").by_subject();
    }
    Converter& by_subject() { return copy_user("user", "SubjectDomainName", "SubjectUserName"); }

  private:
    const WindowsRecord& record_;
    WindowsProcesses& processes_;
    Conversion out_;
};

// --- Sysmon --------------------------------------------------------------------------------------

void sysmon_process_start(Converter& to) {
    const uint32_t parent = to.process("ParentProcessGuid", "ParentProcessId");
    to.event(EventKind::kProcessStart).by(to.process("ProcessGuid", "ProcessId", true));
    to.copy("image", "Image").copy("user", "User").copy("command_line", "CommandLine");
    to.copy("current_directory", "CurrentDirectory").copy("integrity", "IntegrityLevel");
    to.copy_number("pid", "ProcessId").copy_number("logon_session", "LogonId");
    to.set_number("parent", parent == 0 ? std::nullopt : std::optional<uint64_t>(parent));
    to.copy("parent_image", "ParentImage").copy("parent_command_line", "ParentCommandLine");
    to.copy_sha256().copy("original_name", "OriginalFileName").copy("company", "Company");
}

void sysmon_process_end(Converter& to) {
    to.event(EventKind::kProcessEnd).by_sysmon().copy_number("pid", "ProcessId");
}

void sysmon_connection(Converter& to) {
    const bool outbound = !to.says("Initiated", "false");
    const std::string_view local = outbound ? "Source" : "Destination";
    const std::string_view remote = outbound ? "Destination" : "Source";
    const auto name = [](std::string_view end, std::string_view what) {
        return std::string(end) + std::string(what);
    };
    to.event(EventKind::kNetworkConnect).by_sysmon().copy("protocol", "Protocol");
    to.set_flag("outbound", outbound);
    to.copy("local_address", name(local, "Ip")).copy_number("local_port", name(local, "Port"));
    to.copy("remote_address", name(remote, "Ip")).copy_number("remote_port", name(remote, "Port"));
    to.copy("remote_host", name(remote, "Hostname"));
}

void copy_module(Converter& to) {
    to.copy("path", "ImageLoaded").copy_sha256().copy_flag("signed", "Signed");
    to.copy("signer", "Signature").copy("signature", "SignatureStatus");
}

void sysmon_driver(Converter& to) {
    copy_module(to.event(EventKind::kDriverLoad));
}

void sysmon_image(Converter& to) {
    copy_module(to.event(EventKind::kImageLoad).by_sysmon());
    to.copy("original_name", "OriginalFileName").copy("company", "Company");
}

// Of records about two processes.
void copy_both_processes(Converter& to) {
    to.by(to.process("SourceProcessGuid", "SourceProcessId")).copy("image", "SourceImage");
    to.copy("user", "SourceUser").copy("target_image", "TargetImage");
    to.set_number("target", to.process("TargetProcessGuid", "TargetProcessId"));
}

void sysmon_remote_thread(Converter& to) {
    copy_both_processes(to.event(EventKind::kRemoteThread));
    to.copy_number("start_address", "StartAddress").copy("start_module", "StartModule");
    to.copy("start_function", "StartFunction");
}

void sysmon_process_access(Converter& to) {
    copy_both_processes(to.event(EventKind::kProcessAccess));
    to.copy_number("granted_access", "GrantedAccess").copy("call_trace", "CallTrace");
}

void sysmon_file_create(Converter& to) {
    to.event(EventKind::kFileCreate).by_sysmon().copy("path", "TargetFilename");
}

void sysmon_file_delete(Converter& to) {
    to.event(EventKind::kFileDelete).by_sysmon().copy("path", "TargetFilename");
    to.copy_sha256().copy_flag("executable", "IsExecutable");
}

// Sysmon writes a value as if it were a key's last part. A name may hold a backslash: then its
// beginning counts as part of the key.
void copy_registry_value(Converter& to) {
    const std::string_view path = to.text("TargetObject");
    const size_t end = path.rfind('\\');
    if (end == std::string_view::npos) {
        to.copy_key("TargetObject");
        return;
    }
    to.set_copy("key", registry_key(path.substr(0, end))).set("value_name", path.substr(end + 1));
}

void sysmon_registry_object(Converter& to) {
    if (to.says("EventType", "CreateKey")) {
        to.event(EventKind::kRegistrySet).by_sysmon().copy_key("TargetObject");
        to.set("action", "create_key");
    } else if (to.says("EventType", "DeleteKey")) {
        to.event(EventKind::kRegistryDelete).by_sysmon().copy_key("TargetObject");
    } else if (to.says("EventType", "DeleteValue")) {
        copy_registry_value(to.event(EventKind::kRegistryDelete).by_sysmon());
    } else {
        // One collector's own field of this name takes the place of Sysmon's.
        to.none("that does not say whether something was created or deleted");
    }
}

void sysmon_registry_value(Converter& to) {
    copy_registry_value(to.event(EventKind::kRegistrySet).by_sysmon());
    to.copy("data", "Details").set("action", "set_value");
}

void sysmon_registry_rename(Converter& to) {
    to.event(EventKind::kRegistrySet).by_sysmon().copy("new_name", "NewName");
    if (to.says("EventType", "RenameValue")) {
        copy_registry_value(to);
        to.set("action", "rename_value");
    } else {
        to.copy_key("TargetObject").set("action", "rename_key");
    }
}

void sysmon_pipe_create(Converter& to) {
    to.event(EventKind::kPipe).by_sysmon().copy("name", "PipeName").set("action", "create");
}

void sysmon_pipe_connect(Converter& to) {
    to.event(EventKind::kPipe).by_sysmon().copy("name", "PipeName").set("action", "connect");
}

void sysmon_dns(Converter& to) {
    to.event(EventKind::kDnsQuery).by_sysmon().copy("query", "QueryName");
    to.copy_number("status", "QueryStatus").copy("results", "QueryResults");
}

// --- Security ------------------------------------------------------------------------------------

void security_process_start(Converter& to) {
    const uint32_t parent = to.process("", "ProcessId");
    to.event(EventKind::kProcessStart).by(to.process("", "NewProcessId", true));
    to.copy("image", "NewProcessName").copy("command_line", "CommandLine");
    to.set("integrity", integrity_of(to.text("MandatoryLabel")));
    const bool as_another = !to.text("TargetUserName").empty();
    if (as_another) {
        to.copy_user("user", "TargetDomainName", "TargetUserName");
    } else {
        to.by_subject();
    }
    to.copy_number("pid", "NewProcessId");
    to.copy_number("logon_session", as_another ? "TargetLogonId" : "SubjectLogonId");
    to.set_number("parent", parent == 0 ? std::nullopt : std::optional<uint64_t>(parent));
    to.copy("parent_image", "ParentProcessName");
}

void security_process_end(Converter& to) {
    to.event(EventKind::kProcessEnd).by_security().copy_number("pid", "ProcessId");
    to.copy_number("exit_code", "Status");
}

void copy_logon(Converter& to) {
    to.event(EventKind::kLogon).by(to.process("", "ProcessId")).copy("image", "ProcessName");
    to.copy_user("user", "TargetDomainName", "TargetUserName");
    to.copy_user("subject_user", "SubjectDomainName", "SubjectUserName");
    to.copy("source_address", "IpAddress").copy_number("source_port", "IpPort");
}

void copy_logon_session(Converter& to) {
    to.copy_number("logon_type", "LogonType").copy("workstation", "WorkstationName");
    to.copy("authentication", "AuthenticationPackageName");
    to.copy_number("logon_session", "TargetLogonId");
}

void security_logon(Converter& to) {
    copy_logon(to);
    copy_logon_session(to);
    to.set("action", "logon");
    if (const std::string_view elevated = to.text("ElevatedToken"); !elevated.empty()) {
        to.set_flag("elevated", elevated == "%%1842" || elevated == "Yes");
    }
}

void security_failed_logon(Converter& to) {
    copy_logon(to);
    copy_logon_session(to);
    to.set("action", "failure").copy_number("status", "Status");
}

void security_explicit_logon(Converter& to) {
    copy_logon(to);
    to.set("action", "explicit").copy("target_server", "TargetServerName");
}

void security_registry_value(Converter& to) {
    const bool deleted = to.says("OperationType", "%%1906");
    to.event(deleted ? EventKind::kRegistryDelete : EventKind::kRegistrySet).by_security();
    to.copy_key("ObjectName").copy("value_name", "ObjectValueName");
    if (!deleted) {
        to.copy("data", "NewValue").set("action", "set_value");
    }
}

// [MS-DTYP] 2.4.3; file access masks: FILE_WRITE_DATA.
constexpr uint64_t kDelete = 0x10000;
constexpr uint64_t kWriteData = 0x2;

void security_object_access(Converter& to) {
    const uint64_t mask = to.number("AccessMask").value_or(0);
    if (to.says("ObjectType", "Process")) {
        to.event(EventKind::kProcessAccess).by_security().copy("target_image", "ObjectName");
        to.set_number("granted_access", mask);
    } else if (to.says("ObjectType", "File") && (mask & kDelete) != 0) {
        to.event(EventKind::kFileDelete).by_security().copy("path", "ObjectName");
    } else if (to.says("ObjectType", "File") && (mask & kWriteData) != 0) {
        to.event(EventKind::kFileCreate).by_security().copy("path", "ObjectName");
    } else if (to.says("ObjectType", "Key") && (mask & kDelete) != 0) {
        to.event(EventKind::kRegistryDelete).by_security().copy_key("ObjectName");
    } else {
        to.none("whose access is none of a kind");
    }
}

void security_connection(Converter& to) {
    to.event(EventKind::kNetworkConnect).by(to.process("", "ProcessId"));
    to.copy("image", "Application").set("protocol", protocol_of(to.text("Protocol")));
    to.set_flag("outbound", !to.says("Direction", "%%14592"));
    to.copy("local_address", "SourceAddress").copy_number("local_port", "SourcePort");
    to.copy("remote_address", "DestAddress").copy_number("remote_port", "DestPort");
}

void security_share(Converter& to) {
    if (!to.text("ShareName").ends_with("\\IPC$") || to.text("RelativeTargetName").empty()) {
        to.none("of a share that is not IPC$");
        return;
    }
    to.event(EventKind::kPipe).by_subject().set("action", "connect");
    to.set_copy("name", "\\" + std::string(to.text("RelativeTargetName")));
    to.copy("source_address", "IpAddress").copy_number("source_port", "IpPort");
}

void security_service(Converter& to) {
    to.event(EventKind::kServiceInstall).by_subject().copy("name", "ServiceName");
    to.copy("path", "ServiceFileName").copy("service_type", "ServiceType");
    to.copy("start_type", "ServiceStartType").copy("account", "ServiceAccount");
}

void security_log_cleared(Converter& to) {
    to.event(EventKind::kLogCleared).by_subject().set("log", kSecurity);
}

// --- System --------------------------------------------------------------------------------------

void system_service(Converter& to) {
    to.event(EventKind::kServiceInstall).copy("name", "ServiceName").copy("path", "ImagePath");
    to.copy("service_type", "ServiceType").copy("start_type", "StartType");
    to.copy("account", "AccountName");
}

void system_log_cleared(Converter& to) {
    to.event(EventKind::kLogCleared).by_subject();
    // Of the two channels in such a record, the first is where it stands.
    const std::string_view cleared = to.last_text("Channel");
    const std::string_view message = to.text("Message");
    to.set("log", cleared == to.text("Channel") ? between(message, "The ", " log file") : cleared);
}

// --- PowerShell ----------------------------------------------------------------------------------

void powershell_block(Converter& to) {
    to.event(EventKind::kScript).by(to.process("", "ExecutionProcessID"));
    to.set("source", "script_block").copy("text", "ScriptBlockText").copy("path", "Path");
    to.copy_user("user", "Domain", "AccountName").copy("block", "ScriptBlockId");
    to.copy_number("part", "MessageNumber").copy_number("parts", "MessageTotal");
}

void powershell_command(Converter& to) {
    const std::string_view context = to.text("ContextInfo");
    to.event(EventKind::kScript).by(to.process("", "ExecutionProcessID"));
    to.set("source", "command").copy("text", "Payload");
    to.set("host_application", labelled(context, "Host Application ="));
    to.set("user", labelled(context, "User =")).set("path", labelled(context, "Script Name ="));
}

std::string_view first_of(std::string_view a, std::string_view b, std::string_view c) {
    return !a.empty() ? a : !b.empty() ? b : c;
}

// In no text: JSON is UTF-8.
constexpr std::string_view kNowhere = "\xff";

// Its three parameters have no names; collectors make some up, or leave them in the message.
void powershell_pipeline(Converter& to) {
    const std::string_view message = to.text("Message");
    const std::string_view context = first_of(to.text("param2"), message, to.text("Data"));
    to.event(EventKind::kScript).set("source", "pipeline");
    to.set("text", first_of(to.text("param1"),
                            between(message, "for command line:", ". \r\n\r\nContext Information"),
                            to.text("Data")));
    to.set("details", first_of(to.text("param3"), between(message, "\nDetails:", kNowhere), ""));
    to.set("host_application", labelled(context, "HostApplication="));
    to.set("user", labelled(context, "UserId=")).set("path", labelled(context, "ScriptName="));
}

// --- Which is which ------------------------------------------------------------------------------

struct Known {
    std::string_view channel;
    uint64_t id = 0;
    void (*convert)(Converter&) = nullptr;
};

constexpr Known kKnown[] = {
    {kSysmon, 1, sysmon_process_start},
    {kSysmon, 3, sysmon_connection},
    {kSysmon, 5, sysmon_process_end},
    {kSysmon, 6, sysmon_driver},
    {kSysmon, 7, sysmon_image},
    {kSysmon, 8, sysmon_remote_thread},
    {kSysmon, 10, sysmon_process_access},
    {kSysmon, 11, sysmon_file_create},
    {kSysmon, 12, sysmon_registry_object},
    {kSysmon, 13, sysmon_registry_value},
    {kSysmon, 14, sysmon_registry_rename},
    {kSysmon, 17, sysmon_pipe_create},
    {kSysmon, 18, sysmon_pipe_connect},
    {kSysmon, 22, sysmon_dns},
    {kSysmon, 23, sysmon_file_delete},
    {kSysmon, 26, sysmon_file_delete},
    {kSecurity, 1102, security_log_cleared},
    {kSecurity, 4624, security_logon},
    {kSecurity, 4625, security_failed_logon},
    {kSecurity, 4648, security_explicit_logon},
    {kSecurity, 4657, security_registry_value},
    {kSecurity, 4663, security_object_access},
    {kSecurity, 4688, security_process_start},
    {kSecurity, 4689, security_process_end},
    {kSecurity, 4697, security_service},
    {kSecurity, 5145, security_share},
    {kSecurity, 5156, security_connection},
    {kSystem, 104, system_log_cleared},
    {kSystem, 7045, system_service},
    {kPowerShell, 4103, powershell_command},
    {kPowerShell, 4104, powershell_block},
    {kOldPowerShell, 800, powershell_pipeline},
};

}  // namespace

Conversion convert(const WindowsRecord& record, int64_t at_ms, WindowsProcesses& processes) {
    Converter to(record, at_ms, processes);
    const std::string_view channel = channel_name(record.channel());
    for (const Known& known : kKnown) {
        if (known.channel == channel && known.id == record.id()) {
            known.convert(to);
        }
    }
    return std::move(to).take();
}

std::string_view channel_name(std::string_view channel) {
    for (const std::string_view known :
         {kSysmon, kSecurity, kSystem, kPowerShell, kOldPowerShell}) {
        if (case_folded(known) == case_folded(channel)) {
            return known;
        }
    }
    return channel;
}

}  // namespace firebreak::host
