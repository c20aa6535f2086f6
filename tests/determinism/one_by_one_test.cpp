// The memo table, the interned states and the event kernel against real components that follow each
// of some hundred endpoints alone.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "determinism/scenarios.h"
#include "support/result_matchers.h"
#include "support/small_lab.h"

namespace firebreak::test {
namespace {

using base::Category;
using base::Code;

std::string words(const std::vector<lab::HistoryEntry>& history) {
    std::string out;
    for (const lab::HistoryEntry& entry : history) {
        out += to_text(entry.at) + " " + std::string(to_text(entry.category)) + "; ";
    }
    return out;
}

class OneByOne : public testing::Test {
  protected:
    void run(const scenario::Experiment& experiment) {
        lab::Options with = fixtures_.options();
        with.jobs = 2;
        lab_ = assemble(experiment, with);
        lab_->observe([this](uint32_t endpoint, const lab::HistoryEntry& entry) {
            histories_[endpoint].push_back(entry);
        });
        ASSERT_OK(lab_->advance_until({2 * 86400}));
    }
    void expect_same(uint32_t endpoint) {
        ASSERT_OK_AND(const auto alone, lab_->follow(endpoint));
        EXPECT_EQ(alone, histories_[endpoint])
            << "endpoint " << endpoint << "\n  alone: " << words(alone)
            << "\n  fleet: " << words(histories_[endpoint]);
        for (const lab::HistoryEntry& entry : alone) {
            seen_.insert(entry.category);
            codes_.insert(entry.code);
        }
    }
    // Among those that were followed.
    void expect_seen(const std::vector<Category>& categories, const std::vector<Code>& codes) {
        for (const Category category : categories) {
            EXPECT_TRUE(seen_.contains(category)) << to_text(category);
        }
        for (const Code code : codes) {
            EXPECT_TRUE(codes_.contains(code)) << to_text(code);
        }
    }

    SmallFixtures fixtures_;
    std::unique_ptr<lab::Lab> lab_;
    std::map<uint32_t, std::vector<lab::HistoryEntry>> histories_;
    std::set<Category> seen_;
    std::set<Code> codes_;
};

TEST_F(OneByOne, GivesTheSameHistoriesAsTheFleetUnderDamageAndDefects) {
    run(experiment(kEverything));
    // Some of each group, and fewer of the large ones, whose endpoints are alike.
    for (uint32_t endpoint = 0; endpoint < 300; endpoint += endpoint < 50 ? 2 : 8) {
        expect_same(endpoint);
    }
    expect_seen({Category::kInstalled, Category::kForbidden, Category::kTooOld, Category::kCorrupt},
                {});
    EXPECT_ERROR(lab_->follow(300), "no endpoint 300");
}

TEST_F(OneByOne, GivesTheSameHistoriesAsTheFleetUnderEveryHarmAndItsRecovery) {
    run(fixtures_.experiment(kHarms));
    for (uint32_t endpoint = 0; endpoint < 48; endpoint += 3) {
        expect_same(endpoint);
    }
    expect_seen({Category::kFalsePositive, Category::kMissed, Category::kMeasured,
                 Category::kInfected, Category::kRecovered},
                {Code::kFileHeld, Code::kSystemFileHeld, Code::kNetworkFileHeld, Code::kByReboot,
                 Code::kByRepairKit, Code::kByHand});
}

// Endpoints whose clocks differ come to different answers at different times.
TEST_F(OneByOne, GivesTheSameHistoriesAsTheFleetUnderTheHardenedProfile) {
    std::string clean = kEverything;
    clean.resize(clean.find("[[fault]]"));
    run(experiment(clean + kHardenedFaults));
    for (uint32_t endpoint = 0; endpoint < 300; endpoint += endpoint < 50 ? 3 : 8) {
        expect_same(endpoint);
    }
    expect_seen({Category::kInstalled, Category::kForbidden, Category::kStale},
                {Code::kHeadExpired});
}

TEST_F(OneByOne, GivesTheSameHistoriesAsTheFleetInTheKernel) {
    run(fixtures_.experiment(kBootLoops));
    for (uint32_t endpoint = 0; endpoint < 48; endpoint += 2) {
        expect_same(endpoint);
    }
    expect_seen({Category::kForbidden, Category::kMeasured, Category::kRecovered},
                {Code::kBootFileHeld, Code::kByHand});
}

}  // namespace
}  // namespace firebreak::test
