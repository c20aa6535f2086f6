#include "endpoint/applications/budget.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "endpoint/applications/machine_draft.h"
#include "host/windows_path.h"

namespace firebreak::endpoint::applications {
namespace {

using host::Machine;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr auto kFolder = ExclusionKind::kFolder;

Claim claim_of(std::vector<Evidence> evidence, std::vector<Exclusion> exclusions) {
    return {{"app", "App", "1.0", std::move(evidence)}, std::move(exclusions)};
}
Evidence program(const std::string& name) {
    return {EvidenceKind::kProgram, programs_key(name)};
}
Exclusion folder(const std::string& path) {
    return {kFolder, path};
}

Judgement judged(const Machine& machine, const Claim& claim) {
    return judge(machine, std::span(&claim, 1)).front();
}
// Of an application that is installed in C:\App.
Judgement judged(MachineDraft draft, const std::vector<Exclusion>& exclusions) {
    return judged(draft.program("App", "C:\\App").made(), claim_of({program("App")}, exclusions));
}
std::vector<Refusal> reasons(const Judgement& judgement) {
    std::vector<Refusal> reasons;
    for (const auto& [exclusion, why] : judgement.refused) {
        reasons.push_back(why);
    }
    return reasons;
}

TEST(Budget, GrantsWhatLiesInTheApplicationsFolder) {
    const std::vector<Exclusion> asked = {folder("C:\\App"),
                                          folder("c:\\APP\\Data"),
                                          {ExclusionKind::kFile, "C:\\App\\a.db"},
                                          {ExclusionKind::kProcess, "C:\\App\\app.exe"}};
    const Judgement judgement = judged(MachineDraft().files("C:\\App\\Data", 50), asked);
    EXPECT_TRUE(judgement.there);
    EXPECT_EQ(judgement.granted, asked);
    EXPECT_THAT(judgement.refused, IsEmpty());
}

TEST(Budget, TakesAFolderThatBeginsLikeTheApplicationsForAnother) {
    EXPECT_THAT(reasons(judged({}, {folder("C:\\Apple")})), ElementsAre(Refusal::kNotThere));
}

struct Refused {
    const char* path;
    Refusal why;
};
class NobodysExclusion : public testing::TestWithParam<Refused> {};

// Even if the application says that it is installed there.
TEST_P(NobodysExclusion, IsRefused) {
    const auto& [path, why] = GetParam();
    MachineDraft draft;
    draft.program("App", path)
        .file("C:\\Users\\ana\\AppData\\Local\\Temp\\a")
        .file("C:\\inetpub\\a");
    for (const ExclusionKind kind : {kFolder, ExclusionKind::kFile, ExclusionKind::kProcess}) {
        const Judgement judgement =
            judged(draft.made(), claim_of({program("App")}, {{kind, path}}));
        EXPECT_TRUE(judgement.there);
        EXPECT_THAT(judgement.granted, IsEmpty()) << path;
        EXPECT_THAT(reasons(judgement), ElementsAre(why)) << path;
    }
}

INSTANTIATE_TEST_SUITE_P(
    Paths, NobodysExclusion,
    testing::Values(
        Refused{"C:\\", Refusal::kDrive}, Refused{"d:", Refusal::kDrive},
        Refused{"C:\\Windows", Refusal::kWindows}, Refused{"d:\\WINDOWS\\x", Refusal::kWindows},
        Refused{"C:\\Windows\\System32\\cmd.exe", Refusal::kWindows},
        Refused{"C:\\Program Files", Refusal::kShared},
        Refused{"E:\\program files (X86)", Refusal::kShared},
        Refused{"C:\\Program Files\\Common Files", Refusal::kShared},
        Refused{"C:\\ProgramData", Refusal::kShared},
        Refused{"C:\\ProgramData\\Microsoft", Refusal::kShared},
        Refused{"C:\\Users", Refusal::kProfile}, Refused{"C:\\Users\\ana", Refusal::kProfile},
        Refused{"C:\\Users\\ana\\AppData\\Local\\Temp", Refusal::kProfile},
        Refused{"C:\\Documents and Settings\\ana", Refusal::kProfile},
        Refused{"C:\\$Recycle.Bin", Refusal::kProfile}, Refused{"C:\\*", Refusal::kWildcard},
        Refused{"*.exe", Refusal::kWildcard}, Refused{"C:\\inetpub\\?", Refusal::kWildcard},
        Refused{"C:\\PROGRA~1\\a", Refusal::kShortName},
        Refused{"C:\\App\\..\\Windows", Refusal::kNoPath}, Refused{"C:/Windows", Refusal::kNoPath},
        Refused{"C:\\\\Windows", Refusal::kNoPath}, Refused{"C:\\Windows.", Refusal::kNoPath},
        Refused{"\\\\?\\C:\\inetpub", Refusal::kWildcard}, Refused{"\\\\.\\C:", Refusal::kNoPath},
        Refused{"\\\\server\\share", Refusal::kNoPath},
        Refused{"%ProgramFiles%\\App", Refusal::kNoPath}, Refused{"inetpub", Refusal::kNoPath},
        Refused{"C:\\inetpub:stream", Refusal::kNoPath}, Refused{"", Refusal::kNoPath},
        Refused{"C:\\System Volume Information", Refusal::kProfile}));

TEST(Budget, RefusesPartsOfWindowsWhereverTheyLie) {
    const MachineDraft draft = MachineDraft().file("C:\\App\\Data\\boot.sys", true);
    EXPECT_THAT(reasons(judged(draft, {folder("C:\\App"),
                                       folder("C:\\App\\Data"),
                                       {ExclusionKind::kProcess, "C:\\App\\Data\\BOOT.sys"},
                                       folder("C:\\App\\Other")})),
                ElementsAre(Refusal::kWindows, Refusal::kWindows, Refusal::kWindows));
}

// --- what shows that an application is there

TEST(Budget, BelievesNoApplicationThatNothingShows) {
    MachineDraft draft;
    draft.component("Off", false).value(programs_key("Left"), "Publisher", "x");
    draft.value(R"(HKLM\SOFTWARE\App)", "DisplayName", "App");
    const std::vector<Evidence> nothing = {program("App"),
                                           program("Left"),
                                           {EvidenceKind::kProgram, R"(HKLM\SOFTWARE\App)"},
                                           {EvidenceKind::kService, "App"},
                                           {EvidenceKind::kFile, "C:\\App\\app.exe"},
                                           {EvidenceKind::kComponent, "Off"},
                                           {EvidenceKind::kComponent, "None"}};
    for (const Evidence& evidence : nothing) {
        const Judgement judgement = judged(draft.made(), claim_of({evidence}, {folder("C:\\App")}));
        EXPECT_FALSE(judgement.there) << evidence.name;
        EXPECT_THAT(judgement.granted, IsEmpty());
        EXPECT_THAT(judgement.refused, IsEmpty());
    }
    EXPECT_FALSE(judged(draft.made(), claim_of({}, {folder("C:\\App")})).there);
}

TEST(Budget, FindsTheFolderOfAServiceByItsProgram) {
    for (const char* image : {R"("C:\My App\bin\app.exe" --service)", R"(C:\My App\bin\app.exe -s)",
                              R"(C:\My App\bin\APP.EXE)"}) {
        const Machine machine = MachineDraft().service("App", image).made();
        const Claim claim = claim_of({{EvidenceKind::kService, "APP"}},
                                     {folder("C:\\My App\\bin\\data"), folder("C:\\My App")});
        const Judgement judgement = judged(machine, claim);
        EXPECT_THAT(judgement.granted, ElementsAre(folder("C:\\My App\\bin\\data"))) << image;
    }
}

TEST(Budget, GivesAServiceOfWindowsNoFolder) {
    const Machine machine =
        MachineDraft().service("App", R"(C:\Windows\System32\svchost.exe -k x)").made();
    const Judgement judgement =
        judged(machine, claim_of({{EvidenceKind::kService, "App"}}, {folder("C:\\App")}));
    EXPECT_TRUE(judgement.there);
    EXPECT_THAT(reasons(judgement), ElementsAre(Refusal::kNotThere));
}

TEST(Budget, TakesLocationsAsInstallersWriteThem) {
    for (const char* location : {R"(C:\App\)", R"("C:\App")", R"(c:\app)"}) {
        const Machine machine = MachineDraft().program("App", location, false).made();
        const std::string key =
            R"(HKLM\SOFTWARE\WOW6432Node\Microsoft\Windows\CurrentVersion\Uninstall\App)";
        const Claim claim = claim_of({{EvidenceKind::kProgram, key}}, {folder("C:\\App\\Data")});
        EXPECT_THAT(judged(machine, claim).granted, SizeIs(1)) << location;
    }
}

// Any program of the user's may write that key.
TEST(Budget, TakesNoUsersWordForWhereAProgramIs) {
    const Machine machine = MachineDraft().program_of_user("App", "D:\\App").made();
    const std::string key = R"(HKCU\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall\App)";
    const Judgement judgement =
        judged(machine, claim_of({{EvidenceKind::kProgram, key}}, {folder("D:\\App\\Data")}));
    EXPECT_TRUE(judgement.there);
    EXPECT_THAT(reasons(judgement), ElementsAre(Refusal::kNotThere));
}

TEST(Budget, GivesAFileThatShowsTheApplicationItselfAndNotItsFolder) {
    const Machine machine =
        MachineDraft().files("D:\\App", 10).file("D:\\App\\app.exe").files("C:\\x", 30).made();
    const Judgement judgement = judged(
        machine, claim_of({{EvidenceKind::kFile, "D:\\App\\app.exe"}},
                          {{ExclusionKind::kProcess, "d:\\app\\APP.exe"}, folder("D:\\App")}));
    EXPECT_THAT(judgement.granted, SizeIs(1));
    EXPECT_THAT(reasons(judgement), ElementsAre(Refusal::kShare));
}

// --- elsewhere

TEST(Budget, GrantsASmallShareElsewhere) {
    const MachineDraft draft = MachineDraft().files("C:\\a", 96).files("D:\\data", 4);
    EXPECT_THAT(judged(draft, {folder("D:\\data")}).granted, SizeIs(1));
}

TEST(Budget, RefusesMoreThanItsShareElsewhereWhetherAtOnceOrPieceByPiece) {
    MachineDraft draft = MachineDraft().files("C:\\a", 94).files("D:\\data", 6);
    EXPECT_THAT(reasons(judged(draft, {folder("D:\\data")})), ElementsAre(Refusal::kShare));
    draft.files("E:\\data", 3).files("E:\\more", 3);
    const Judgement judgement =
        judged(draft, {folder("E:\\data"), folder("E:\\more"), folder("D:\\data")});
    EXPECT_THAT(judgement.granted, ElementsAre(folder("E:\\data")));
    EXPECT_THAT(reasons(judgement), ElementsAre(Refusal::kShare, Refusal::kShare));
}

TEST(Budget, RefusesElsewhereWhatIsNotThereYet) {
    EXPECT_THAT(reasons(judged({}, {folder("D:\\later"), {ExclusionKind::kProcess, "D:\\a.exe"}})),
                ElementsAre(Refusal::kNotThere, Refusal::kNotThere));
}

TEST(Budget, RefusesMoreThanAFewElsewhere) {
    MachineDraft draft = MachineDraft().files("C:\\a", 400);
    std::vector<Exclusion> asked;
    for (const char* path : {"D:\\1", "D:\\2", "D:\\3", "D:\\4"}) {
        draft.file(path + std::string("\\a"));
        asked.push_back(folder(path));
    }
    EXPECT_THAT(reasons(judged(draft, asked)), ElementsAre(Refusal::kTooManyElsewhere));
}

TEST(Budget, LetsNoFeedCoverMoreThanItsShareElsewhere) {
    MachineDraft draft = MachineDraft().files("C:\\a", 58);
    std::vector<Claim> claims;
    for (int i = 0; i < 14; ++i) {
        const std::string name = "App" + std::to_string(i);
        draft.program(name, "C:\\" + name).files("D:\\" + name, 3);
        claims.push_back(claim_of({program(name)}, {folder("D:\\" + name)}));
    }
    size_t granted = 0;
    for (const Judgement& judgement : judge(draft.made(), claims)) {
        granted += judgement.granted.size();
        if (judgement.granted.empty()) {
            EXPECT_THAT(reasons(judgement), ElementsAre(Refusal::kShare));
        }
    }
    EXPECT_EQ(granted, 3u) << "9 of 100 files; a tenth may be covered";
}

// --- how many

TEST(Budget, RefusesWhatIsTooManyOfOneApplicationAlone) {
    std::vector<Exclusion> asked;
    for (size_t i = 0; i < kExclusionsOfApplication + 2; ++i) {
        asked.push_back(folder("C:\\App\\" + std::to_string(i)));
    }
    const Judgement judgement = judged({}, asked);
    EXPECT_THAT(judgement.granted, SizeIs(kExclusionsOfApplication));
    EXPECT_THAT(reasons(judgement),
                ElementsAre(Refusal::kTooManyOfApplication, Refusal::kTooManyOfApplication));
}

TEST(Budget, CountsWhatIsSaidTwiceOnce) {
    const Judgement judgement = judged({}, {folder("C:\\App\\a"), folder("c:\\app\\A")});
    EXPECT_THAT(judgement.granted, SizeIs(1));
    EXPECT_THAT(judgement.refused, IsEmpty());
}

TEST(Budget, GivesEachItsFirstExclusionBeforeAnyHasTheSecond) {
    MachineDraft draft;
    std::vector<Claim> claims;
    for (int i = 0; i < 40; ++i) {
        const std::string name = "App" + std::to_string(i);
        draft.program(name, "C:\\" + name);
        std::vector<Exclusion> asked;
        for (int j = 0; j < (i < 39 ? 8 : 1); ++j) {
            asked.push_back(folder("C:\\" + name + "\\" + std::to_string(j)));
        }
        claims.push_back(claim_of({program(name)}, asked));
    }
    const std::vector<Judgement> judgements = judge(draft.made(), claims);
    EXPECT_THAT(judgements.back().granted, SizeIs(1)) << "39 greedy ones stand before it";
    size_t granted = 0;
    for (const Judgement& judgement : judgements) {
        granted += judgement.granted.size();
    }
    EXPECT_EQ(granted, kExclusionsOfFeed);
    EXPECT_THAT(reasons(judgements.front()), testing::Contains(Refusal::kTooManyOfFeed));
}

// --- whatever is asked

const std::vector<std::string> kNames = {
    "C:",    "D:", "Windows", "Program Files", "ProgramData", "App", "App Two", "Users", "data",
    "x.exe", "*",  "..",      "PROGRA~1"};

const std::vector<Evidence> kShown = {program("App"),
                                      program("Two"),
                                      program("None"),
                                      {EvidenceKind::kService, "App"},
                                      {EvidenceKind::kComponent, "Part"},
                                      {EvidenceKind::kFile, "C:\\Users\\data\\x.exe"}};

std::string any_path() {
    const auto parts = *rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(kNames));
    std::string path = *rc::gen::element<std::string>("C:", "D:", "c:", "");
    for (size_t i = 0; i < std::min<size_t>(parts.size(), 4); ++i) {
        path += "\\" + parts[i];
    }
    return path;
}

RC_GTEST_PROP(BudgetProperty, NeverGrantsWindowsProfilesSharedFoldersOrTooMany, ()) {
    MachineDraft draft;
    draft.program("App", any_path()).program("Two", any_path()).files("C:\\data", 20);
    draft.service("App", any_path() + "\\x.exe").files("D:\\data", 10).component("Part");
    draft.file("C:\\Windows\\x.exe", true).file("C:\\Users\\data\\x.exe").files("C:\\App", 5);
    std::vector<Claim> claims;
    for (int i = *rc::gen::inRange(1, 12); i > 0; --i) {
        const Evidence evidence = *rc::gen::elementOf(kShown);
        std::vector<Exclusion> asked;
        for (int j = *rc::gen::inRange(0, 14); j > 0; --j) {
            asked.push_back({static_cast<ExclusionKind>(*rc::gen::inRange(0, 3)), any_path()});
        }
        claims.push_back(claim_of({evidence}, asked));
    }
    const Machine machine = draft.made();
    const std::vector<Judgement> judgements = judge(machine, claims);
    RC_ASSERT(judgements.size() == claims.size());
    size_t all = 0;
    for (const Judgement& judgement : judgements) {
        all += judgement.granted.size();
        RC_ASSERT(judgement.granted.size() <= kExclusionsOfApplication);
        for (const Exclusion& exclusion : judgement.granted) {
            const std::string path = host::case_folded(exclusion.path);
            RC_ASSERT(path.find("\\windows") != 2 && path.find("\\users") != 2);
            RC_ASSERT(path.size() > 3 && path.find_first_of("*~") == path.npos);
            for (const char* whole : {"\\program files", "\\programdata"}) {
                RC_ASSERT(path.substr(2) != whole);
            }
        }
    }
    RC_ASSERT(all <= kExclusionsOfFeed);
}

}  // namespace
}  // namespace firebreak::endpoint::applications
