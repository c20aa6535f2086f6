// The memo table, the interned states and the event kernel against real components that follow each
// of a few hundred endpoints alone.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "determinism/scenarios.h"
#include "support/result_matchers.h"
#include "support/small_lab.h"

namespace firebreak::test {
namespace {

std::string words(const std::vector<lab::HistoryEntry>& history) {
    std::string out;
    for (const lab::HistoryEntry& entry : history) {
        out += to_text(entry.at) + " " + std::string(to_text(entry.category)) + "; ";
    }
    return out;
}

TEST(OneByOne, GivesTheSameHistoriesAsTheFleet) {
    const SmallFixtures fixtures;
    lab::Options with = fixtures.options();
    with.jobs = 2;
    const auto lab = assemble(experiment(kEverything), with);
    std::map<uint32_t, std::vector<lab::HistoryEntry>> histories;
    std::set<base::Category> seen;
    lab->observe([&](uint32_t endpoint, const lab::HistoryEntry& entry) {
        histories[endpoint].push_back(entry);
        seen.insert(entry.category);
    });
    ASSERT_OK(lab->advance_until({2 * 86400}));
    for (const auto category : {base::Category::kInstalled, base::Category::kForbidden,
                                base::Category::kTooOld, base::Category::kCorrupt}) {
        EXPECT_TRUE(seen.contains(category)) << to_text(category);
    }
    // All of the first three groups, and every other one of the last, which is like them.
    for (uint32_t endpoint = 0; endpoint < 300; endpoint += endpoint < 150 ? 1 : 2) {
        ASSERT_OK_AND(const auto alone, lab->follow(endpoint));
        EXPECT_EQ(alone, histories[endpoint])
            << "endpoint " << endpoint << "\n  alone: " << words(alone)
            << "\n  fleet: " << words(histories[endpoint]);
    }
    EXPECT_ERROR(lab->follow(300), "no endpoint 300");
}

}  // namespace
}  // namespace firebreak::test
