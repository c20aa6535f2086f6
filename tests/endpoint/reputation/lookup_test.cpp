#include "endpoint/reputation/lookup.h"

#include <gtest/gtest.h>

#include <map>

#include "endpoint/reputation/entries.h"
#include "support/result_matchers.h"

namespace firebreak::endpoint::reputation {
namespace {

using ports::CloudAnswer;
using std::chrono::milliseconds;
using test::key;

// Answers as it is told, and counts how often it is asked.
class ScriptedCloud final : public ports::CloudLookup {
  public:
    CloudAnswer ask(const Sha256& file) override {
        ++asked;
        const auto found = answers.find(file);
        return found == answers.end() ? otherwise : found->second;
    }
    std::map<Sha256, CloudAnswer> answers;
    CloudAnswer otherwise;
    unsigned asked = 0;
};

const Sha256 kBad = key(1);
const Sha256 kMiddling = key(2);
const Sha256 kGood = key(3);
const Sha256 kUnlisted = key(4);
const Sha256 kGoodSigner = key(10);
const Sha256 kBadSigner = key(11);
const Sha256 kUnlistedSigner = key(12);

class LookupTest : public testing::Test {
  protected:
    void SetUp() override {
        const auto table = ReputationTable::open(bytes_);
        ASSERT_OK(table);
        table_ = *table;
        cloud_.otherwise = unknown();
    }
    base::UtcTime in(base::Duration span) const { return clock_.now + span; }
    CloudAnswer score(uint8_t value, milliseconds latency = milliseconds(40)) const {
        return {CloudAnswer::Kind::kScore, value, in(base::hours(1)), latency};
    }
    CloudAnswer unknown() const {
        return {CloudAnswer::Kind::kUnknown, 0, in(base::hours(1)), milliseconds(40)};
    }
    static CloudAnswer unreachable() {
        return {CloudAnswer::Kind::kUnreachable, 0, {}, milliseconds(30'000)};
    }
    Reputation of(const Sha256& file, const std::optional<Sha256>& signer = std::nullopt) {
        return lookup_.look_up(file, says(file, signer));
    }
    TableAnswer says(const Sha256& file, const std::optional<Sha256>& signer = std::nullopt) {
        return table_ ? ask(*table_, file, signer) : TableAnswer{};
    }
    // How often the cloud is asked in so many look-ups of files that nobody has seen.
    unsigned asked_in(unsigned look_ups) {
        const unsigned before = cloud_.asked;
        for (unsigned n = 0; n < look_ups; ++n) {
            of(key(next_file_++));
        }
        return cloud_.asked - before;
    }

    base::Bytes bytes_ = write_table({{kBad, 5}, {kMiddling, 50}, {kGood, 90}},
                                     {{kGoodSigner, 80}, {kBadSigner, 10}})
                             .value();
    test::SetClock clock_;
    ScriptedCloud cloud_;
    std::optional<ReputationTable> table_;
    Lookup lookup_{&cloud_, clock_};
    uint64_t next_file_ = 1000;
};

TEST_F(LookupTest, KnowsAFileByItsHashBeforeItsSigner) {
    EXPECT_EQ(of(kBad, kGoodSigner), (Reputation{5, Source::kTableHash}));
    EXPECT_EQ(of(kMiddling, kGoodSigner), (Reputation{50, Source::kTableHash}));
    EXPECT_EQ(of(kGood, kBadSigner), (Reputation{90, Source::kTableHash}));
}

TEST_F(LookupTest, KnowsASignerOnlyIfTheSignatureWasVerified) {
    EXPECT_EQ(of(kUnlisted, kGoodSigner), (Reputation{80, Source::kTableSigner}));
    EXPECT_EQ(of(kUnlisted, kBadSigner), (Reputation{10, Source::kTableSigner}));
    EXPECT_EQ(of(kUnlisted), Reputation{});
    EXPECT_EQ(of(kUnlisted, kUnlistedSigner), Reputation{});
    // A signer's certificate is no file, and a file no signer.
    EXPECT_EQ(of(kGoodSigner), Reputation{});
    EXPECT_EQ(of(kUnlisted, kGood), Reputation{});
}

TEST_F(LookupTest, LetsTheNewerCloudSpeakBeforeTheTable) {
    cloud_.answers = {{kMiddling, score(95)}, {kGood, score(3)}, {kUnlisted, score(71)}};
    EXPECT_EQ(of(kMiddling), (Reputation{95, Source::kCloud}));
    EXPECT_EQ(of(kGood), (Reputation{3, Source::kCloud}));
    EXPECT_EQ(of(kUnlisted, kBadSigner), (Reputation{71, Source::kCloud}));
}

TEST_F(LookupTest, LetsNothingTakeBackThatTheTableKnowsAFileToBeBad) {
    cloud_.answers = {{kBad, score(100)}};
    EXPECT_EQ(of(kBad, kGoodSigner), (Reputation{5, Source::kTableHash}));
    EXPECT_EQ(cloud_.asked, 0U);
}

TEST_F(LookupTest, LetsTheCloudHealAFalsePositiveWhereThePolicySaysSo) {
    Lookup lookup(&cloud_, clock_, {.known_bad_is_final = false});
    EXPECT_EQ(lookup.look_up(kBad, says(kBad)), (Reputation{5, Source::kTableHash}));
    cloud_.answers = {{kBad, score(100)}};
    clock_.now = in(base::hours(1));
    EXPECT_EQ(lookup.look_up(kBad, says(kBad)), (Reputation{100, Source::kCloud}));
}

TEST_F(LookupTest, FallsBackOnTheTableWhenTheCloudKnowsNothing) {
    EXPECT_EQ(of(kGood), (Reputation{90, Source::kTableHash}));
    EXPECT_EQ(of(kGood), (Reputation{90, Source::kTableHash}));
    EXPECT_EQ(cloud_.asked, 1U);  // that the cloud does not know it is kept as well
    cloud_.otherwise = unreachable();
    EXPECT_EQ(of(kMiddling), (Reputation{50, Source::kTableHash}));
    EXPECT_EQ(of(kUnlisted, kGoodSigner), (Reputation{80, Source::kTableSigner}));
}

TEST_F(LookupTest, WorksWithEitherAlone) {
    Lookup no_cloud(nullptr, clock_);
    EXPECT_EQ(no_cloud.look_up(kGood, {}), Reputation{});
    EXPECT_EQ(no_cloud.look_up(kGood, says(kGood)), (Reputation{90, Source::kTableHash}));
    EXPECT_EQ(no_cloud.counts(), CloudCounts{});
    table_ = std::nullopt;
    cloud_.answers = {{kBad, score(44)}};
    EXPECT_EQ(of(kBad), (Reputation{44, Source::kCloud}));
    EXPECT_EQ(of(kGood, kGoodSigner), Reputation{});
}

// --- the cloud's answers, kept -------------------------------------------------------------------

TEST_F(LookupTest, AsksOnceUntilTheAnswersTimeIsOver) {
    cloud_.answers = {{kUnlisted, score(71)}};
    EXPECT_EQ(of(kUnlisted).source, Source::kCloud);
    clock_.now = in(base::minutes(59));
    EXPECT_EQ(of(kUnlisted), (Reputation{71, Source::kCloudCache}));
    clock_.now = in(base::minutes(1));
    EXPECT_EQ(of(kUnlisted), (Reputation{71, Source::kCloud}));
    EXPECT_EQ(cloud_.asked, 2U);
    EXPECT_EQ(lookup_.counts().from_cache, 1U);
}

TEST_F(LookupTest, UsesAndDoesNotKeepAnAnswerThatIsOverOrWantsToStayTooLong) {
    for (const base::UtcTime until : {in(base::hours(0)), in({24 * 3600 + 1}),
                                      base::UtcTime{INT64_MAX}, base::UtcTime{INT64_MIN}}) {
        cloud_.answers[kUnlisted] = score(71);
        cloud_.answers[kUnlisted].keep_until = until;
        EXPECT_EQ(of(kUnlisted), (Reputation{71, Source::kCloud}));
    }
    cloud_.answers[kUnlisted].keep_until = in(base::hours(24));
    EXPECT_EQ(of(kUnlisted).source, Source::kCloud);
    EXPECT_EQ(of(kUnlisted).source, Source::kCloudCache);
}

TEST_F(LookupTest, DrivesOutNothingForAnAnswerThatIsOver) {
    Lookup lookup(&cloud_, clock_, {.kept_answers = 1});
    cloud_.answers = {{kUnlisted, score(71)}, {kGood, score(72)}};
    cloud_.answers[kGood].keep_until = clock_.now;
    lookup.look_up(kUnlisted, {});
    EXPECT_EQ(lookup.look_up(kGood, {}), (Reputation{72, Source::kCloud}));
    EXPECT_EQ(lookup.look_up(kUnlisted, {}), (Reputation{71, Source::kCloudCache}));
}

TEST_F(LookupTest, KeepsAnswersWhenTheTableChanges) {
    cloud_.answers = {{kUnlisted, score(71)}};
    of(kUnlisted);
    const base::Bytes newer = write_table({{kUnlisted, 40}}, {}).value();
    table_ = ReputationTable::open(newer).value();
    EXPECT_EQ(of(kUnlisted), (Reputation{71, Source::kCloudCache}));
}

// --- deadlines and outages -----------------------------------------------------------------------

TEST_F(LookupTest, TakesALateAnswerForTheNextTime) {
    cloud_.answers = {{kMiddling, score(95, milliseconds(501))}};
    EXPECT_EQ(of(kMiddling), (Reputation{50, Source::kTableHash}));
    EXPECT_EQ(of(kMiddling), (Reputation{95, Source::kCloudCache}));
    cloud_.answers = {{kUnlisted, score(95, milliseconds(500))}};
    of(key(500));  // passed over, since the last answer was late
    EXPECT_EQ(of(kUnlisted), (Reputation{95, Source::kCloud}));
}

TEST_F(LookupTest, LetsNoFileWaitLongerThanTheDeadline) {
    cloud_.otherwise = unreachable();
    of(kUnlisted);
    EXPECT_EQ(lookup_.counts().waited, milliseconds(500));
    of(key(500));
    EXPECT_EQ(lookup_.counts().waited, milliseconds(500));
    cloud_.otherwise = unknown();
    of(key(501));
    EXPECT_EQ(lookup_.counts().waited, milliseconds(540));
}

TEST_F(LookupTest, AsksMoreAndMoreSeldomInAnOutage) {
    cloud_.otherwise = unreachable();
    // 1 asked and 1 passed over, 1 and 2, 1 and 4 … 1 and 64, and then every 65th.
    EXPECT_EQ(asked_in(2), 1U);
    EXPECT_EQ(asked_in(3), 1U);
    EXPECT_EQ(asked_in(5), 1U);
    EXPECT_EQ(asked_in(9 + 17 + 33 + 65), 4U);
    EXPECT_EQ(asked_in(650), 10U);
    EXPECT_EQ(lookup_.counts().unreachable, 17U);
    EXPECT_EQ(lookup_.counts().skipped, 1 + 2 + 4 + 8 + 16 + 32 + 11 * 64U);
}

TEST_F(LookupTest, IsBackWithTheFirstAnswerInTime) {
    cloud_.otherwise = unreachable();
    asked_in(2 + 3 + 5);
    cloud_.otherwise = unknown();
    EXPECT_EQ(asked_in(100), 100U);
    cloud_.otherwise = unreachable();
    EXPECT_EQ(asked_in(2), 1U);  // and the next outage begins like the first
    EXPECT_EQ(asked_in(3), 1U);
}

TEST_F(LookupTest, BacksOffFromACloudThatIsAlwaysLate) {
    cloud_.otherwise = unknown();
    cloud_.otherwise.latency = milliseconds(900);
    EXPECT_EQ(asked_in(10), 3U);
    EXPECT_EQ(lookup_.counts().late, 3U);
}

TEST_F(LookupTest, UsesKeptAnswersDuringAnOutage) {
    cloud_.answers = {{kUnlisted, score(71)}};
    of(kUnlisted);
    cloud_.otherwise = unreachable();
    asked_in(20);
    EXPECT_EQ(of(kUnlisted), (Reputation{71, Source::kCloudCache}));
}

TEST_F(LookupTest, TakesAScoreThatThereIsNotForNoAnswer) {
    cloud_.answers = {{kMiddling, score(101)}};
    EXPECT_EQ(of(kMiddling), (Reputation{50, Source::kTableHash}));
    EXPECT_EQ(lookup_.counts().unreachable, 1U);
    EXPECT_EQ(lookup_.counts().in_time, 0U);
}

TEST_F(LookupTest, NeverBacksOffIfToldNotTo) {
    Lookup eager(&cloud_, clock_, {.most_skipped = 0});
    cloud_.otherwise = unreachable();
    for (uint64_t n = 0; n < 10; ++n) {
        eager.look_up(key(n), {});
    }
    EXPECT_EQ(cloud_.asked, 10U);
}

}  // namespace
}  // namespace firebreak::endpoint::reputation
