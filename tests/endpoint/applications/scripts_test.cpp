#include "endpoint/applications/scripts.h"

#include <gtest/gtest.h>

#include "endpoint/applications/machine_draft.h"

namespace firebreak::endpoint::applications {
namespace {

const host::Machine kScripted = MachineDraft()
                                    .component("IIS-WebServer")
                                    .component("Web Server Two", false)
                                    .service("W3SVC", "C:\\x.exe")
                                    .made();

std::optional<std::string> printed(const std::string& script) {
    const PowerShell answers;
    Scripts scripts(kScripted, answers);
    return scripts.run(script).printed;
}

TEST(Scripts, PrintWhatTheMachineHas) {
    EXPECT_EQ(printed("Get-WindowsOptionalFeature -Online -FeatureName iis-webserver"),
              "FeatureName : IIS-WebServer\nState : Enabled\n");
    const std::string feature = "(Get-WindowsOptionalFeature -Online -FeatureName ";
    EXPECT_EQ(printed(feature + "IIS-WebServer).State"), "Enabled");
    EXPECT_EQ(printed(feature + "'Web Server Two').State"), "Disabled");
    EXPECT_EQ(printed(feature + "None).State"), "");
    EXPECT_EQ(printed("(Get-WindowsFeature -Name IIS-WebServer).InstallState"), "Installed");
    EXPECT_EQ(printed("(Get-Service -Name W3SVC).Status"), "Running");
    EXPECT_EQ(printed("(Get-Service -Name None).Status"), "");
}

TEST(Scripts, AreNoOthersThanThose) {
    for (const char* script :
         {"", "Get-ChildItem C:\\", "(Get-Service -Name ).Status", "(Get-Service -Name a b).Status",
          "(Get-Service -Name x; Remove-Item C:\\x).Status", "(Get-Service -Name ''').Status",
          "(Get-Service -Name $x).Status", "(Get-Service -Name ')).Status"}) {
        const PowerShell answers;
        Scripts scripts(kScripted, answers);
        const ScriptEnd& end = scripts.run(script);
        EXPECT_FALSE(end.printed.has_value()) << script;
        EXPECT_NE(end.error.find("no such script"), std::string::npos) << script;
        EXPECT_EQ(scripts.count(), 0u) << "nothing ran: " << script;
    }
}

TEST(Scripts, ThatSeveralRulesRunRunOnceAndCostTheirTimeOnce) {
    const PowerShell answers;
    Scripts scripts(kScripted, answers);
    for (int i = 0; i < 5; ++i) {
        EXPECT_EQ(scripts.run("(Get-Service -Name W3SVC).Status").printed, "Running");
    }
    scripts.run("(Get-Service -Name None).Status");
    EXPECT_EQ(scripts.count(), 2u);
    EXPECT_EQ(scripts.failed(), 0u);
    EXPECT_EQ(scripts.waited_s(), 2 * kScriptTakes_s);
}

TEST(Scripts, AreEndedWhereTheyHang) {
    const PowerShell hangs{PowerShell::Does::kHangs, 0, ""};
    Scripts scripts(kScripted, hangs);
    const ScriptEnd& end = scripts.run("(Get-Service -Name W3SVC).Status");
    EXPECT_FALSE(end.printed.has_value());
    EXPECT_EQ(end.error, "PowerShell gave no answer within 60 s, and was ended");
    EXPECT_EQ(scripts.failed(), 1u);
    EXPECT_EQ(scripts.waited_s(), kScriptLimit_s);
}

TEST(Scripts, FailWithWhatPowerShellSays) {
    const PowerShell fails{PowerShell::Does::kFails, 259, "Class not registered\x1b[2J"};
    Scripts scripts(kScripted, fails);
    EXPECT_EQ(scripts.run("(Get-Service -Name W3SVC).Status").error,
              "PowerShell ended with exit code 259: Class not registered\\x1b[2J");
    EXPECT_EQ(scripts.failed(), 1u);
}

}  // namespace
}  // namespace firebreak::endpoint::applications
