// The durable store alone, ended at every write and every sync. client_crash_test.cpp does the same
// to the update client.
#include <gtest/gtest.h>

#include "base/random.h"
#include "endpoint/update/crash_harness.h"
#include "endpoint/update/store_stories.h"

namespace firebreak::endpoint::update {
namespace {

using test::CrashHarness;
using test::every_kind;
using test::keep;
using test::keep_in_two_steps;
using test::payload_of;
using test::SimulatedDisk;
using End = SimulatedDisk::End;

// Payloads of two pieces each, of which the first (1 MiB) is in the database when a commit comes in
// between.
void large_payloads(ports::Store& store) {
    static const base::Bytes first = payload_of(1'320'000, 4);
    static const base::Bytes second = payload_of(1'320'000, 5);
    (void)keep_in_two_steps(store, first, true);
    (void)keep_in_two_steps(store, second, false);
    (void)store.commit({{"a", "6"}});
}

CrashHarness::Beginning used_store(CrashHarness& harness) {
    harness.live(every_kind);
    EXPECT_EQ(harness.start(), "");
    return harness.beginning();
}

TEST(StoreCrash, ANewStoreHoldsAllAfterAKillAtAnyWrite) {
    CrashHarness harness(1, nullptr);
    EXPECT_EQ(harness.end_at_every_change({}, every_kind, End::kKill), "");
    EXPECT_GT(harness.ends(), 150U);
}

TEST(StoreCrash, ANewStoreHoldsAllAfterAPowerCutAtAnyWriteOrSync) {
    for (uint64_t seed = 1; seed <= 3; ++seed) {
        CrashHarness harness(seed, nullptr);
        EXPECT_EQ(harness.end_at_every_change({}, every_kind, End::kPowerCut), "") << seed;
    }
}

TEST(StoreCrash, AUsedStoreHoldsAllAfterAKillAtAnyWrite) {
    CrashHarness harness(1, nullptr);
    const auto beginning = used_store(harness);
    EXPECT_EQ(harness.end_at_every_change(beginning, every_kind, End::kKill), "");
}

TEST(StoreCrash, AUsedStoreHoldsAllAfterAPowerCutAtAnyWriteOrSync) {
    for (uint64_t seed = 1; seed <= 3; ++seed) {
        CrashHarness harness(seed, nullptr);
        const auto beginning = used_store(harness);
        EXPECT_EQ(harness.end_at_every_change(beginning, every_kind, End::kPowerCut), "") << seed;
    }
}

TEST(StoreCrash, AHalfWrittenLargePayloadIsNeverThere) {
    CrashHarness harness(1, nullptr);
    EXPECT_EQ(harness.end_at_every_change({}, large_payloads, End::kPowerCut), "");
}

// ---- Schedules by chance

class Dice {
  public:
    explicit Dice(uint64_t seed) : random_(seed, base::Stream::kFaultVariant) {}
    uint64_t below(uint64_t bound) { return random_.below(bound, 0, n_++); }

  private:
    base::RandomStream random_;
    uint64_t n_ = 0;
};

void act(ports::Store& store, Dice& dice) {
    const base::Bytes bytes = payload_of(1 + dice.below(70'000), dice.below(40));
    switch (dice.below(6)) {
        case 0:
            (void)keep(store, bytes);
            return;
        case 1:
            (void)keep_in_two_steps(store, bytes, dice.below(2) == 0);
            return;
        case 2:
            (void)store.keep_only({base::sha384(bytes)});
            return;
        default:
            ports::Changes changes;
            for (uint64_t n = dice.below(4); n < 4; ++n) {
                auto& value = changes["key-" + std::to_string(dice.below(12))];
                if (dice.below(4) != 0) {
                    value = std::string(dice.below(3'000), static_cast<char>('a' + dice.below(26)));
                }
            }
            (void)store.commit(changes);
    }
}

struct Conditions {
    bool lying = false;   // the disk answers syncs and does not do them
    bool damage = false;  // one of the two copies is damaged while the machine is off
};

// Some lives, each with its end anywhere, and starts that are interrupted, too.
std::string live_by_chance(uint64_t seed, const Conditions& conditions) {
    Dice dice(seed);
    CrashHarness harness(seed, nullptr);
    harness.disk().set_lying(conditions.lying);
    const auto any_end = [&] { return dice.below(3) == 0 ? End::kKill : End::kPowerCut; };
    for (int lives = 0; lives < 5; ++lives) {
        if (dice.below(8) != 0) {
            harness.disk().end_at(1 + dice.below(150), any_end());
        }
        harness.live([&](ports::Store& store) {
            for (int n = 0; n < 8; ++n) {
                act(store, dice);
            }
        });
        harness.disk().restart(any_end());
        // The first life may end before there are two copies.
        if (conditions.damage && lives > 0) {
            const std::string file = dice.below(2) == 0 ? "./a.db" : "./b.db";
            const auto image = harness.disk().image();
            const auto found = image.find(file);
            for (int n = 0; n < 5 && found != image.end() && !found->second.empty(); ++n) {
                harness.disk().flip_bit(file, dice.below(8 * found->second.size()));
            }
        }
        std::vector<uint64_t> interruptions;
        while (dice.below(3) == 0) {
            interruptions.push_back(1 + dice.below(40));
        }
        if (std::string wrong = harness.start(interruptions, any_end()); !wrong.empty()) {
            return wrong;
        }
    }
    return "";
}

class StoreCrashSchedule : public testing::TestWithParam<uint64_t> {};

TEST_P(StoreCrashSchedule, HoldsAllWhereverItEnds) {
    for (uint64_t seed = GetParam(); seed < GetParam() + 250; ++seed) {
        ASSERT_EQ(live_by_chance(seed, {}), "") << "seed " << seed;
    }
}

TEST_P(StoreCrashSchedule, HoldsAllWhereverItEndsAndWhicheverCopyIsDamaged) {
    for (uint64_t seed = GetParam(); seed < GetParam() + 100; ++seed) {
        ASSERT_EQ(live_by_chance(seed, {.damage = true}), "") << "seed " << seed;
    }
}

INSTANTIATE_TEST_SUITE_P(Seeds, StoreCrashSchedule, testing::Values(1, 251, 501, 751));

// The schedules above find what they are there to find: on a disk that answers syncs and does not
// do them, as SQLite would not ask for them with `PRAGMA synchronous = OFF`, they complain.
TEST(StoreCrash, IsNoticedWhenNothingIsSynced) {
    int noticed = 0;
    for (uint64_t seed = 1; seed <= 50; ++seed) {
        noticed += live_by_chance(seed, {.lying = true}).empty() ? 0 : 1;
    }
    EXPECT_GT(noticed, 25);
}

}  // namespace
}  // namespace firebreak::endpoint::update
