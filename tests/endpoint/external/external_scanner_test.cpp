// A scanner of somebody's own behind the service that drives our own: grep, whose patterns are the
// content, and other real programs, in the sandbox.
#include "endpoint/external/external_scanner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "assay/program_under_test.h"
#include "endpoint/scanner/real_scanner.h"
#include "endpoint/scanner/scanner_service.h"

namespace firebreak::endpoint::external {
namespace {

using assay::ProgramUnderTest;
using base::Category;
using base::Code;
using ports::ScanVerdict;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr auto kRunning = "scanner/DatasetA/running";
constexpr auto kQuarantine = "scanner/DatasetA/quarantine";

sandbox::CommandPolicy policy(const std::string& program) {
    sandbox::CommandPolicy out;
    out.program = program;
    out.binds = {"/lib", "/lib64", "/usr/lib"};
    out.limits.cpu_s = 1;
    return out;
}

Contract grep_contract() {
    Contract out;
    out.check = {"-o", "-H", "-f", kContentFiles, kSubject};
    out.scan = out.check;
    out.exit_codes = {{0, Answer::kDetected}, {1, Answer::kClean}, {2, Answer::kFailed}};
    out.rules = {"^/subject/[^:]*:(.*)"};
    out.wall = std::chrono::seconds(60);
    return out;
}

class ExternalScannerTest : public testing::Test {
  protected:
    void use(const std::string& program, const Contract& contract) {
        auto made = ProgramUnderTest::create(spawner_, policy(program), contract);
        ASSERT_OK(made);
        program_ = std::move(made).value();
        service_.emplace(scanner::ScannerPorts{store_, program_->processes(), clock_, uptime_},
                         scanner::ScannerSetting{.kills = 1});
    }
    base::Outcome install(const std::string& patterns) {
        const test::Stored content = test::keep(
            store_,
            test::draft_of("v" + std::to_string(++versions_), {{"patterns.txt", patterns}}));
        auto done =
            service_->installer(content::Feed::kDatasetA).install(content.manifest, content.digest);
        EXPECT_TRUE(done.ok()) << done.error().text();
        if (!done.ok()) {
            return {};
        }
        EXPECT_TRUE(store_.commit(done->changes).ok());
        return done->outcome;
    }
    ScanVerdict scan(const std::string& subject, const std::string& name = "C:\\a\\b c.txt") {
        auto verdict = service_->scan(ports::file_subject(name, base::view_of(subject)));
        EXPECT_TRUE(verdict.ok()) << verdict.error().text();
        return verdict.ok() ? *std::move(verdict) : ScanVerdict{};
    }

    sandbox::Spawner spawner_{test::worker_binary()};
    test::MemoryStore store_;
    test::SetClock clock_;
    test::SetUptime uptime_;
    std::unique_ptr<ProgramUnderTest> program_;
    std::optional<scanner::ScannerService> service_;
    int versions_ = 0;
};

TEST_F(ExternalScannerTest, LoadsAndFindsLikeOurOwn) {
    use("/usr/bin/grep", grep_contract());
    const base::Outcome outcome = install("evil[0-9]\nworse\n");
    EXPECT_EQ(outcome.category, Category::kInstalled);
    EXPECT_THAT(scan("all is well").found, IsEmpty());
    EXPECT_THAT(scan("an evil7 and worse").found, ElementsAre("evil7", "worse"));
    EXPECT_EQ(scan("nothing").kind, ScanVerdict::Kind::kScanned);
}

TEST_F(ExternalScannerTest, IsGivenWhateverNameASubjectHas) {
    use("/usr/bin/grep", grep_contract());
    install("evil");
    for (const char* name : {"", "..", "C:\\", "a/../../etc/passwd", "-r", "x\n/subject/y:evil",
                             "C:\\\xff\x01:;", "/subject/", "patterns.txt"}) {
        EXPECT_THAT(scan("evil", name).found, ElementsAre("evil")) << name;
    }
    EXPECT_THAT(scan("evil", std::string(scanner::kMaxNameBytes, 'n')).found, ElementsAre("evil"));
}

TEST_F(ExternalScannerTest, KeepsWhatRunsWhenContentIsRefused) {
    use("/usr/bin/grep", grep_contract());
    install("evil");
    const base::Outcome outcome = install("a\\(");
    EXPECT_EQ(outcome.stage, base::Stage::kLoad);
    EXPECT_EQ(outcome.category, Category::kRejected);
    EXPECT_EQ(outcome.code, Code::kRulesDoNotCompile);
    EXPECT_THAT(base::to_text(outcome.evidence), HasSubstr("Unmatched"));
    EXPECT_THAT(scan("evil").found, ElementsAre("evil"));
}

// Content that is a program, in a scanner that runs it: awk's, so that it can do all of that.
TEST_F(ExternalScannerTest, GoesBackToLastKnownGoodWhenContentKillsIt) {
    Contract contract;
    contract.check = {"-f", kContentFiles, kSubject};
    contract.scan = contract.check;
    contract.exit_codes = {{0, Answer::kClean}};
    contract.rules = {"^found (.*)"};
    contract.wall = std::chrono::seconds(60);
    use("/usr/bin/mawk", contract);
    const std::string good = "/evil/ { print \"found evil\" }";
    install(good);
    const std::string first = store_.entries[kRunning];
    EXPECT_EQ(install(good + "\n/trigger/ { while (1) { } }").category, Category::kInstalled);
    EXPECT_THAT(scan("evil").found, ElementsAre("evil"));
    const std::string second = store_.entries[kRunning];
    EXPECT_NE(first, second);

    const ScanVerdict killed = scan("trigger");
    EXPECT_EQ(killed.kind, ScanVerdict::Kind::kNoVerdict);
    EXPECT_EQ(killed.outcome.category, Category::kCpuLimit);
    EXPECT_THAT(base::to_text(killed.outcome.evidence),
                HasSubstr("scanner: restarted on last-known-good"));
    EXPECT_EQ(store_.entries[kRunning], first);
    EXPECT_EQ(store_.entries[kQuarantine], second);
    EXPECT_THAT(scan("evil").found, ElementsAre("evil"));
}

TEST_F(ExternalScannerTest, IsTakenForDeadWhenItsExitStatusIsNotInItsContract) {
    Contract contract = grep_contract();
    contract.exit_codes.erase(2);
    use("/usr/bin/grep", contract);
    const base::Outcome outcome = install("a\\(");
    EXPECT_EQ(outcome.category, Category::kProtocol);
    EXPECT_EQ(outcome.code, Code::kExited);
    EXPECT_THAT(base::to_text(outcome.evidence), HasSubstr("exit status: 2"));
}

TEST_F(ExternalScannerTest, IsWhatItsFileAndItsContractAre) {
    const auto identity = [&](const std::string& program, const Contract& contract) {
        auto made = ProgramUnderTest::create(spawner_, policy(program), contract);
        return made.ok() ? (*made)->identity() : made.error().text();
    };
    const std::string grep = identity("/usr/bin/grep", grep_contract());
    EXPECT_THAT(grep, testing::MatchesRegex("/usr/bin/grep [0-9a-f]+ as [0-9a-f]+"));
    EXPECT_EQ(identity("/usr/bin/grep", grep_contract()), grep);
    Contract other = grep_contract();
    other.scan.insert(other.scan.begin(), "-i");
    EXPECT_NE(identity("/usr/bin/grep", other), grep);
    EXPECT_EQ(identity("/usr/bin/grep", other).substr(0, 38), grep.substr(0, 38));
    const std::string sed = identity("/usr/bin/sed", grep_contract());
    EXPECT_NE(sed.substr(13, 24), grep.substr(14, 24));
    EXPECT_EQ(sed.substr(sed.find(" as ")), grep.substr(grep.find(" as ")));
    EXPECT_THAT(identity("/usr/bin/no-such-scanner", other), HasSubstr("not on this machine"));
}

}  // namespace
}  // namespace firebreak::endpoint::external
