#include "models/trial_verdict.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <QAbstractItemModelTester>

#include "assay/transition.h"

namespace firebreak::models {
namespace {

using base::Category;
using base::Code;
using base::Stage;
using content::Feed;

record::Assay recorded(const assay::Transition& done) {
    record::Assay out;
    out.category = to_text(done.outcome.category);
    out.code = to_text(done.outcome.code);
    out.json = assay::to_json(done);
    return out;
}

record::Assay poll(Stage stage, Category category, Code code, base::Evidence evidence = {}) {
    assay::Transition done;
    done.outcome = {stage, category, code, std::move(evidence)};
    return recorded(done);
}

record::Assay installed() {
    return poll(Stage::kNever, Category::kInstalled, Code::kNone);
}

record::Assay workload(std::vector<assay::Trigger> triggers,
                       std::vector<assay::RuleUse> rules = {}) {
    assay::Transition done;
    done.triggers = std::move(triggers);
    done.rules = std::move(rules);
    return recorded(done);
}

assay::Trigger crash() {
    assay::Trigger out;
    out.what = "C:\\work\\plan.txt";
    out.per_hour = 1;
    out.outcome = {Stage::kRun,
                   Category::kCpuLimit,
                   Code::kKilledAtCpuLimit,
                   {{"rules", "padding.yar: Letters"}}};
    return out;
}

bridge::PersonaTrial on(const std::string& persona, std::optional<record::Assay> delivery,
                        std::vector<record::Assay> workloads = {}) {
    return {persona, "The " + persona, std::move(delivery), std::move(workloads)};
}

bridge::TrialFiles files(const std::map<std::string, std::string>& texts) {
    bridge::TrialFiles out;
    for (const auto& [name, text] : texts) {
        out[name] = std::make_shared<const base::Bytes>(base::bytes_of(text));
    }
    return out;
}

TEST(TrialVerdict, IsWhatBecameOfTheContent) {
    EXPECT_EQ(verdict_of(on("till", {}), Feed::kDatasetA).standing, TrialStanding::kNoAnswer);
    const auto missing =
        on("till", poll(Stage::kVerify, Category::kMissing, Code::kPayloadMissing));
    EXPECT_EQ(verdict_of(missing, Feed::kDatasetA).standing, TrialStanding::kNotDelivered);
    const auto refused =
        on("till", poll(Stage::kVerify, Category::kCorrupt, Code::kSignatureWrong));
    EXPECT_EQ(verdict_of(refused, Feed::kDatasetA).text(), "refused: signature is wrong");
    const auto broken = on("till", poll(Stage::kLoad, Category::kRejected, Code::kRulesDoNotCompile,
                                        {{"file", "a.yar:3"}}));
    EXPECT_EQ(verdict_of(broken, Feed::kDatasetA).text(), "refused: rules do not compile, a.yar:3");
    const auto works = on("till", installed(), {workload({})});
    EXPECT_EQ(verdict_of(works, Feed::kDatasetA).text(), "works");
    const auto harms = on("till", installed(), {workload({crash()})});
    EXPECT_EQ(verdict_of(harms, Feed::kDatasetA).text(),
              "does harm: killed at its CPU limit, set off by C:\\work\\plan.txt");
}

TEST(TrialVerdict, BlamesARuleOfTheFeedThatIsTried) {
    assay::RuleUse loop;
    loop.feed = Feed::kBehavior;
    loop.rule = "loop";
    loop.errors = 3;
    loop.disabled = true;
    loop.failure = "deadline: loop.lua:5: stopped";
    const auto trial = on("till", installed(), {workload({}, {loop})});
    const TrialVerdict verdict = verdict_of(trial, Feed::kBehavior);
    EXPECT_EQ(verdict.text(), "a rule fails: rule loop is stopped and switched off");
    EXPECT_EQ(verdict.failure, loop.failure);
    EXPECT_EQ(verdict_of(trial, Feed::kRepairKit).standing, TrialStanding::kWorks);
    const TrialVerdict harm = verdict_of(
        on("till", installed(), {workload({}, {loop}), workload({crash()})}), Feed::kBehavior);
    EXPECT_EQ(harm.standing, TrialStanding::kHarms);
}

TEST(TrialVerdict, SurvivesARecordThatIsNone) {
    record::Assay nonsense;
    nonsense.json = "{";
    const TrialVerdict verdict = verdict_of(on("till", nonsense), Feed::kDatasetA);
    EXPECT_EQ(verdict.standing, TrialStanding::kNotMade);
    EXPECT_FALSE(verdict.detail.isEmpty());
}

bridge::TrialResult result(std::vector<bridge::PersonaTrial> tried,
                           std::vector<bridge::PersonaTrial> unmodified) {
    bridge::TrialResult out;
    out.tried.personas = std::move(tried);
    if (!unmodified.empty()) {
        auto side = std::make_shared<bridge::TrialSide>();
        side->personas = std::move(unmodified);
        out.unmodified = side;
    }
    return out;
}

TEST(TrialHeadline, SaysItInASentence) {
    const auto bad = poll(Stage::kVerify, Category::kCorrupt, Code::kSignatureWrong);
    const auto works = [](const std::string& persona) {
        return on(persona, installed(), {workload({})});
    };
    const auto headline = [](const bridge::TrialResult& result) {
        return headline_of(rows_of(result, Feed::kDatasetA)).toStdString();
    };
    EXPECT_EQ(headline(result({on("a", bad), on("b", bad)}, {works("a"), works("b")})),
              "Refused on all 2 personas: signature is wrong; unmodified: works on all 2 personas");
    EXPECT_EQ(headline(result({works("a")}, {})), "Works on the one persona");
    EXPECT_EQ(headline(result({works("a"), works("b")}, {works("a"), works("b")})),
              "Works on all 2 personas; the same comes of the unmodified content");
    EXPECT_EQ(
        headline(result({on("a", installed(), {workload({crash()})}), works("b"), works("c")}, {})),
        "Does harm on 1 of 3 personas: killed at its CPU limit, set off by "
        "C:\\work\\plan.txt; works on 2 of 3 personas");
    EXPECT_EQ(headline({}), "");
}

TEST(TrialHeadline, SaysThatItCouldNotBeTried) {
    bridge::TrialResult failed = result({}, {on("a", installed(), {workload({})})});
    failed.tried.problem = base::Error{"no files", "trial.toml:3:1", ""};
    const auto rows = rows_of(failed, Feed::kDatasetA);
    ASSERT_EQ(rows.size(), 1u);
    EXPECT_TRUE(rows.front().differs());
    EXPECT_EQ(headline_of(rows).toStdString(),
              "Not tried on the one persona; unmodified: works on the one persona");
}

TEST(TrialTable, ListsPersonasAndMarksWhatDiffers) {
    TrialTable table;
    const QAbstractItemModelTester tester(&table);
    const auto bad = poll(Stage::kVerify, Category::kCorrupt, Code::kSignatureWrong);
    table.set_rows(rows_of(
        result({on("a", bad), on("b", installed(), {workload({})})},
               {on("a", installed(), {workload({})}), on("b", installed(), {workload({})})}),
        Feed::kDatasetA));
    ASSERT_EQ(table.rowCount(), 2);
    EXPECT_EQ(table.index(0, TrialTable::kPersona).data(), "The a");
    EXPECT_EQ(table.index(0, TrialTable::kTried).data(), "refused: signature is wrong");
    EXPECT_EQ(table.index(0, TrialTable::kUnmodified).data(), "works");
    EXPECT_TRUE(table.index(0, TrialTable::kTried).data(TrialTable::kDiffersRole).toBool());
    EXPECT_FALSE(table.index(1, TrialTable::kTried).data(TrialTable::kDiffersRole).toBool());
    EXPECT_EQ(table.index(0, TrialTable::kTried).data(TrialTable::kToneRole).toInt(),
              int(Tone::kRefused));
    EXPECT_EQ(table.headerData(1, Qt::Horizontal, Qt::DisplayRole), "This content");
    table.set_rows({});
    EXPECT_EQ(table.rowCount(), 0);
}

TEST(TrialPlaceTest, IsFoundInWhatComponentsSay) {
    const auto content = files({{"documents.yar", "rule A\n{\n}\n  private rule Macro_B : x {\n"},
                                {"loop.lua", "-- a\nrule {id = \"loop\"}\n"},
                                {"my-loop.lua", ""}});
    EXPECT_EQ(place_in("documents.yar:16", content), (TrialPlace{"documents.yar", 16, 1}));
    EXPECT_EQ(place_in("deadline: loop.lua:5:7: stopped", content), (TrialPlace{"loop.lua", 5, 7}));
    EXPECT_EQ(place_in("my-loop.lua:2", content), (TrialPlace{"my-loop.lua", 2, 1}));
    EXPECT_EQ(place_in("documents.yar: Macro_B", content), (TrialPlace{"documents.yar", 4, 1}));
    EXPECT_EQ(place_in("documents.yar: Macro", content), (TrialPlace{"documents.yar", 1, 1}));
    EXPECT_EQ(place_in("loop", content), (TrialPlace{"loop.lua", 2, 1}));
    EXPECT_EQ(place_in("documents.yara:3", content), std::nullopt);
    EXPECT_EQ(place_in("signature is wrong", content), std::nullopt);
    EXPECT_EQ(place_in("", content), std::nullopt);
    EXPECT_EQ(place_in("documents.yar:99999999999999999999", content)->file, "documents.yar");
    TrialVerdict verdict;
    verdict.outcome.evidence = {{"CPU time", "1 s"}, {"rules", "documents.yar: A"}};
    EXPECT_EQ(place_of(verdict, content), (TrialPlace{"documents.yar", 1, 1}));
    verdict.rule = "loop";
    EXPECT_EQ(place_of(verdict, content), (TrialPlace{"loop.lua", 2, 1}));
}

// Evidence comes from content.
RC_GTEST_PROP(TrialPlaceTest, IsInOneOfTheFilesWhateverTheTextSays,
              (const std::string& text, const std::string& content, bool named)) {
    const auto some = files({{"a.yar", content}, {"b.lua", text}});
    const auto place = place_in(named ? "x a.yar:" + text : text, some);
    if (place) {
        RC_ASSERT(some.contains(place->file));
        RC_ASSERT(place->line >= 1 && place->column >= 1);
    }
}

TEST(TrialDamage, IsToldByByteAndBit) {
    bridge::DamageDone damage{"rules.yar", 1234, 5000, 0x41, 0x08, "the payload", true};
    EXPECT_EQ(text_of(damage).toStdString(),
              "rules.yar: byte 1,234 of 5,000 was 0x41 and is 0x49 (bit 3), in the payload");
    damage.flipped = 0;
    EXPECT_EQ(text_of(damage).toStdString(),
              "rules.yar: ends before byte 1,234 of 5,000, in the "
              "payload");
    damage.happened = false;
    EXPECT_EQ(text_of(damage).toStdString(),
              "rules.yar: it has no such byte, and comes as it is (5,000 bytes)");
}

}  // namespace
}  // namespace firebreak::models
