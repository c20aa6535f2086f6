// What people do while a run goes on, as a scenario says it.
#include "scenario/amend.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scenario/examples.h"
#include "scenario/words.h"
#include "support/result_matchers.h"

namespace firebreak::scenario {
namespace {

using base::SimTime;

class Amend : public testing::Test {
  protected:
    void SetUp() override { ASSERT_OK_AND(before_, parse(kEveryKey, kFile)); }
    Experiment read(const base::Result<std::string>& toml) {
        EXPECT_TRUE(toml.ok());
        auto read = parse(*toml, kFile);
        EXPECT_TRUE(read.ok()) << read.error().text() << "\n" << *toml;
        return read.ok() ? std::move(read).value() : Experiment{};
    }
    template <class T>
    static T placeless(T one) {
        one.place.clear();
        return one;
    }
    Experiment before_;
};

TEST_F(Amend, AddsEveryKindOfActAtItsVerySecond) {
    std::string toml = before_.toml;
    const std::vector<ActKind> kinds = {ActKind::kPromoteToInternal, ActKind::kPromoteToPublic,
                                        ActKind::kHalt, ActKind::kWithdraw, ActKind::kResume};
    for (const ActKind kind : kinds) {
        Act act;
        act.kind = kind;
        act.at = SimTime{6 * 86400 + 3723};
        act.release = "rules-2";
        ASSERT_OK_AND(toml, with_act(toml, act));
    }
    const Experiment after = read(toml);
    ASSERT_EQ(after.acts.size(), before_.acts.size() + kinds.size());
    for (size_t i = 0; i < kinds.size(); ++i) {
        const Act& act = after.acts[before_.acts.size() + i];
        EXPECT_EQ(act.kind, kinds[i]);
        EXPECT_EQ(act.at, (SimTime{6 * 86400 + 3723}));
        EXPECT_TRUE(act.by_hand);
    }
    EXPECT_EQ(after.fingerprint, std::nullopt) << "it is another run now";
    EXPECT_EQ(after.expectations.size(), before_.expectations.size());
}

TEST_F(Amend, AddsAReleaseAfterAllOthers) {
    Release made;
    made.id = "by-hand";
    made.version = "7.1";
    made.source = R"(./it's "mine"/été)";
    made.with = {"good/DatasetA/2026-03-01", "./more"};
    made.at = {301};
    made.kind = ReleaseKind::kFix;
    made.expedited = true;
    made.platform = "linux-x64";
    made.only_groups = {"internal"};
    const Experiment after = read(with_release(before_.toml, made));
    ASSERT_EQ(after.releases.size(), before_.releases.size() + 1);
    Release back = placeless(after.releases.back());
    EXPECT_TRUE(back.by_hand);
    back.by_hand = false;
    back.source_place.clear();
    EXPECT_EQ(back, made);
    for (size_t r = 0; r < before_.releases.size(); ++r) {
        EXPECT_EQ(after.releases[r].id, before_.releases[r].id);
    }
    for (size_t e = 0; e < before_.expectations.size(); ++e) {
        EXPECT_EQ(after.expectations[e].release, before_.expectations[e].release);
    }
}

TEST_F(Amend, AddsEveryKindOfFaultAndReadsBackTheSame) {
    for (const auto& [word, kind] : kFaultKinds) {
        Fault made;
        made.kind = kind;
        made.groups = {"internal"};
        made.share = 0.0125;
        made.from = {4 * 86400 + 1};
        made.until = {5 * 86400 + 2};
        if (is_on_the_way(kind)) {
            made.feed = content::Feed::kDatasetA;
        }
        if (!targets_of(kind).empty()) {
            made.target = targets_of(kind).back();
        }
        made.replayed = kind == FaultKind::kReplay ? "baseline" : "";
        made.from_group = kind == FaultKind::kCrossGroup ? "engineering" : "";
        made.shift = {kind == FaultKind::kWrongClock ? -3601 : 0};
        const Experiment after = read(with_fault(before_.toml, made));
        ASSERT_EQ(after.faults.size(), before_.faults.size() + 1) << word;
        EXPECT_EQ(placeless(after.faults.back()), made) << word;
    }
}

TEST_F(Amend, EndsOneFaultAndLeavesTheOthersAsTheyAre) {
    Fault made;
    made.kind = FaultKind::kBlackHole;
    made.groups = {"internal"};
    made.from = {3600};
    made.until = {7200};
    const Experiment with = read(with_fault(before_.toml, made));
    const size_t number = with.faults.size() - 1;
    const Experiment ended =
        read(with_fault_ended(with.toml, number, with.faults.back(), SimTime{5400}));
    EXPECT_EQ(ended.faults.back().until, SimTime{5400});
    EXPECT_EQ(ended.faults.size(), with.faults.size());
    const Experiment gone =
        read(with_fault_ended(with.toml, number, with.faults.back(), SimTime{3600}));
    ASSERT_EQ(gone.faults.size(), before_.faults.size());
    for (size_t i = 0; i < gone.faults.size(); ++i) {
        EXPECT_EQ(placeless(gone.faults[i]), placeless(before_.faults[i]));
    }
}

TEST_F(Amend, MovesNamesBesideTheScenarioAndNoOthers) {
    ASSERT_OK_AND(const std::string toml,
                  moved(before_.toml, "/lab/scenarios", "/lab/runs/of-today"));
    EXPECT_THAT(toml, testing::HasSubstr("./../../scenarios/late"));
    EXPECT_THAT(toml, testing::HasSubstr("\"good/DatasetA/2026-03-02\""));
    ASSERT_OK_AND(const std::string back, moved(toml, "/lab/runs/of-today", "/lab/scenarios"));
    EXPECT_EQ(back, before_.toml);
}

TEST_F(Amend, SaysWhatItMustComeTo) {
    const Experiment after = read(with_outcome(before_.toml, 77, "0123-4567-89ab-cdef"));
    EXPECT_EQ(after.seed, 77u);
    EXPECT_EQ(after.fingerprint, "0123-4567-89ab-cdef");
    EXPECT_EQ(read(with_outcome(before_.toml, 77, std::nullopt)).fingerprint, std::nullopt);
}

}  // namespace
}  // namespace firebreak::scenario
