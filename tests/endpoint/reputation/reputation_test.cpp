#include "endpoint/reputation/reputation.h"

#include <gtest/gtest.h>

#include "endpoint/reputation/entries.h"

namespace firebreak::endpoint::reputation {
namespace {

Treatment treatment(uint8_t score, bool rules_detect, Source source = Source::kTableHash) {
    return treatment_of({score, source}, rules_detect);
}

TEST(Reputation, HasThePublishedBands) {
    for (unsigned score = 0; score <= 100; ++score) {
        const Band expected = score <= 19   ? Band::kKnownBad
                              : score <= 29 ? Band::kPotentiallyUnwanted
                              : score <= 69 ? Band::kUnknown
                                            : Band::kKnownGood;
        EXPECT_EQ(band_of(static_cast<uint8_t>(score)), expected) << score;
    }
    EXPECT_EQ(to_text(band_of(0)), "known bad");
    EXPECT_EQ(to_text(band_of(20)), "potentially unwanted");
    EXPECT_EQ(to_text(band_of(100)), "known good");
}

TEST(Reputation, OfWhatNobodyKnowsIsUnknown) {
    EXPECT_EQ(band_of(Reputation{}.score), Band::kUnknown);
    EXPECT_EQ(to_text(Reputation{}.source), "nobody");
    EXPECT_EQ(to_text(Source::kTableSigner), "local table, by signer");
}

TEST(Treatment, OfKnownGoodNeverCleansUp) {
    for (unsigned score = 70; score <= 100; ++score) {
        EXPECT_EQ(treatment(static_cast<uint8_t>(score), true), (Treatment{true, false}));
        EXPECT_EQ(treatment(static_cast<uint8_t>(score), false), (Treatment{false, false}));
    }
}

TEST(Treatment, OfKnownBadDetectsWhateverRulesSay) {
    for (unsigned score = 0; score < 20; ++score) {
        EXPECT_EQ(treatment(static_cast<uint8_t>(score), true), (Treatment{true, true}));
        EXPECT_EQ(treatment(static_cast<uint8_t>(score), false), (Treatment{true, true}));
    }
}

TEST(Treatment, OfAllOthersIsWhatRulesSay) {
    for (unsigned score = 20; score < 70; ++score) {
        EXPECT_EQ(treatment(static_cast<uint8_t>(score), true), (Treatment{true, true}));
        EXPECT_EQ(treatment(static_cast<uint8_t>(score), false), (Treatment{false, false}));
    }
    EXPECT_EQ(treatment_of(Reputation{}, true), (Treatment{true, true}));
    EXPECT_EQ(treatment_of(Reputation{}, false), (Treatment{false, false}));
}

TEST(Treatment, DependsOnTheScoreAndNotOnWhereItCameFrom) {
    for (const Source source :
         {Source::kTableHash, Source::kTableSigner, Source::kCloud, Source::kCloudCache}) {
        EXPECT_EQ(treatment_of({5, source}, false), (Treatment{true, true}));
        EXPECT_EQ(treatment_of({95, source}, true), (Treatment{true, false}));
    }
}

}  // namespace
}  // namespace firebreak::endpoint::reputation
