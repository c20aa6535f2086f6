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
constexpr auto kKilledBy = "scanner/DatasetA/killed-by";

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
        auto done = service.install(content.manifest, content.digest);
        EXPECT_TRUE(done.ok()) << done.error().text();
        if (!done.ok()) {
            return {};
        }
        EXPECT_TRUE(store_.commit(done->changes).ok());
        return done->outcome;
    }
    base::Outcome install(const Stored& content) { return install(service_, content); }
    ScanVerdict scan(const std::string& subject) {
        auto verdict = service_.scan("subject.txt", base::view_of(subject));
        EXPECT_TRUE(verdict.ok()) << verdict.error().text();
        return verdict.ok() ? *std::move(verdict) : ScanVerdict{};
    }
    // The same machine after a restart: nothing survives but the store.
    ScannerService restarted() { return {store_, processes_}; }

    std::optional<std::string> stored(const char* key) { return *store_.get(key); }

    test::MemoryStore store_;
    test::SandboxedScanners processes_;
    ScannerService service_{store_, processes_};
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
    EXPECT_THAT(scan("x").rules, ElementsAre("V1"));

    const Stored second = version("V2");
    EXPECT_EQ(install(second).category, Category::kInstalled);
    EXPECT_EQ(stored(kRunning), second.digest.hex());
    EXPECT_EQ(stored(kLastKnownGood), first.digest.hex());
    EXPECT_THAT(scan("x").rules, ElementsAre("V2"));
}

TEST_F(ScannerServiceTest, CommitsNothingItselfWhenItInstalls) {
    const Stored first = version("V1");
    ASSERT_OK(service_.install(first.manifest, first.digest));
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
    EXPECT_THAT(scan("x").rules, ElementsAre("V1"));
}

TEST_F(ScannerServiceTest, LoadsWhatIsStoredAfterARestart) {
    install(version("V1"));
    ScannerService again = restarted();
    ASSERT_OK_AND(const ScanVerdict verdict, again.scan("x", {}));
    EXPECT_THAT(verdict.rules, ElementsAre("V1"));
}

TEST_F(ScannerServiceTest, RunsOnWhenItRefusesNewContent) {
    install(version("V1"));
    const auto before = store_.entries;
    for (const char* folder : {"corrupt/DatasetA/does-not-compile", "malicious/DatasetA/include"}) {
        const base::Outcome outcome = install(from_fixture(folder));
        EXPECT_EQ(outcome.stage, Stage::kLoad);
        EXPECT_EQ(outcome.category, Category::kRejected);
        EXPECT_TRUE(outcome.refused());
        EXPECT_THAT(scan("x").rules, ElementsAre("V1"));
    }
    EXPECT_EQ(stored(kRunning), before.at(kRunning));
    EXPECT_EQ(stored(kLastKnownGood), std::nullopt);
    EXPECT_EQ(stored(kKilledBy), std::nullopt);
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

TEST_F(ScannerServiceTest, HasTheRunningContentLoadedAfterARefusalEvenIfItWasNot) {
    install(version("V1"));
    ScannerService again = restarted();
    const int before = processes_.started;
    const Stored broken = from_fixture("corrupt/DatasetA/does-not-compile");
    ASSERT_OK_AND(const ports::Installation done, again.install(broken.manifest, broken.digest));
    EXPECT_EQ(done.outcome.category, Category::kRejected);
    EXPECT_THAT(done.changes, IsEmpty());
    EXPECT_EQ(processes_.started, before + 2) << "one for the new content, one for the old";
    ASSERT_OK_AND(const ScanVerdict verdict, again.scan("x", {}));
    EXPECT_THAT(verdict.rules, ElementsAre("V1"));
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
    EXPECT_EQ(stored(kKilledBy), std::nullopt) << "it has never run";
    EXPECT_THAT(scan("x").rules, ElementsAre("V1"));
}

TEST_F(ScannerServiceTest, RestartsOnLastKnownGoodWhenContentKillsIt) {
    const Stored good = from_fixture("good/DatasetA/2026-03-02");
    const Stored bad = from_fixture("defective/DatasetA/backtracking");
    install(good);
    ASSERT_EQ(install(bad).category, Category::kInstalled);
    EXPECT_THAT(scan(test::eicar()).rules, ElementsAre("Test_Eicar"));

    const int before = processes_.started;
    const ScanVerdict verdict = scan(test::bundle_of_one_letter());
    EXPECT_EQ(verdict.kind, ScanVerdict::Kind::kNoVerdict);
    EXPECT_EQ(verdict.outcome.stage, Stage::kRun);
    EXPECT_EQ(verdict.outcome.category, Category::kCpuLimit);
    EXPECT_THAT(base::to_text(verdict.outcome.evidence),
                HasSubstr("subject: subject.txt; scanner: restarted on last-known-good"));
    EXPECT_EQ(processes_.started, before + 1) << "a real process, loaded before it is committed";
    EXPECT_EQ(stored(kRunning), good.digest.hex());
    EXPECT_EQ(stored(kLastKnownGood), std::nullopt);
    EXPECT_EQ(stored(kKilledBy), bad.digest.hex());

    // Protection is back, for the very file that had killed it too.
    EXPECT_THAT(scan(test::eicar()).rules, ElementsAre("Test_Eicar"));
    EXPECT_EQ(scan(test::bundle_of_one_letter()).kind, ScanVerdict::Kind::kScanned);
    EXPECT_EQ(processes_.started, before + 1);
}

TEST_F(ScannerServiceTest, RunsLastKnownGoodAfterARestartToo) {
    const Stored good = version("V1");
    install(good);
    install(from_fixture("defective/DatasetA/forbidden-call"));
    const ScanVerdict verdict = scan("any file");
    EXPECT_EQ(verdict.outcome.category, Category::kForbidden);
    ScannerService again = restarted();
    ASSERT_OK_AND(const ScanVerdict after, again.scan("x", {}));
    EXPECT_THAT(after.rules, ElementsAre("V1"));
}

TEST_F(ScannerServiceTest, IsDownWhenItIsKilledWithoutALastKnownGood) {
    const Stored bad = from_fixture("defective/DatasetA/forbidden-call");
    install(bad);
    const ScanVerdict killed = scan("any file");
    EXPECT_EQ(killed.outcome.category, Category::kForbidden);
    EXPECT_THAT(base::to_text(killed.outcome.evidence),
                HasSubstr("scanner: down: no last-known-good"));
    EXPECT_EQ(stored(kRunning), std::nullopt);
    EXPECT_EQ(stored(kKilledBy), bad.digest.hex());
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
    EXPECT_THAT(scan("x").rules, ElementsAre("V1"));
}

TEST_F(ScannerServiceTest, CommitsAFallBackOrReportsThatItCould) {
    install(version("V1"));
    install(from_fixture("defective/DatasetA/forbidden-call"));
    const auto before = store_.entries;
    store_.broken = true;
    EXPECT_ERROR(service_.scan("x", {}), "the disk is full");
    EXPECT_EQ(store_.entries, before);
    store_.broken = false;
    EXPECT_EQ(scan("x").outcome.category, Category::kForbidden) << "from the start once more";
    EXPECT_THAT(scan("x").rules, ElementsAre("V1"));
}

TEST_F(ScannerServiceTest, TurnsAwayWhatIsTooLargeBeforeAProcessSeesIt) {
    install(version("V1"));
    const base::Bytes huge(kMaxSubjectBytes + 1);
    ASSERT_OK_AND(const ScanVerdict verdict, service_.scan("huge", huge));
    EXPECT_EQ(verdict.kind, ScanVerdict::Kind::kNoVerdict);
    EXPECT_EQ(verdict.outcome.category, Category::kTooLarge);
    EXPECT_THAT(scan("x").rules, ElementsAre("V1"));

    content::Manifest manifest = version("V2").manifest;
    manifest.payloads[0].size = kMaxRuleBytes + 1;
    const int before = processes_.started;
    ASSERT_OK_AND(const ports::Installation done, service_.install(manifest, {}));
    EXPECT_EQ(done.outcome.category, Category::kTooLarge);
    EXPECT_EQ(processes_.started, before);
}

TEST_F(ScannerServiceTest, ReportsADamagedStoreInsteadOfAnOutcome) {
    const Stored first = version("V1");
    install(first);
    store_.entries[package_key(first)] += " ";
    ScannerService again = restarted();
    EXPECT_ERROR(again.scan("x", {}), "is not the manifest that it is stored as");
    store_.entries.erase(package_key(first));
    EXPECT_ERROR(again.scan("x", {}), "is missing");
    store_.blobs.clear();
    EXPECT_ERROR(service_.install(first.manifest, first.digest), "no such blob");
}

// A process that answers what it is told to: no real one sends these replies of its own accord, and
// a hostile one might.
class LyingProcesses final : public ports::ComponentProcesses {
  public:
    base::Result<std::unique_ptr<ports::ComponentProcess>> start() override {
        if (broken) {
            return base::Error{"no process can be started", "", ""};
        }
        return std::unique_ptr<ports::ComponentProcess>(new Process(*this));
    }
    base::Bytes to_load = encode(LoadReply{Code::kNone, 1, "", 0, ""});
    base::Bytes to_scan = encode(ScanReply{});
    bool broken = false;

  private:
    class Process final : public ports::ComponentProcess {
      public:
        explicit Process(const LyingProcesses& script) : script_(script) {}
        base::Result<ports::CallResult> call(base::ByteView request,
                                             std::span<const base::ByteView>) override {
            if (script_.broken) {
                return base::Error{"the wall deadline passed", "", ""};
            }
            const auto parsed = parse_request(request);
            EXPECT_TRUE(parsed.ok());
            return ports::CallResult(
                std::holds_alternative<LoadRequest>(*parsed) ? script_.to_load : script_.to_scan);
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
        auto verdict = distrustful_.scan("x", {});
        EXPECT_TRUE(verdict.ok());
        return verdict.ok() ? *std::move(verdict) : ScanVerdict{};
    }

    LyingProcesses liars_;
    ScannerService distrustful_{store_, liars_};
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
    EXPECT_EQ(stored(kKilledBy), second_.digest.hex());
}

TEST_F(DistrustfulService, FailsAScanWithoutFallingBackWhenTheProcessLives) {
    liars_.to_scan = encode(ScanReply{Code::kOutOfMemory, {}, "no memory"});
    EXPECT_EQ(scan().outcome.category, Category::kMemoryLimit);
    liars_.to_scan = encode(ScanReply{Code::kScanFailed, {}, "libyara error 25"});
    EXPECT_EQ(scan().outcome.code, Code::kScanFailed);
    EXPECT_EQ(scan().outcome.stage, Stage::kRun);
    EXPECT_EQ(stored(kRunning), second_.digest.hex());
}

TEST_F(DistrustfulService, ChangesNothingWhenTheMachineFails) {
    const auto before = store_.entries;
    liars_.broken = true;
    EXPECT_ERROR(distrustful_.scan("x", {}), "wall deadline");
    EXPECT_ERROR(distrustful_.scan("x", {}), "no process can be started");
    EXPECT_ERROR(distrustful_.install(first_.manifest, first_.digest), "no process");
    EXPECT_EQ(store_.entries, before);
    liars_.broken = false;
    EXPECT_EQ(scan().kind, ScanVerdict::Kind::kScanned);
}

}  // namespace
}  // namespace firebreak::endpoint::scanner
