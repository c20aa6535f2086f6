// The names by which people know metrics and outcomes: complete, and no two alike.
#include <gtest/gtest.h>

#include <set>

#include "base/metric.h"
#include "base/outcome.h"

namespace firebreak::base {
namespace {

TEST(Metrics, StandInTheOrderOfTheirNumbersAndAreFoundByName) {
    ASSERT_EQ(metrics().size(), static_cast<size_t>(Metric::kTimeToHalt) + 1);
    for (size_t i = 0; i < metrics().size(); ++i) {
        const MetricInfo& entry = metrics()[i];
        EXPECT_EQ(static_cast<size_t>(entry.metric), i);
        EXPECT_EQ(&info(entry.metric), &entry);
        EXPECT_EQ(find_metric(entry.name), entry.metric);
        EXPECT_FALSE(entry.meaning.empty());
    }
    EXPECT_EQ(find_metric("Affected"), std::nullopt);
    EXPECT_EQ(find_metric(""), std::nullopt);
}

// Every number from 0 to 999 is asked for: names of those that exist must differ.
template <class Enum>
std::set<std::string_view> distinct_names(unsigned last) {
    std::set<std::string_view> names;
    size_t named = 0;
    for (unsigned i = 0; i <= last; ++i) {
        const std::string_view name = to_text(static_cast<Enum>(i));
        if (name != "unknown") {
            names.insert(name);
            ++named;
        }
    }
    EXPECT_EQ(names.size(), named);
    return names;
}

TEST(Outcomes, HaveDistinctNames) {
    EXPECT_EQ(distinct_names<Stage>(255).size(), 5u);
    EXPECT_EQ(distinct_names<Category>(255).size(), 16u);
    EXPECT_EQ(distinct_names<Code>(999).size(), 35u);
}

TEST(Outcomes, CountAsRefusedOnlyWhenCaughtBeforeTheyRun) {
    EXPECT_FALSE((Outcome{Stage::kNever, {}, {}, {}}.refused()));
    EXPECT_TRUE((Outcome{Stage::kVerify, {}, {}, {}}.refused()));
    EXPECT_TRUE((Outcome{Stage::kInstall, {}, {}, {}}.refused()));
    EXPECT_TRUE((Outcome{Stage::kLoad, {}, {}, {}}.refused()));
    EXPECT_FALSE((Outcome{Stage::kRun, {}, {}, {}}.refused()));
}

TEST(Evidence, ReadsAsAList) {
    EXPECT_EQ(to_text(Evidence{}), "");
    EXPECT_EQ(to_text(Evidence{{"signal", "SIGSYS"}, {"system call", "openat"}}),
              "signal: SIGSYS; system call: openat");
}

}  // namespace
}  // namespace firebreak::base
