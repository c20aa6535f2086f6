// The names by which people know metrics and outcomes: complete, and no two alike.
#include <gtest/gtest.h>

#include <set>

#include "base/metric.h"
#include "base/outcome.h"

namespace firebreak::base {
namespace {

TEST(Metrics, StandInTheOrderOfTheirNumbersAndAreFoundByName) {
    ASSERT_EQ(metrics().size(), 29u);
    static_assert(kMetricCount == static_cast<size_t>(Metric::kEvidence) + 1);
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

TEST(Metrics, HaveDistinctNamesInTheStyleOfKeys) {
    std::set<std::string_view> names;
    for (const MetricInfo& entry : metrics()) {
        names.insert(entry.name);
        EXPECT_EQ(entry.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_"),
                  std::string_view::npos)
            << entry.name;
    }
    EXPECT_EQ(names.size(), metrics().size());
}

TEST(Metrics, AreBrokenDownByAtMostOneThing) {
    const auto broken_down_by = [](Part part) {
        std::set<std::string_view> names;
        for (const MetricInfo& entry : metrics()) {
            if (entry.part == part) {
                names.insert(entry.name);
            }
        }
        return names;
    };
    using Names = std::set<std::string_view>;
    EXPECT_EQ(broken_down_by(Part::kChannel), Names{"signals"});
    EXPECT_EQ(broken_down_by(Part::kHarm), Names{"harm"});
    EXPECT_EQ(broken_down_by(Part::kPersona),
              (Names{"exposed", "affected", "refused", "protected", "lost", "harmed",
                     "protection_gap", "infections"}));
}

TEST(Metrics, SayWhatTheyCountAndOfWhat) {
    for (const Metric metric :
         {Metric::kTimeToDetect, Metric::kTimeToHalt, Metric::kTimeToRecover}) {
        EXPECT_EQ(info(metric).unit, Unit::kSeconds) << info(metric).name;
    }
    EXPECT_EQ(info(Metric::kHalted).unit, Unit::kFlag);
    EXPECT_EQ(info(Metric::kProtectionGap).unit, Unit::kEndpointHours);
    EXPECT_EQ(info(Metric::kInfections).unit, Unit::kEndpoints);
    EXPECT_EQ(info(Metric::kRecoveredHand).unit, Unit::kCount);
    std::set<std::string_view> of_a_release;
    std::set<std::string_view> of_no_group;
    for (const MetricInfo& entry : metrics()) {
        if (entry.per_release) {
            of_a_release.insert(entry.name);
        }
        if (!entry.per_group) {
            of_no_group.insert(entry.name);
        }
    }
    EXPECT_EQ(of_a_release,
              (std::set<std::string_view>{"running", "halted", "installed", "evidence"}));
    EXPECT_EQ(of_no_group, (std::set<std::string_view>{"halted", "false_halts", "evidence"}));
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
    EXPECT_EQ(distinct_names<Category>(255).size(), 25u);
    EXPECT_EQ(distinct_names<Code>(999).size(), 87u);
}

TEST(Outcomes, CountAsRefusedOnlyWhenCaughtBeforeTheyRun) {
    EXPECT_FALSE((Outcome{Stage::kNever, {}, {}, {}}.refused()));
    EXPECT_TRUE((Outcome{Stage::kVerify, {}, {}, {}}.refused()));
    EXPECT_TRUE((Outcome{Stage::kInstall, {}, {}, {}}.refused()));
    EXPECT_TRUE((Outcome{Stage::kLoad, {}, {}, {}}.refused()));
    EXPECT_FALSE((Outcome{Stage::kRun, {}, {}, {}}.refused()));
}

TEST(Outcomes, DoNotCountAsRefusedWhenNothingArrived) {
    EXPECT_FALSE((Outcome{Stage::kVerify, Category::kMissing, {}, {}}.refused()));
    EXPECT_FALSE((Outcome{Stage::kVerify, Category::kBlocked, {}, {}}.refused()));
    EXPECT_TRUE((Outcome{Stage::kVerify, Category::kTooLarge, {}, {}}.refused()));
}

TEST(Evidence, ReadsAsAList) {
    EXPECT_EQ(to_text(Evidence{}), "");
    EXPECT_EQ(to_text(Evidence{{"signal", "SIGSYS"}, {"system call", "openat"}}),
              "signal: SIGSYS; system call: openat");
}

}  // namespace
}  // namespace firebreak::base
