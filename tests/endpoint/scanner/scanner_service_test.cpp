#include "endpoint/scanner/scanner_service.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "endpoint/scanner/real_scanner.h"

namespace firebreak::endpoint::scanner {
namespace {

using base::Category;
using base::Code;
using base::Stage;
using ports::ScanVerdict;
using test::keep;
using test::Stored;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr auto kRunning = "scanner/DatasetA/running";
constexpr auto kLastKnownGood = "scanner/DatasetA/last-known-good";
constexpr auto kQuarantine = "scanner/DatasetA/quarantine";
constexpr auto kKills = "scanner/DatasetA/kills";

std::string package_key(const Stored& content) {
    return ports::package_key(content::Feed::kDatasetA, content.digest.hex());
}

// An endpoint with real processes, whose content is named in its rules: rule V1 matches all files.
class ScannerServiceTest : public testing::Test {
  protected:
    Stored version(const std::string& name) {
        return keep(store_,
                    test::draft_of(name, {{"rules.yar", "rule " + name + " { condition: true }"}}));
    }
    Stored from_fixture(const std::string& folder) {
        auto draft = test::fixture(folder);
        EXPECT_TRUE(draft.ok()) << draft.error().text();
        return keep(store_, *draft);
    }
    // As the update client does: what the installer changes is committed if it installed.
    base::Outcome install(ScannerService& service, const Stored& content) {
        auto done =
            service.installer(content.manifest.feed).install(content.manifest, content.digest);
        EXPECT_TRUE(done.ok()) << done.error().text();
        if (!done.ok()) {
            return {};
        }
        EXPECT_TRUE(store_.commit(done->changes).ok());
        return done->outcome;
    }
    base::Outcome install(const Stored& content) { return install(service_, content); }
    ScanVerdict scan(const std::string& subject) {
        auto verdict = service_.scan(ports::file_subject("subject.txt", base::view_of(subject)));
        EXPECT_TRUE(verdict.ok()) << verdict.error().text();
        return verdict.ok() ? *std::move(verdict) : ScanVerdict{};
    }
    // The same machine after a restart: nothing survives but the store.
    ScannerService restarted() { return ScannerService(ports(), {.kills = 1}); }
    ScannerPorts ports() { return {store_, processes_, clock_, uptime_}; }
    static base::Result<ScanVerdict> scan_x(ScannerService& service) {
        return service.scan(ports::file_subject("x", {}));
    }
    auto installer(ScannerService& service) -> ports::Installer& {
        return service.installer(content::Feed::kDatasetA);
    }

    std::optional<std::string> stored(const char* key) { return *store_.get(key); }

    test::MemoryStore store_;
    test::SandboxedScanners processes_;
    test::SetClock clock_;
    test::SetUptime uptime_;
    // Content goes at its first kill, unless a test says otherwise.
    ScannerService service_{ports(), {.kills = 1}};
};

TEST_F(ScannerServiceTest, IsDownUntilContentIsInstalled) {
    const ScanVerdict verdict = scan("x");
    EXPECT_EQ(verdict.kind, ScanVerdict::Kind::kNoVerdict);
    EXPECT_THAT(base::to_text(verdict.outcome.evidence), HasSubstr("no content"));
    EXPECT_EQ(processes_.started, 0);
}

TEST_F(ScannerServiceTest, RunsWhatItInstallsAndRemembersWhatRanBefore) {
    const Stored first = version("V1");
    const base::Outcome outcome = install(first);
    EXPECT_EQ(outcome.category, Category::kInstalled);
    EXPECT_EQ(outcome.stage, Stage::kNever);
    EXPECT_EQ(stored(kRunning), first.digest.hex());
    EXPECT_EQ(stored(kLastKnownGood), std::nullopt);
    EXPECT_THAT(scan("x").found, ElementsAre("V1"));

    const Stored second = version("V2");
    EXPECT_EQ(install(second).category, Category::kInstalled);
    EXPECT_EQ(stored(kRunning), second.digest.hex());
    EXPECT_EQ(stored(kLastKnownGood), first.digest.hex());
    EXPECT_THAT(scan("x").found, ElementsAre("V2"));
}

TEST_F(ScannerServiceTest, CommitsNothingItselfWhenItInstalls) {
    const Stored first = version("V1");
    ASSERT_OK(installer(service_).install(first.manifest, first.digest));
    EXPECT_EQ(store_.commits, 0);
    EXPECT_EQ(stored(kRunning), std::nullopt);
}

TEST_F(ScannerServiceTest, ForgetsManifestsThatItHasNoUseForAnyMore) {
    const Stored first = version("V1");
    const Stored second = version("V2");
    const Stored third = version("V3");
    install(first);
    install(second);
    EXPECT_TRUE(store_.entries.contains(package_key(first)));
    install(third);
    EXPECT_FALSE(store_.entries.contains(package_key(first)));
    EXPECT_TRUE(store_.entries.contains(package_key(second)));
}

TEST_F(ScannerServiceTest, InstallsTheRunningContentAgainWithoutLosingLastKnownGood) {
    const Stored first = version("V1");
    const Stored second = version("V2");
    install(first);
    install(second);
    EXPECT_EQ(install(second).category, Category::kInstalled);
    EXPECT_EQ(stored(kRunning), second.digest.hex());
    EXPECT_EQ(stored(kLastKnownGood), first.digest.hex());
}

TEST_F(ScannerServiceTest, GoesBackToTheContentBefore) {
    const Stored first = version("V1");
    const Stored second = version("V2");
    install(first);
    install(second);
    install(first);
    EXPECT_EQ(stored(kRunning), first.digest.hex());
    EXPECT_EQ(stored(kLastKnownGood), second.digest.hex());
    EXPECT_TRUE(store_.entries.contains(package_key(first)));
    EXPECT_THAT(scan("x").found, ElementsAre("V1"));
}

TEST_F(ScannerServiceTest, LoadsWhatIsStoredAfterARestart) {
    install(version("V1"));
    ScannerService again = restarted();
    ASSERT_OK_AND(const ScanVerdict verdict, scan_x(again));
    EXPECT_THAT(verdict.found, ElementsAre("V1"));
}

TEST_F(ScannerServiceTest, RunsOnWhenItRefusesNewContent) {
    install(version("V1"));
    const auto before = store_.entries;
    for (const char* folder : {"corrupt/DatasetA/does-not-compile", "malicious/DatasetA/include"}) {
        const base::Outcome outcome = install(from_fixture(folder));
        EXPECT_EQ(outcome.stage, Stage::kLoad);
        EXPECT_EQ(outcome.category, Category::kRejected);
        EXPECT_TRUE(outcome.refused());
        EXPECT_THAT(scan("x").found, ElementsAre("V1"));
    }
    EXPECT_EQ(stored(kRunning), before.at(kRunning));
    EXPECT_EQ(stored(kLastKnownGood), std::nullopt);
    EXPECT_EQ(stored(kQuarantine), std::nullopt);
}

TEST_F(ScannerServiceTest, SaysWhereRefusedContentIsWrong) {
    const base::Outcome broken = install(from_fixture("corrupt/DatasetA/does-not-compile"));
    EXPECT_EQ(broken.code, Code::kRulesDoNotCompile);
    EXPECT_EQ(base::to_text(broken.evidence),
              "file: documents.yar:16; message: undefined string \"$starts*\"");
    EXPECT_EQ(install(from_fixture("malicious/DatasetA/include")).code, Code::kIncludeRefused);
    const Stored text = keep(store_, test::draft_of("text", {{"rules.txt", "rule R {}"}}));
    EXPECT_EQ(install(text).code, Code::kPayloadSetWrong);
}

TEST_F(ScannerServiceTest, LoadsTheRunningContentAfterARefusalOnceItIsNeeded) {
    install(version("V1"));
    ScannerService again = restarted();
    const int before = processes_.started;
    const Stored broken = from_fixture("corrupt/DatasetA/does-not-compile");
    ASSERT_OK_AND(const ports::Installation done,
                  installer(again).install(broken.manifest, broken.digest));
    EXPECT_EQ(done.outcome.category, Category::kRejected);
    EXPECT_THAT(done.changes, IsEmpty());
    EXPECT_EQ(processes_.started, before + 1);
    ASSERT_OK_AND(const ScanVerdict verdict, scan_x(again));
    EXPECT_THAT(verdict.found, ElementsAre("V1"));
    EXPECT_EQ(processes_.started, before + 2);
}

TEST_F(ScannerServiceTest, OutlivesContentThatKillsItWhileLoading) {
    install(version("V1"));
    // Each of these strings stands for 255 variants of itself: seconds of work for the compiler.
    std::string rules = "rule Bomb { strings:\n";
    for (int i = 0; i < 9'000; ++i) {
        rules += fmt::format("$s{} = \"needle-{}\" xor\n", i, i);
    }
    rules += "condition: any of them }";
    const Stored bomb = keep(store_, test::draft_of("bomb", {{"bomb.yar", rules}}));
    const base::Outcome outcome = install(bomb);
    EXPECT_EQ(outcome.stage, Stage::kLoad);
    EXPECT_EQ(outcome.category, Category::kCpuLimit);
    EXPECT_TRUE(outcome.refused());
    EXPECT_EQ(stored(kQuarantine), std::nullopt) << "it has never run";
    EXPECT_THAT(scan("x").found, ElementsAre("V1"));
}

TEST_F(ScannerServiceTest, RestartsOnLastKnownGoodWhenContentKillsIt) {
    const Stored good = from_fixture("good/DatasetA/2026-03-02");
    const Stored bad = from_fixture("defective/DatasetA/backtracking");
    install(good);
    ASSERT_EQ(install(bad).category, Category::kInstalled);
    EXPECT_THAT(scan(test::eicar()).found, ElementsAre("Test_Eicar"));

    const int before = processes_.started;
    const ScanVerdict verdict = scan(test::bundle_of_one_letter());
    EXPECT_EQ(verdict.kind, ScanVerdict::Kind::kNoVerdict);
    EXPECT_EQ(verdict.outcome.stage, Stage::kRun);
    EXPECT_EQ(verdict.outcome.category, Category::kCpuLimit);
    EXPECT_THAT(base::to_text(verdict.outcome.evidence),
                HasSubstr("scanner: restarted on last-known-good"));
    EXPECT_GT(processes_.started, before) << "a real process, loaded before it is committed";
    const int after = processes_.started;
    EXPECT_EQ(stored(kRunning), good.digest.hex());
    EXPECT_EQ(stored(kLastKnownGood), std::nullopt);
    EXPECT_EQ(stored(kQuarantine), bad.digest.hex());

    // Protection is back, for the very file that had killed it too.
    EXPECT_THAT(scan(test::eicar()).found, ElementsAre("Test_Eicar"));
    EXPECT_EQ(scan(test::bundle_of_one_letter()).kind, ScanVerdict::Kind::kScanned);
    EXPECT_EQ(processes_.started, after);
}

TEST_F(ScannerServiceTest, RunsLastKnownGoodAfterARestartToo) {
    const Stored good = version("V1");
    install(good);
    install(from_fixture("defective/DatasetA/forbidden-call"));
    const ScanVerdict verdict = scan("any file");
    EXPECT_EQ(verdict.outcome.category, Category::kForbidden);
    ScannerService again = restarted();
    ASSERT_OK_AND(const ScanVerdict after, scan_x(again));
    EXPECT_THAT(after.found, ElementsAre("V1"));
}

TEST_F(ScannerServiceTest, IsDownWhenItIsKilledWithoutALastKnownGood) {
    const Stored bad = from_fixture("defective/DatasetA/forbidden-call");
    install(bad);
    const ScanVerdict killed = scan("any file");
    EXPECT_EQ(killed.outcome.category, Category::kForbidden);
    EXPECT_THAT(base::to_text(killed.outcome.evidence),
                HasSubstr("scanner: down: no last-known-good"));
    EXPECT_EQ(stored(kRunning), std::nullopt);
    EXPECT_EQ(stored(kQuarantine), bad.digest.hex());
    const ScanVerdict after = scan(test::eicar());
    EXPECT_EQ(after.kind, ScanVerdict::Kind::kNoVerdict);
    EXPECT_EQ(after.outcome.category, Category::kRejected);
}

TEST_F(ScannerServiceTest, IsDownWhenLastKnownGoodKillsItInItsTurn) {
    install(from_fixture("defective/DatasetA/forbidden-call"));
    install(from_fixture("defective/DatasetA/backtracking"));
    EXPECT_EQ(scan(test::bundle_of_one_letter()).outcome.category, Category::kCpuLimit);
    EXPECT_EQ(scan("x").outcome.category, Category::kForbidden);
    EXPECT_EQ(stored(kRunning), std::nullopt);
    EXPECT_EQ(stored(kLastKnownGood), std::nullopt);
}

TEST_F(ScannerServiceTest, IsDownWhenLastKnownGoodDoesNotLoad) {
    // Which takes a defect of the machine: it has loaded once. Here the store holds such a pair.
    const Stored broken = from_fixture("corrupt/DatasetA/does-not-compile");
    const Stored bad = from_fixture("defective/DatasetA/forbidden-call");
    store_.entries[kRunning] = bad.digest.hex();
    store_.entries[kLastKnownGood] = broken.digest.hex();
    const ScanVerdict verdict = scan("any file");
    EXPECT_EQ(verdict.outcome.category, Category::kForbidden);
    EXPECT_THAT(base::to_text(verdict.outcome.evidence),
                HasSubstr("scanner: down: last-known-good does not load: file: documents.yar"));
    EXPECT_EQ(stored(kRunning), std::nullopt);
    EXPECT_EQ(stored(kLastKnownGood), std::nullopt);
}

TEST_F(ScannerServiceTest, FallsBackWhenTheRunningContentDoesNotLoadAfterARestart) {
    const Stored good = version("V1");
    const Stored broken = from_fixture("corrupt/DatasetA/does-not-compile");
    store_.entries[kRunning] = broken.digest.hex();
    store_.entries[kLastKnownGood] = good.digest.hex();
    const ScanVerdict verdict = scan("x");
    EXPECT_EQ(verdict.outcome.stage, Stage::kLoad);
    EXPECT_EQ(verdict.outcome.code, Code::kRulesDoNotCompile);
    EXPECT_EQ(stored(kRunning), good.digest.hex());
    EXPECT_THAT(scan("x").found, ElementsAre("V1"));
}

TEST_F(ScannerServiceTest, CommitsAFallBackOrReportsThatItCould) {
    install(version("V1"));
    install(from_fixture("defective/DatasetA/forbidden-call"));
    const auto before = store_.entries;
    store_.broken = true;
    EXPECT_ERROR(scan_x(service_), "the disk is full");
    EXPECT_EQ(store_.entries, before);
    store_.broken = false;
    EXPECT_EQ(scan("x").outcome.category, Category::kForbidden) << "from the start once more";
    EXPECT_THAT(scan("x").found, ElementsAre("V1"));
}

TEST_F(ScannerServiceTest, TurnsAwayWhatIsTooLargeBeforeAProcessSeesIt) {
    install(version("V1"));
    const base::Bytes huge(kMaxSubjectBytes + 1);
    ASSERT_OK_AND(const ScanVerdict verdict, service_.scan(ports::file_subject("huge", huge)));
    EXPECT_EQ(verdict.kind, ScanVerdict::Kind::kNoVerdict);
    EXPECT_EQ(verdict.outcome.category, Category::kTooLarge);
    EXPECT_THAT(scan("x").found, ElementsAre("V1"));

    content::Manifest manifest = version("V2").manifest;
    manifest.payloads[0].size = kMaxContentBytes + 1;
    const int before = processes_.started;
    ASSERT_OK_AND(const ports::Installation done, installer(service_).install(manifest, {}));
    EXPECT_EQ(done.outcome.category, Category::kTooLarge);
    EXPECT_EQ(processes_.started, before);

    manifest.feed = content::Feed::kLocalRepData;
    manifest.payloads[0].size = kMaxTableBytes + 1;
    ASSERT_OK_AND(const ports::Installation table,
                  service_.installer(manifest.feed).install(manifest, {}));
    EXPECT_EQ(table.outcome.category, Category::kTooLarge);
    EXPECT_EQ(processes_.started, before);
}

TEST_F(ScannerServiceTest, ReportsADamagedStoreInsteadOfAnOutcome) {
    const Stored first = version("V1");
    install(first);
    store_.entries[package_key(first)] += " ";
    ScannerService again = restarted();
    EXPECT_ERROR(scan_x(again), "is not the manifest that it is stored as");
    store_.entries.erase(package_key(first));
    EXPECT_ERROR(scan_x(again), "is missing");
    store_.blobs.clear();
    EXPECT_ERROR(installer(service_).install(first.manifest, first.digest), "no such blob");
}

// --- supervision -------------------------------------------------------------------------------

class SupervisedScanner : public ScannerServiceTest {
  protected:
    void SetUp() override {
        good_ = from_fixture("good/DatasetA/2026-03-02");
        bad_ = from_fixture("defective/DatasetA/backtracking");
        install(patient_, good_);
        install(patient_, bad_);
    }
    ScanVerdict scan(const std::string& subject) {
        auto verdict = patient_.scan(ports::file_subject("a.txt", base::view_of(subject)));
        EXPECT_TRUE(verdict.ok()) << verdict.error().text();
        return verdict.ok() ? *std::move(verdict) : ScanVerdict{};
    }
    ScanVerdict scan_what_kills() { return scan(test::bundle_of_one_letter()); }

    Stored good_, bad_;
    ScannerService patient_{ports()};
};

TEST_F(SupervisedScanner, PutsContentIntoQuarantineAtItsSecondKill) {
    const ScanVerdict first = scan_what_kills();
    EXPECT_EQ(first.outcome.category, Category::kCpuLimit);
    EXPECT_THAT(base::to_text(first.outcome.evidence), HasSubstr("killed it 1 of 2 times"));
    EXPECT_THAT(base::to_text(first.outcome.evidence),
                HasSubstr("rules: padding.yar: Webshell_Letter_Padding"));
    EXPECT_EQ(stored(kRunning), bad_.digest.hex());
    EXPECT_EQ(stored(kKills), bad_.digest.hex() + " 1");
    EXPECT_THAT(scan(test::eicar()).found, ElementsAre("Test_Eicar")) << "with the same content";

    EXPECT_THAT(base::to_text(scan_what_kills().outcome.evidence),
                HasSubstr("restarted on last-known-good"));
    EXPECT_EQ(stored(kRunning), good_.digest.hex());
    EXPECT_EQ(stored(kQuarantine), bad_.digest.hex());
    EXPECT_EQ(stored(kKills), std::nullopt);
    EXPECT_EQ(scan_what_kills().kind, ScanVerdict::Kind::kScanned);

    const base::Outcome again = install(patient_, bad_);
    EXPECT_EQ(again.code, Code::kQuarantined);
    EXPECT_TRUE(again.refused());
    EXPECT_EQ(stored(kRunning), good_.digest.hex());
}

TEST_F(SupervisedScanner, CountsKillsAcrossRestartsOfTheMachine) {
    scan_what_kills();
    ScannerService again(ports());
    ASSERT_OK_AND(
        const ScanVerdict verdict,
        again.scan(ports::file_subject("a.txt", base::view_of(test::bundle_of_one_letter()))));
    EXPECT_THAT(base::to_text(verdict.outcome.evidence), HasSubstr("last-known-good"));
    EXPECT_EQ(stored(kQuarantine), bad_.digest.hex());
}

TEST_F(SupervisedScanner, ForgivesWhatAnotherContentDid) {
    scan_what_kills();
    const Stored fixed = version("Fixed");
    install(patient_, fixed);
    EXPECT_EQ(stored(kKills), std::nullopt);
    EXPECT_EQ(stored(kRunning), fixed.digest.hex());
}

TEST_F(SupervisedScanner, PausesBeforeTheThirdStartInARow) {
    ScannerService patient(ports(), {.kills = 5});
    const auto kill = [&] {
        return *patient.scan(
            ports::file_subject("a.txt", base::view_of(test::bundle_of_one_letter())));
    };
    EXPECT_EQ(kill().outcome.category, Category::kCpuLimit);
    EXPECT_EQ(kill().outcome.category, Category::kCpuLimit) << "the first restart is at once";
    EXPECT_EQ(kill().outcome.code, Code::kRestarting);
    EXPECT_EQ(stored(kKills), bad_.digest.hex() + " 2") << "nothing died of that";
    uptime_.now = {1};
    EXPECT_EQ(kill().outcome.category, Category::kCpuLimit);
    uptime_.now = {2};
    EXPECT_EQ(kill().outcome.code, Code::kRestarting) << "twice as long";
    uptime_.now = {3};
    EXPECT_EQ(kill().outcome.category, Category::kCpuLimit);
}

TEST_F(SupervisedScanner, TakesNoSubjectForADeathThatItsMessagesCannotCarry) {
    const std::string name(kMaxNameBytes + 1, 'n');
    const std::vector<ports::Subject> subjects = {
        ports::file_subject(name, base::view_of("x")),
        {ports::SubjectKind::kMemory, "a.exe", std::vector<ports::Region>(kMaxRegions + 1), {}},
        ports::file_subject("a.txt", base::view_of("x"))};
    ASSERT_OK_AND(const std::vector<ScanVerdict> verdicts, patient_.scan(subjects));
    EXPECT_EQ(verdicts[0].outcome.category, Category::kTooLarge);
    EXPECT_EQ(verdicts[1].outcome.category, Category::kTooLarge);
    EXPECT_EQ(verdicts[2].kind, ScanVerdict::Kind::kScanned);
    EXPECT_EQ(stored(kKills), std::nullopt);
}

TEST_F(SupervisedScanner, TellsItsCallersWhatPolicySaysOfTheUnscanned) {
    const ScanVerdict allowed = scan_what_kills();
    EXPECT_EQ(allowed.access, ports::Access::kAllow);
    EXPECT_FALSE(allowed.detected());
    EXPECT_EQ(patient_.unscanned().allowed, 1u);
    EXPECT_EQ(patient_.unscanned().held, 0u);

    ScannerService strict(ports(), {.when_down = ports::Access::kHold});
    store_.entries.clear();
    ASSERT_OK_AND(const ScanVerdict held, scan_x(strict));
    EXPECT_EQ(held.kind, ScanVerdict::Kind::kNoVerdict);
    EXPECT_EQ(held.access, ports::Access::kHold);
    EXPECT_FALSE(held.detected());
    EXPECT_EQ(strict.unscanned().held, 1u);
}

TEST_F(SupervisedScanner, ScansABatchOneByOneWhereItDiesOfItTogether) {
    const std::string killer = test::bundle_of_one_letter().substr(0, 200'000);
    const std::string eicar = test::eicar();
    const std::vector<ports::Subject> subjects = {
        ports::file_subject("a", base::view_of("harmless")),
        ports::file_subject("eicar.com", base::view_of(eicar)),
    };
    ASSERT_OK_AND(const std::vector<ScanVerdict> clean, patient_.scan(subjects));
    ASSERT_EQ(clean.size(), 2u);
    EXPECT_THAT(clean[0].found, IsEmpty());
    EXPECT_THAT(clean[1].found, ElementsAre("Test_Eicar"));

    const std::vector<ports::Subject> deadly = {
        subjects[1], ports::file_subject("bundle.js", base::view_of(killer)), subjects[0]};
    ASSERT_OK_AND(const std::vector<ScanVerdict> verdicts, patient_.scan(deadly));
    ASSERT_EQ(verdicts.size(), 3u);
    EXPECT_THAT(verdicts[0].found, ElementsAre("Test_Eicar"));
    EXPECT_EQ(verdicts[1].outcome.category, Category::kCpuLimit);
    EXPECT_THAT(base::to_text(verdicts[1].outcome.evidence), HasSubstr("file: bundle.js"));
    EXPECT_EQ(verdicts[2].kind, ScanVerdict::Kind::kScanned);
    EXPECT_EQ(stored(kKills), bad_.digest.hex() + " 1") << "the batch's own death counts for none";
}

// A process that answers what it is told to: no real one sends these replies of its own accord, and
// a hostile one might.
class LyingProcesses final : public ports::ComponentProcesses {
  public:
    base::Result<std::unique_ptr<ports::ComponentProcess>> start(bool) override {
        if (broken) {
            return base::Error{"no process can be started", "", ""};
        }
        return std::unique_ptr<ports::ComponentProcess>(new Process(*this));
    }
    base::Bytes to_load = encode(LoadReply{Code::kNone, 1, "", 0, ""});
    base::Bytes to_scan = encode(ScanReply{{SubjectReply{}}});
    bool broken = false;

  private:
    class Process final : public ports::ComponentProcess {
      public:
        explicit Process(const LyingProcesses& script) : script_(script) {}
        base::Result<ports::CallResult> call(const base::Gathered& request,
                                             std::span<const base::ByteView>) override {
            if (script_.broken) {
                return base::Error{"the wall deadline passed", "", ""};
            }
            const base::Bytes bytes = request.joined();
            const auto parsed = parse_request(bytes);
            EXPECT_TRUE(parsed.ok());
            return ports::CallResult(std::holds_alternative<LoadRules>(*parsed) ? script_.to_load
                                                                                : script_.to_scan);
        }
        std::chrono::microseconds last_call_cpu() const override { return {}; }

      private:
        const LyingProcesses& script_;
    };
};

class DistrustfulService : public ScannerServiceTest {
  protected:
    void SetUp() override {
        first_ = version("V1");
        second_ = version("V2");
        for (const Stored& content : {first_, second_}) {
            install(distrustful_, content);
        }
    }
    ScanVerdict scan() {
        auto verdict = scan_x(distrustful_);
        EXPECT_TRUE(verdict.ok());
        return verdict.ok() ? *std::move(verdict) : ScanVerdict{};
    }

    LyingProcesses liars_;
    ScannerService distrustful_{{store_, liars_, clock_, uptime_}, {.kills = 1}};
    Stored first_, second_;
};

TEST_F(DistrustfulService, RefusesContentWhoseProcessGivesNoValidReply) {
    liars_.to_load = base::bytes_of("loaded, I swear");
    const base::Outcome outcome = install(distrustful_, version("V3"));
    EXPECT_EQ(outcome.stage, Stage::kLoad);
    EXPECT_EQ(outcome.category, Category::kProtocol);
    EXPECT_EQ(outcome.code, Code::kReplyInvalid);
    EXPECT_EQ(stored(kRunning), second_.digest.hex());
}

TEST_F(DistrustfulService, TakesAnInvalidReplyToAScanForADeath) {
    liars_.to_scan = base::bytes_of("\x04 nothing here");
    const ScanVerdict verdict = scan();
    EXPECT_EQ(verdict.kind, ScanVerdict::Kind::kNoVerdict);
    EXPECT_EQ(verdict.outcome.category, Category::kProtocol);
    EXPECT_EQ(stored(kRunning), first_.digest.hex());
    EXPECT_EQ(stored(kQuarantine), second_.digest.hex());
}

TEST_F(DistrustfulService, FailsAScanWithoutFallingBackWhenTheProcessLives) {
    SubjectReply failed;
    failed.code = Code::kOutOfMemory;
    failed.message = "no memory";
    liars_.to_scan = encode(ScanReply{{failed}});
    EXPECT_EQ(scan().outcome.category, Category::kMemoryLimit);
    failed.code = Code::kScanFailed;
    liars_.to_scan = encode(ScanReply{{failed}});
    EXPECT_EQ(scan().outcome.code, Code::kScanFailed);
    EXPECT_EQ(scan().outcome.stage, Stage::kRun);
    EXPECT_EQ(stored(kRunning), second_.digest.hex());
}

TEST_F(DistrustfulService, ChangesNothingWhenTheMachineFails) {
    const auto before = store_.entries;
    liars_.broken = true;
    EXPECT_ERROR(scan_x(distrustful_), "wall deadline");
    EXPECT_ERROR(scan_x(distrustful_), "no process can be started");
    EXPECT_ERROR(installer(distrustful_).install(first_.manifest, first_.digest), "no process");
    EXPECT_EQ(store_.entries, before);
    liars_.broken = false;
    EXPECT_EQ(scan().kind, ScanVerdict::Kind::kScanned);
}

}  // namespace
}  // namespace firebreak::endpoint::scanner
