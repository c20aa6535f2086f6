// Three feeds in one real process: what each adds to a verdict, and who pays for whose content.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "endpoint/executables/make_pe.h"
#include "endpoint/reputation/reputation_table.h"
#include "endpoint/scanner/real_scanner.h"
#include "endpoint/scanner/scanner_service.h"

namespace firebreak::endpoint::scanner {
namespace {

using base::Bytes;
using base::Category;
using base::Code;
using content::Feed;
using ports::ScanVerdict;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// Knows what it is told, at once.
class KnowingCloud final : public ports::CloudLookup {
  public:
    ports::CloudAnswer ask(const base::Sha256& file) override {
        const auto found = known.find(file);
        return found == known.end()
                   ? ports::CloudAnswer{ports::CloudAnswer::Kind::kUnknown, 0, {}, {}}
                   : ports::CloudAnswer{ports::CloudAnswer::Kind::kScore, found->second, {}, {}};
    }
    std::map<base::Sha256, uint8_t> known;
};

Bytes program(std::string_view fill) {
    executables::NewPe recipe;
    Bytes code;
    while (code.size() < 2000) {
        code.insert(code.end(), fill.begin(), fill.end());
    }
    recipe.sections = {{".text", code}};
    return executables::make_pe(recipe).value();
}

class ScannerFeeds : public testing::Test {
  protected:
    void SetUp() override {
        install(Feed::kDatasetA, "rules",
                {{"rules.yar",
                  base::bytes_of("rule Marked { strings: $m = \"MARK\" condition: $m }")}});
    }
    base::Outcome install(Feed feed, const std::string& version,
                          const std::map<std::string, Bytes>& payloads) {
        content::Draft draft;
        draft.manifest.feed = feed;
        draft.manifest.version = version;
        for (const auto& [name, bytes] : payloads) {
            draft.manifest.payloads.push_back({name, bytes.size(), base::sha384(bytes)});
            draft.payloads[name] = bytes;
        }
        const test::Stored stored = test::keep(store_, draft);
        auto done = service_.installer(feed).install(stored.manifest, stored.digest);
        if (!done.ok()) {
            ADD_FAILURE() << done.error().text();
            return {};
        }
        EXPECT_TRUE(store_.commit(done->changes).ok());
        return done->outcome;
    }
    base::Outcome install_table(const std::string& version,
                                const std::vector<reputation::TableEntry>& files) {
        return install(Feed::kLocalRepData, version,
                       {{"reputation.table", reputation::write_table(files, {}).value()}});
    }
    static Bytes model(const std::string& name) {
        auto bytes =
            base::read_file(std::filesystem::path(FIREBREAK_MODEL_DIR) / (name + ".so"), 64 << 20);
        EXPECT_TRUE(bytes.ok()) << bytes.error().text();
        return std::move(bytes).value();
    }
    ScanVerdict scan(const Bytes& bytes) {
        auto verdict = service_.scan(ports::file_subject("C:\\a.exe", bytes));
        EXPECT_TRUE(verdict.ok()) << verdict.error().text();
        return verdict.ok() ? *std::move(verdict) : ScanVerdict{};
    }
    std::optional<std::string> stored(const char* key) { return *store_.get(key); }

    test::MemoryStore store_;
    test::SandboxedScanners processes_;
    test::SetClock clock_;
    test::SetUptime uptime_;
    KnowingCloud cloud_;
    ScannerService service_{{store_, processes_, clock_, uptime_, &cloud_}};
    const Bytes plain_ = program("\x55\x48\x89\xe5\x8b\x45\xfc");
    const Bytes marked_ = program("MARK \x8b\x45");
};

TEST_F(ScannerFeeds, HoldAndCleanUpWhatATableKnowsToBeBad) {
    EXPECT_FALSE(scan(plain_).detected());
    ASSERT_EQ(install_table("1", {{base::sha256(plain_), 3}}).category, Category::kInstalled);
    const ScanVerdict verdict = scan(plain_);
    EXPECT_TRUE(verdict.detected());
    EXPECT_TRUE(verdict.cleaned_up);
    EXPECT_THAT(verdict.found, ElementsAre(HasSubstr("known bad")));
    ASSERT_THAT(verdict.tags, SizeIs(1));
    EXPECT_EQ(verdict.tags[0].reputation, 3);
}

TEST_F(ScannerFeeds, NeverCleanUpWhatIsKnownToBeGood) {
    EXPECT_TRUE(scan(marked_).cleaned_up);
    install_table("1", {{base::sha256(marked_), 95}});
    const ScanVerdict verdict = scan(marked_);
    EXPECT_TRUE(verdict.detected()) << "held all the same";
    EXPECT_FALSE(verdict.cleaned_up);
}

TEST_F(ScannerFeeds, LetTheCloudSpeakBesideTheTable) {
    cloud_.known = {{base::sha256(plain_), 4}, {base::sha256(marked_), 96}};
    install_table("1", {{base::sha256(plain_), 90}});
    EXPECT_TRUE(scan(plain_).cleaned_up) << "newer than the table";
    EXPECT_FALSE(scan(marked_).cleaned_up);
    EXPECT_THAT(scan(plain_).tags.at(0).source, HasSubstr("cloud"));
}

TEST_F(ScannerFeeds, TakeWhatIsBadInsideForBadAndWhatIsGoodInsideForNothing) {
    Bytes document = base::bytes_of("a document with MARK in it and ");
    document.insert(document.end(), plain_.begin(), plain_.end());
    install_table("1", {{base::sha256(plain_), 98}});
    EXPECT_TRUE(scan(document).cleaned_up) << "its rules detect it, and it is no program";
    Bytes harmless = base::bytes_of("a document and ");
    harmless.insert(harmless.end(), plain_.begin(), plain_.end());
    EXPECT_FALSE(scan(harmless).detected());
    install_table("2", {{base::sha256(plain_), 2}});
    EXPECT_TRUE(scan(harmless).detected());
}

TEST_F(ScannerFeeds, TreatMemoryByTheTagOfItsProcess) {
    const Bytes memory = base::bytes_of("MARK");
    ports::Subject subject{ports::SubjectKind::kMemory, "a.exe", {{4096, memory}}, {}};
    EXPECT_TRUE(service_.scan(subject)->cleaned_up);
    subject.reputation = 90;
    const ScanVerdict verdict = *service_.scan(subject);
    EXPECT_TRUE(verdict.detected());
    EXPECT_FALSE(verdict.cleaned_up);
}

TEST_F(ScannerFeeds, RefuseATableThatIsUnsoundAndKeepTheOneBefore) {
    install_table("1", {{base::sha256(plain_), 3}});
    Bytes cut = reputation::write_table({{base::sha256(plain_), 99}}, {}).value();
    cut.resize(cut.size() - 1);
    const base::Outcome outcome = install(Feed::kLocalRepData, "2", {{"reputation.table", cut}});
    EXPECT_EQ(outcome.code, Code::kTableMalformed);
    EXPECT_TRUE(outcome.refused());
    EXPECT_TRUE(scan(plain_).detected());
}

TEST_F(ScannerFeeds, ScoreProgramsByTheLiveModelAndLetTelemetryListen) {
    ASSERT_EQ(install(Feed::kMLModels, "1",
                      {{"packed.live.so", model("packed")},
                       {"packed.telemetry.so", model("packed-next")}})
                  .category,
              Category::kInstalled);
    const ScanVerdict verdict = scan(plain_);
    EXPECT_EQ(verdict.kind, ScanVerdict::Kind::kScanned);
    ASSERT_THAT(verdict.scores, SizeIs(2)) << "the first program is in the sample";
    EXPECT_FALSE(verdict.scores[0].telemetry);
    EXPECT_TRUE(verdict.scores[1].telemetry);
    for (const ports::ModelScore& one : verdict.scores) {
        EXPECT_EQ(one.model, "packed");
        EXPECT_EQ(one.threshold, 0.5f);
        EXPECT_EQ(one.sha256, base::sha256(plain_));
        EXPECT_EQ(one.refusal, "");
    }
    EXPECT_NE(verdict.scores[0].version, verdict.scores[1].version);
    EXPECT_THAT(scan(plain_).scores, SizeIs(1));
    EXPECT_THAT(scan(base::bytes_of("no program")).scores, IsEmpty());
}

TEST_F(ScannerFeeds, ActOnNothingThatAModelInTelemetrySays) {
    const Bytes lots = model("half-malicious");
    size_t live = 0, telemetry = 0;
    const auto count = [&](size_t& detected) {
        for (int i = 0; i < 24; ++i) {
            detected += scan(program(fmt::format("program {} \x8b\x45", i))).detected();
        }
    };
    install(Feed::kMLModels, "1", {{"half-malicious.live.so", lots}});
    count(live);
    EXPECT_GT(live, 0u);
    install(Feed::kMLModels, "2", {{"half-malicious.telemetry.so", lots}});
    count(telemetry);
    EXPECT_EQ(telemetry, 0u);
}

TEST_F(ScannerFeeds, SayThatAModelWasPromotedFromTelemetry) {
    install(Feed::kMLModels, "1", {{"packed.telemetry.so", model("packed-next")}});
    const base::Outcome outcome =
        install(Feed::kMLModels, "2", {{"packed.live.so", model("packed-next")}});
    EXPECT_THAT(base::to_text(outcome.evidence), HasSubstr("promoted from telemetry: packed"));
}

TEST_F(ScannerFeeds, RefuseModelsThatTheContractRefuses) {
    install(Feed::kMLModels, "0", {{"packed.live.so", model("packed")}});
    const std::pair<const char*, Code> kRefused[] = {{"wrong-abi", Code::kModelAbi},
                                                     {"needs-library", Code::kModelOverreaches},
                                                     {"self-test-fails", Code::kModelSelfTest},
                                                     {"exports-nothing", Code::kModelAbi}};
    for (const auto& [name, code] : kRefused) {
        const base::Outcome outcome =
            install(Feed::kMLModels, name, {{std::string(name) + ".live.so", model(name)}});
        EXPECT_EQ(outcome.code, code) << name << ": " << base::to_text(outcome.evidence);
        EXPECT_TRUE(outcome.refused());
    }
    const base::Outcome crash =
        install(Feed::kMLModels, "crash", {{"crash-at-load.live.so", model("crash-at-load")}});
    EXPECT_EQ(crash.category, Category::kCrash);
    EXPECT_EQ(crash.stage, base::Stage::kLoad);
    EXPECT_THAT(scan(plain_).scores, SizeIs(1)) << "with the model of before";
}

TEST_F(ScannerFeeds, BlameTheModelThatKillsTheProcessAndNobodyElse) {
    const std::pair<const char*, Category> kDeaths[] = {{"opens-file", Category::kForbidden},
                                                        {"opens-socket", Category::kForbidden},
                                                        {"endless-loop", Category::kCpuLimit}};
    for (const auto& [name, category] : kDeaths) {
        ASSERT_EQ(install(Feed::kMLModels, std::string("good-before-") + name,
                          {{"packed.live.so", model("packed")}})
                      .category,
                  Category::kInstalled);
        const auto good = stored("scanner/MLModels/running");
        const auto rules = stored("scanner/DatasetA/running");
        ASSERT_EQ(install(Feed::kMLModels, name, {{std::string(name) + ".live.so", model(name)}})
                      .category,
                  Category::kInstalled)
            << "what it does shows when it runs";
        for (int kill = 1; kill <= 2; ++kill) {
            uptime_.now.seconds += 3600;
            const ScanVerdict verdict = scan(plain_);
            EXPECT_EQ(verdict.outcome.category, category)
                << name << ": " << base::to_text(verdict.outcome.evidence);
            EXPECT_THAT(base::to_text(verdict.outcome.evidence),
                        HasSubstr("fell with it: DatasetA"));
        }
        EXPECT_EQ(stored("scanner/MLModels/running"), good);
        EXPECT_EQ(stored("scanner/DatasetA/running"), rules);
        EXPECT_THAT(scan(plain_).scores, SizeIs(1));
        EXPECT_TRUE(scan(marked_).detected());
    }
}

TEST_F(ScannerFeeds, LeaveNothingOfABatchUnscoredWhenAModelKillsTheProcess) {
    install(Feed::kMLModels, "1", {{"packed.live.so", model("packed")}});
    install(Feed::kMLModels, "2", {{"opens-file.live.so", model("opens-file")}});
    const std::vector<ports::Subject> subjects(3, ports::file_subject("C:\\a.exe", plain_));
    const auto verdicts = service_.scan(subjects);
    ASSERT_OK(verdicts);
    EXPECT_EQ((*verdicts)[0].outcome.category, Category::kForbidden);
    EXPECT_EQ((*verdicts)[1].outcome.category, Category::kForbidden) << "the second kill";
    EXPECT_THAT((*verdicts)[2].scores, SizeIs(1)) << "by the model of before";
}

TEST_F(ScannerFeeds, ScoreOnlySoManyProgramsOfOneSubject) {
    install(Feed::kMLModels, "1", {{"packed.live.so", model("packed")}});
    Bytes many = base::bytes_of("a document with ");
    for (size_t i = 0; i < kMostScored + 4; ++i) {
        const Bytes one = program(fmt::format("program {} \x8b\x45", i));
        many.insert(many.end(), one.begin(), one.end());
    }
    EXPECT_THAT(scan(many).scores, SizeIs(kMostScored));
}

TEST_F(ScannerFeeds, SayWhichModelGaveNoScore) {
    install(Feed::kMLModels, "1", {{"not-a-number.live.so", model("not-a-number")}});
    const ScanVerdict verdict = scan(marked_);
    EXPECT_TRUE(verdict.detected()) << "by the rules";
    ASSERT_THAT(verdict.scores, SizeIs(1));
    EXPECT_EQ(verdict.scores[0].model, "not-a-number");
    EXPECT_EQ(verdict.scores[0].sha256, base::sha256(marked_));
    EXPECT_THAT(verdict.scores[0].refusal, HasSubstr("a score that is not 0 to 1"));
}

TEST_F(ScannerFeeds, GoOnWithoutAFeedWhoseLastContentIsGone) {
    install(Feed::kMLModels, "1", {{"opens-file.live.so", model("opens-file")}});
    for (int kill = 1; kill <= 2; ++kill) {
        uptime_.now.seconds += 3600;
        EXPECT_EQ(scan(plain_).kind, ScanVerdict::Kind::kNoVerdict);
    }
    EXPECT_EQ(stored("scanner/MLModels/running"), std::nullopt);
    EXPECT_EQ(scan(plain_).kind, ScanVerdict::Kind::kScanned);
    EXPECT_TRUE(scan(marked_).detected());
}

}  // namespace
}  // namespace firebreak::endpoint::scanner
