#include "host/event_import.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "host/windows_record.h"
#include "support/result_matchers.h"

namespace firebreak::host {
namespace {

Imported import(const std::string& lines, const ImportLimits& limits = {}) {
    auto imported = import_windows_events(lines, limits);
    EXPECT_TRUE(imported.ok());
    return imported.ok() ? *std::move(imported) : Imported();
}

// "kind #process field=value …", with what is there.
std::string text_of(const Event& event) {
    const EventKindInfo& kind = info_of(event.kind);
    std::string out = fmt::format("{} #{}", kind.name, event.process);
    for (size_t i = 0; i < kind.fields.size(); ++i) {
        const EventValue value = event.values[i];
        if (!value.is_absent()) {
            out += fmt::format(
                " {}={}", kind.fields[i].name,
                value.is_text() ? std::string(value.text()) : std::to_string(value.number()));
        }
    }
    return out;
}

// The record as the only one of a log; `fields` are JSON, without braces.
std::string of_record(const std::string& channel, int id, const std::string& fields) {
    const Imported imported = import(
        fmt::format(R"({{"Channel":"{}","EventID":{},"TimeCreated":"2020-10-23 02:36:40.671",)"
                    R"("Hostname":"PC1",{}}})",
                    channel, id, fields));
    if (imported.bad > 0) {
        return "bad: " + imported.problems[0].why;
    }
    return imported.events.events().empty() ? "unknown: " + imported.unknown.begin()->first
                                            : text_of(imported.events.events()[0]);
}

std::string sysmon(int id, const std::string& fields) {
    return of_record("Microsoft-Windows-Sysmon/Operational", id,
                     R"("ProcessGuid":"{1-2}","ProcessId":"42","Image":"C:\\a.exe",)" + fields);
}

std::string security(int id, const std::string& fields) {
    return of_record("Security", id,
                     R"("SubjectUserName":"ana","SubjectDomainName":"PC1",)" + fields);
}

// --- Sysmon --------------------------------------------------------------------------------------

TEST(EventImport, ReadsSysmonsProcesses) {
    const std::string digest(64, 'A');
    EXPECT_EQ(sysmon(1, R"("CommandLine":"a.exe -x","CurrentDirectory":"C:\\","User":"PC1\\ana",)"
                        R"("IntegrityLevel":"High","ParentProcessGuid":"{1-1}",)"
                        R"("ParentProcessId":"7","ParentImage":"C:\\p.exe","LogonId":"0xc61d9",)"
                        R"("ParentCommandLine":"p","OriginalFileName":"A.EXE","Company":"-",)"
                        R"("Hashes":"SHA1=00,SHA256=)" +
                            digest + R"(,IMPHASH=0")"),
              "process_start #2 image=C:\\a.exe command_line=a.exe -x current_directory=C:\\ "
              "user=PC1\\ana integrity=High pid=42 parent=1 parent_image=C:\\p.exe "
              "parent_command_line=p logon_session=811481 sha256=" +
                  std::string(64, 'a') + " original_name=A.EXE");
    EXPECT_EQ(sysmon(5, R"("RuleName":"-")"), "process_end #1 image=C:\\a.exe pid=42");
}

TEST(EventImport, ReadsSysmonsRecordsOfTwoProcesses) {
    const std::string both = R"("SourceProcessGUID":"{1-1}","SourceProcessId":"944",)"
                             R"("SourceImage":"C:\\s.exe","TargetProcessGUID":"{1-9}",)"
                             R"("TargetProcessId":"9","TargetImage":"C:\\lsass.exe",)";
    EXPECT_EQ(sysmon(10, both + R"("GrantedAccess":"0x1410","CallTrace":"ntdll.dll+1|x+2")"),
              "process_access #1 image=C:\\s.exe target=2 target_image=C:\\lsass.exe "
              "granted_access=5136 call_trace=ntdll.dll+1|x+2");
    EXPECT_EQ(sysmon(8, both + R"("StartAddress":"0x0000023FAD900000","StartModule":"-",)"
                               R"("StartFunction":"LoadLibraryA")"),
              "remote_thread #1 image=C:\\s.exe target=2 target_image=C:\\lsass.exe "
              "start_address=2472518090752 start_function=LoadLibraryA");
}

TEST(EventImport, ReadsSysmonsConnectionsFromBothEnds) {
    const std::string ends = R"("SourceIp":"10.0.0.1","SourcePort":"50123",)"
                             R"("SourceHostname":"pc1","DestinationIp":"10.0.0.2",)"
                             R"("DestinationPort":"445","DestinationHostname":"-",)"
                             R"("Protocol":"tcp","Initiated":)";
    EXPECT_EQ(sysmon(3, ends + R"("true")"),
              "network_connect #1 image=C:\\a.exe protocol=tcp outbound=1 local_address=10.0.0.1 "
              "local_port=50123 remote_address=10.0.0.2 remote_port=445");
    EXPECT_EQ(sysmon(3, ends + R"("false")"),
              "network_connect #1 image=C:\\a.exe protocol=tcp outbound=0 local_address=10.0.0.2 "
              "local_port=445 remote_address=10.0.0.1 remote_port=50123 remote_host=pc1");
}

TEST(EventImport, ReadsSysmonsModules) {
    const std::string module = R"("ImageLoaded":"C:\\m.dll","Signed":"true",)"
                               R"("Signature":"Microsoft Windows","SignatureStatus":"Valid",)"
                               R"("OriginalFileName":"m.dll")";
    EXPECT_EQ(sysmon(7, module),
              "image_load #1 image=C:\\a.exe path=C:\\m.dll signed=1 signer=Microsoft Windows "
              "signature=Valid original_name=m.dll");
    EXPECT_EQ(sysmon(6, module),
              "driver_load #0 path=C:\\m.dll signed=1 signer=Microsoft Windows signature=Valid");
}

TEST(EventImport, ReadsSysmonsFiles) {
    EXPECT_EQ(sysmon(11, R"("TargetFilename":"C:\\x.tmp")"),
              "file_create #1 image=C:\\a.exe path=C:\\x.tmp");
    for (const int id : {23, 26}) {
        EXPECT_EQ(sysmon(id, R"("TargetFilename":"C:\\x.tmp","IsExecutable":"false")"),
                  "file_delete #1 image=C:\\a.exe path=C:\\x.tmp executable=0");
    }
}

TEST(EventImport, ReadsSysmonsRegistry) {
    const std::string key = R"("TargetObject":"HKLM\\SOFTWARE\\K\\v",)";
    EXPECT_EQ(sysmon(12, key + R"("EventType":"CreateKey")"),
              "registry_set #1 image=C:\\a.exe key=HKLM\\SOFTWARE\\K\\v action=create_key");
    EXPECT_EQ(sysmon(12, key + R"("EventType":"DeleteKey")"),
              "registry_delete #1 image=C:\\a.exe key=HKLM\\SOFTWARE\\K\\v");
    EXPECT_EQ(sysmon(12, key + R"("EventType":"DeleteValue")"),
              "registry_delete #1 image=C:\\a.exe key=HKLM\\SOFTWARE\\K value_name=v");
    EXPECT_EQ(sysmon(13, key + R"j("EventType":"SetValue","Details":"DWORD (0x00000001)")j"),
              "registry_set #1 image=C:\\a.exe key=HKLM\\SOFTWARE\\K value_name=v "
              "data=DWORD (0x00000001) action=set_value");
    EXPECT_EQ(sysmon(14, key + R"("EventType":"RenameKey","NewName":"HKLM\\L")"),
              "registry_set #1 image=C:\\a.exe key=HKLM\\SOFTWARE\\K\\v action=rename_key "
              "new_name=HKLM\\L");
    EXPECT_EQ(sysmon(14, key + R"("EventType":"RenameValue","NewName":"w")"),
              "registry_set #1 image=C:\\a.exe key=HKLM\\SOFTWARE\\K value_name=v "
              "action=rename_value new_name=w");
}

TEST(EventImport, InventsNothingWhenACollectorLeftOutWhatWasDone) {
    EXPECT_EQ(sysmon(12, R"("TargetObject":"HKLM\\K","EventTypeOrignal":"INFO")"),
              "unknown: Microsoft-Windows-Sysmon/Operational 12 that does not say whether "
              "something was created or deleted");
}

TEST(EventImport, ReadsSysmonsPipesAndLookUps) {
    EXPECT_EQ(sysmon(17, R"("PipeName":"\\PSEXESVC")"),
              "pipe #1 image=C:\\a.exe name=\\PSEXESVC action=create");
    EXPECT_EQ(sysmon(18, R"("PipeName":"\\lsass")"),
              "pipe #1 image=C:\\a.exe name=\\lsass action=connect");
    EXPECT_EQ(sysmon(22, R"("QueryName":"localhost","QueryStatus":"0","QueryResults":"::1;")"),
              "dns_query #1 image=C:\\a.exe query=localhost status=0 results=::1;");
}

// --- Security and System -------------------------------------------------------------------------

TEST(EventImport, ReadsSecuritysProcesses) {
    EXPECT_EQ(security(4688, R"("NewProcessId":"0x242c","NewProcessName":"C:\\a.exe",)"
                             R"("CommandLine":"a","ProcessId":"0x273c","TargetUserName":"-",)"
                             R"("ParentProcessName":"C:\\p.exe","SubjectLogonId":"0x3e7",)"
                             R"("MandatoryLabel":"S-1-16-12288")"),
              "process_start #2 image=C:\\a.exe command_line=a user=PC1\\ana integrity=High "
              "pid=9260 parent=1 parent_image=C:\\p.exe logon_session=999");
    EXPECT_EQ(security(4688, R"("NewProcessId":"0x1","TargetUserName":"bo",)"
                             R"("TargetDomainName":"D","TargetLogonId":"0x10")"),
              "process_start #1 user=D\\bo pid=1 logon_session=16");
    EXPECT_EQ(
        security(4689, R"("ProcessId":"0x10","ProcessName":"C:\\a.exe","Status":"0xc0000005")"),
        "process_end #1 image=C:\\a.exe user=PC1\\ana pid=16 exit_code=3221225477");
}

TEST(EventImport, ReadsSecuritysLogons) {
    const std::string logon = R"("TargetUserName":"bo","TargetDomainName":"D",)"
                              R"("IpAddress":"10.0.0.9","IpPort":"4711","ProcessId":"0x2cc",)"
                              R"("ProcessName":"C:\\s.exe","LogonType":"3",)"
                              R"("AuthenticationPackageName":"NTLM","WorkstationName":"PC9",)";
    EXPECT_EQ(security(4624, logon + R"("TargetLogonId":"0x5","ElevatedToken":"%%1842")"),
              "logon #1 action=logon user=D\\bo logon_type=3 logon_session=5 "
              "subject_user=PC1\\ana image=C:\\s.exe source_address=10.0.0.9 source_port=4711 "
              "workstation=PC9 authentication=NTLM elevated=1");
    EXPECT_EQ(security(4625, logon + R"("Status":"0xc000006d")"),
              "logon #1 action=failure user=D\\bo logon_type=3 subject_user=PC1\\ana "
              "image=C:\\s.exe source_address=10.0.0.9 source_port=4711 workstation=PC9 "
              "authentication=NTLM status=3221225581");
    EXPECT_EQ(security(4648, logon + R"("TargetServerName":"SRV")"),
              "logon #1 action=explicit user=D\\bo subject_user=PC1\\ana image=C:\\s.exe "
              "source_address=10.0.0.9 source_port=4711 target_server=SRV");
}

TEST(EventImport, ReadsSecuritysRegistry) {
    const std::string value = R"("ObjectName":"\\REGISTRY\\MACHINE\\SOFTWARE\\K",)"
                              R"("ObjectValueName":"v","NewValue":"1","ProcessId":"0x4",)";
    EXPECT_EQ(security(4657, value + R"("OperationType":"%%1905")"),
              "registry_set #1 user=PC1\\ana key=HKLM\\SOFTWARE\\K value_name=v data=1 "
              "action=set_value");
    EXPECT_EQ(security(4657, value + R"("OperationType":"%%1906")"),
              "registry_delete #1 user=PC1\\ana key=HKLM\\SOFTWARE\\K value_name=v");
}

TEST(EventImport, ReadsAccessToObjectsThatIsOfAKind) {
    const auto access = [](const std::string& type, const std::string& mask) {
        return security(4663, R"("ProcessId":"0x4","ObjectName":"\\x","ObjectType":")" + type +
                                  R"(","AccessMask":")" + mask + R"(")");
    };
    EXPECT_EQ(access("Process", "0x10"),
              "process_access #1 user=PC1\\ana target_image=\\x granted_access=16");
    EXPECT_EQ(access("File", "0x10000"), "file_delete #1 user=PC1\\ana path=\\x");
    EXPECT_EQ(access("File", "0x2"), "file_create #1 user=PC1\\ana path=\\x");
    EXPECT_EQ(access("Key", "0x10000"), "registry_delete #1 user=PC1\\ana key=\\x");
    EXPECT_EQ(access("Key", "0x1"), "unknown: Security 4663 whose access is none of a kind");
}

TEST(EventImport, ReadsSecuritysConnectionsAndShares) {
    EXPECT_EQ(security(5156, R"("ProcessID":"4584","Application":"\\device\\a.exe",)"
                             R"("Direction":"%%14592","SourceAddress":"10.0.0.1",)"
                             R"("SourcePort":"445","DestAddress":"10.0.0.2","DestPort":"5",)"
                             R"("Protocol":"6")"),
              "network_connect #1 image=\\device\\a.exe protocol=tcp outbound=0 "
              "local_address=10.0.0.1 local_port=445 remote_address=10.0.0.2 remote_port=5");
    const std::string share =
        R"("IpAddress":"10.0.0.9","IpPort":"5","RelativeTargetName":"svcctl",)";
    EXPECT_EQ(security(5145, share + R"("ShareName":"\\\\*\\IPC$")"),
              "pipe #0 user=PC1\\ana name=\\svcctl action=connect source_address=10.0.0.9 "
              "source_port=5");
    EXPECT_EQ(security(5145, share + R"("ShareName":"\\\\*\\C$")"),
              "unknown: Security 5145 of a share that is not IPC$");
}

TEST(EventImport, ReadsServicesAndClearedLogs) {
    EXPECT_EQ(security(4697, R"("ServiceName":"S","ServiceFileName":"%SystemRoot%\\s.exe",)"
                             R"("ServiceType":"0x10","ServiceStartType":"3",)"
                             R"("ServiceAccount":"LocalSystem")"),
              "service_install #0 name=S path=%SystemRoot%\\s.exe service_type=0x10 start_type=3 "
              "account=LocalSystem user=PC1\\ana");
    EXPECT_EQ(of_record("System", 7045,
                        R"("ServiceName":"S","ImagePath":"s.exe",)"
                        R"("ServiceType":"user mode service",)"
                        R"("StartType":"demand start","AccountName":"L")"),
              "service_install #0 name=S path=s.exe service_type=user mode service "
              "start_type=demand start account=L");
    EXPECT_EQ(security(1102, R"("Level":"4")"), "log_cleared #0 log=Security user=PC1\\ana");
    EXPECT_EQ(of_record("System", 104, R"("Message":"The Application log file was cleared.")"),
              "log_cleared #0 log=Application");
    EXPECT_EQ(of_record("System", 104, R"("UserData":{"LogFileCleared":{"Channel":"Setup"}})"),
              "log_cleared #0 log=Setup");
}

// --- PowerShell ----------------------------------------------------------------------------------

TEST(EventImport, ReadsPowerShell) {
    const std::string channel = "Microsoft-Windows-PowerShell/Operational";
    EXPECT_EQ(of_record(channel, 4104,
                        R"("ScriptBlockText":"iex $x","ScriptBlockId":"b-1",)"
                        R"("MessageNumber":"1","MessageTotal":"2","Path":"",)"
                        R"("Domain":"D","AccountName":"ana",)"
                        R"("ExecutionProcessID":9076)"),
              "script #1 source=script_block text=iex $x user=D\\ana block=b-1 part=1 parts=2");
    EXPECT_EQ(
        of_record(channel, 4103,
                  R"j("Payload":"CommandInvocation(Start-Sleep)","ContextInfo":)j"
                  R"("        Host Application = ps.exe -enc AA\r\n        Script Name = \r\n)"
                  R"(        User = D\\ana\r\n        Connected User = \r\n")"),
        "script #0 source=command text=CommandInvocation(Start-Sleep) "
        "host_application=ps.exe -enc AA user=D\\ana");
    EXPECT_EQ(
        of_record("Windows PowerShell", 800,
                  R"("Message":"Pipeline execution details for command line:     $a = 1\r\n. )"
                  R"(\r\n\r\nContext Information: \r\n\tUserId=D\\ana\r\n)"
                  R"(\tHostApplication=C:\\g.exe\r\n\tScriptName=\r\n\r\nDetails: \r\nX: Y\r\n")"),
        "script #0 source=pipeline text=$a = 1 host_application=C:\\g.exe user=D\\ana "
        "details=X: Y");
}

// --- Shapes --------------------------------------------------------------------------------------

TEST(EventImport, ReadsOneRecordAlikeInEveryShape) {
    const std::string fields = R"({"ProcessId":"0x10","ProcessName":"C:\\a.exe","Status":"0x0"})";
    const Imported imported = import(
        R"({"winlog":{"channel":"security","event_id":4689,"computer_name":"PC1","event_data":)" +
        fields + R"(},"@timestamp":"2020-10-23T02:36:40.671Z"})" + "\r\n" +
        R"({"Event":{"System":{"Provider":{"#attributes":{"Name":"P"}},"EventID":{"#text":4689},)"
        R"("Execution":{"#attributes":{"ProcessID":4,"ThreadID":8}},"Channel":"Security",)"
        R"("TimeCreated":{"#attributes":{"SystemTime":"2020-10-23T02:36:40.671000Z"}},)"
        R"("Computer":"PC1"},"EventData":)" +
        fields + "}}\n" +
        R"({"Event":{"System":{"EventID":"4689","Channel":"Security","Computer":"PC1",)"
        R"("TimeCreated":{"@SystemTime":"","SystemTime":"2020-10-23 02:36:40.671"}},)"
        R"("EventData":{"Data":[{"@Name":"ProcessId","#text":"0x10"},)"
        R"({"@Name":"ProcessName","#text":"C:\\a.exe"},{"@Name":"Status","#text":"0x0"}]}}})");
    ASSERT_EQ(imported.events.events().size(), 3u);
    for (const Event& event : imported.events.events()) {
        EXPECT_EQ(text_of(event), "process_end #1 image=C:\\a.exe pid=16 exit_code=0");
        EXPECT_EQ(event.at_ms, 0);
    }
    EXPECT_EQ(imported.machines, (std::map<std::string, uint64_t>{{"PC1", 3}}));
}

// --- Processes -----------------------------------------------------------------------------------

// Lines of one machine, each some seconds after 02:00 local time, 06:00 in UTC.
class Lines {
  public:
    Lines& sysmon(int second, int id, const std::string& fields) {
        text_ += fmt::format(R"({{"Channel":"Microsoft-Windows-Sysmon/Operational","EventID":{},)"
                             R"("UtcTime":"2020-10-23 06:00:{:02}.500",)"
                             R"("TimeCreated":"2020-10-23T02:00:{:02}.700Z",{}}})"
                             "\n",
                             id, second, second, fields);
        return *this;
    }
    Lines& security(int second, int id, const std::string& fields) {
        text_ += fmt::format(R"({{"Channel":"Security","EventID":{},)"
                             R"("TimeCreated":"2020-10-23T02:00:{:02}.000Z",{}}})"
                             "\n",
                             id, second, fields);
        return *this;
    }
    std::string processes() const {
        std::string out;
        const Imported imported = import(text_);
        for (const Event& event : imported.events.events()) {
            out += fmt::format("{}{}@{}", out.empty() ? "" : " ", event.process, event.at_ms);
        }
        return out;
    }

  private:
    std::string text_;
};

TEST(EventImport, TellsAProcessByItsGuidWhateverItsId) {
    EXPECT_EQ(Lines()
                  .sysmon(1, 1, R"("ProcessGuid":"{A}","ProcessId":"5")")
                  .sysmon(2, 1, R"("ProcessGuid":"{B}","ProcessId":"5")")
                  .sysmon(3, 5, R"("ProcessGuid":"{a}","ProcessId":"5")")
                  .processes(),
              "1@0 2@1000 1@2000");
}

TEST(EventImport, PutsBothLogsOnOneClockAndTheirRecordsOnOneProcess) {
    EXPECT_EQ(Lines()
                  .security(1, 4688, R"("NewProcessId":"0x5")")
                  .sysmon(1, 1, R"("ProcessGuid":"{A}","ProcessId":"5")")
                  .sysmon(20, 11, R"("ProcessGuid":"{A}","ProcessId":"5")")
                  .security(30, 4689, R"("ProcessId":"0x5")")
                  .processes(),
              "1@0 1@500 1@19500 1@29000");
}

TEST(EventImport, TakesAStartForAnotherProcessWithTheSameId) {
    EXPECT_EQ(Lines()
                  .sysmon(1, 1, R"("ProcessGuid":"{A}","ProcessId":"5")")
                  .security(10, 4688, R"("NewProcessId":"0x5")")
                  .security(11, 4689, R"("ProcessId":"0x5")")
                  .sysmon(20, 1, R"("ProcessGuid":"{B}","ProcessId":"5")")
                  .security(21, 4689, R"("ProcessId":"0x5")")
                  .processes(),
              "1@0 2@8500 2@9500 3@19000 3@19500");
}

TEST(EventImport, KeepsMachinesApart) {
    EXPECT_EQ(Lines()
                  .security(1, 4689, R"("ProcessId":"0x5","Hostname":"A")")
                  .security(2, 4689, R"("ProcessId":"0x5","Hostname":"B")")
                  .security(3, 4689, R"("ProcessId":"0x5","Hostname":"A")")
                  .processes(),
              "1@0 2@1000 1@2000");
}

TEST(EventImport, KnowsNoProcessWithoutAnId) {
    EXPECT_EQ(Lines()
                  .security(1, 4689, R"("ProcessId":"0x0")")
                  .sysmon(2, 5, R"("ProcessGuid":"{00000000-0000-0000-0000-000000000000}")")
                  .processes(),
              "0@0 0@1500");
}

// --- What is no event ----------------------------------------------------------------------------

TEST(EventImport, CountsUnknownKindsAndGoesOnAfterBadLines) {
    const std::string good =
        R"({"Channel":"Security","EventID":1102,"TimeCreated":"2020-10-23 02:36:40"})";
    const std::string unknown =
        R"({"Channel":"security","EventID":4658,"TimeCreated":"2020-10-23 02:36:40"})";
    const Imported imported =
        import("{\n\n" + unknown + "\n" + good + "\r\n[1]\n" +
               R"({"Channel":"Security","TimeCreated":"2020-10-23 02:36:40"})" + "\n" +
               R"({"Channel":"Security","EventID":1102,"TimeCreated":"2020-13-23 02:36:40"})" +
               "\n \t\n" + unknown + "\n{\"a\":\"\xff\"}\n" + good);
    std::string problems;
    for (const ImportProblem& problem : imported.problems) {
        problems += fmt::format("{}: {}\n", problem.line, problem.why);
    }
    EXPECT_EQ(problems,
              "1: no JSON from byte 2 on\n5: no channel\n6: no event id\n7: no time\n"
              "10: no JSON from byte 7 on\n");
    EXPECT_EQ(imported.bad, 5u);
    EXPECT_EQ(imported.lines, 9u);
    EXPECT_EQ(imported.unknown, (std::map<std::string, uint64_t>{{"Security 4658", 2}}));
    EXPECT_EQ(imported.events.events().size(), 2u);
}

TEST(EventImport, KeepsItsLimits) {
    const std::string line = R"({"Channel":"C","EventID":1,"TimeCreated":"2020-10-23 02:36:40"})";
    EXPECT_ERROR(import_windows_events(line, {.bytes = 10}), "bytes of records");
    EXPECT_EQ(import(line, {.line_bytes = 10}).problems[0].why, "longer than 10 bytes");
    const Imported bad = import("{\n{\n{\n", {.problems = 2});
    EXPECT_EQ(bad.problems.size(), 2u);
    EXPECT_EQ(bad.bad, 3u);
    std::string channels;
    for (const char c : {'A', 'B', 'D', 'A'}) {
        channels += R"({"EventID":1,"TimeCreated":"2020-10-23 02:36:40","Channel":")";
        channels += c;
        channels += "\"}\n";
    }
    EXPECT_EQ(import(channels, {.unknown = 1}).unknown,
              (std::map<std::string, uint64_t>{{"A 1", 2}, {"others", 2}}));
    EXPECT_EQ(import(R"({"a":)" + std::string(100'000, '[')).problems[0].why,
              "nested more than 16 deep");
}

TEST(EventImport, ReadsTimesToTheMillisecond) {
    EXPECT_EQ(parse_time_ms("1970-01-01 00:00:00"), 0);
    EXPECT_EQ(parse_time_ms("2020-10-23T02:36:40.671Z"), 1603420600671);
    EXPECT_EQ(parse_time_ms("2020-10-23 02:36:40.6712345Z"), 1603420600671);
    EXPECT_EQ(parse_time_ms("2020-10-23 02:36:40.6"), 1603420600600);
    for (const char* wrong :
         {"", "2020-10-23", "2020-02-30 00:00:00", "1969-12-31 23:59:59", "2020-10-23 24:00:00",
          "2020-10-23 02:36:40.", "2020-10-23 02:36:40,5", "2020-10-23 02:36:40+02:00"}) {
        EXPECT_EQ(parse_time_ms(wrong), std::nullopt) << wrong;
    }
}

}  // namespace
}  // namespace firebreak::host
