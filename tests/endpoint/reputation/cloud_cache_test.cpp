#include "endpoint/reputation/cloud_cache.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/random.h"
#include "endpoint/reputation/entries.h"

namespace firebreak::endpoint::reputation {
namespace {

using test::key;
using Answer = CloudCache::Answer;

class CloudCacheTest : public testing::Test {
  protected:
    base::UtcTime in(int64_t seconds) const { return {clock.now.unix_seconds + seconds}; }

    test::SetClock clock;
    CloudCache cache{3};
};

TEST_F(CloudCacheTest, KeepsAnAnswerUntilItsTime) {
    cache.keep(key(1), 80, in(60));
    clock.now = in(59);
    EXPECT_EQ(cache.find(key(1), clock), std::optional<Answer>(80));
    clock.now = in(1);
    EXPECT_EQ(cache.find(key(1), clock), std::nullopt);
    EXPECT_EQ(cache.size(), 0U);
    EXPECT_EQ(cache.find(key(2), clock), std::nullopt);
}

TEST_F(CloudCacheTest, KeepsThatTheCloudDoesNotKnowAFile) {
    cache.keep(key(1), std::nullopt, in(60));
    const auto found = cache.find(key(1), clock);
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(*found, std::nullopt);
}

TEST_F(CloudCacheTest, ReplacesAnAnswerAndItsTime) {
    cache.keep(key(1), 80, in(60));
    cache.keep(key(1), 5, in(600));
    EXPECT_EQ(cache.size(), 1U);
    clock.now = in(100);
    EXPECT_EQ(cache.find(key(1), clock), std::optional<Answer>(5));
}

TEST_F(CloudCacheTest, DrivesOutWhatWasUsedLongestAgo) {
    for (const uint64_t n : {1U, 2U, 3U}) {
        cache.keep(key(n), 80, in(60));
    }
    ASSERT_TRUE(cache.find(key(1), clock).has_value());
    cache.keep(key(4), 80, in(60));
    EXPECT_EQ(cache.size(), 3U);
    EXPECT_EQ(cache.find(key(2), clock), std::nullopt);
    for (const uint64_t n : {1U, 3U, 4U}) {
        EXPECT_TRUE(cache.find(key(n), clock).has_value()) << n;
    }
}

TEST_F(CloudCacheTest, KeepsNothingWithoutRoom) {
    CloudCache none(0);
    none.keep(key(1), 80, in(60));
    EXPECT_EQ(none.size(), 0U);
}

// Its clever lists against a vector that is searched from end to end.
class NaiveCache {
  public:
    std::optional<Answer> find(const Sha256& file, base::UtcTime now) {
        for (size_t n = 0; n < kept_.size(); ++n) {
            if (kept_[n].file == file) {
                const Kept kept = kept_[n];
                kept_.erase(kept_.begin() + static_cast<std::ptrdiff_t>(n));
                if (now >= kept.until) {
                    return std::nullopt;
                }
                kept_.push_back(kept);
                return kept.answer;
            }
        }
        return std::nullopt;
    }
    void keep(const Sha256& file, Answer answer, base::UtcTime until, size_t capacity) {
        std::erase_if(kept_, [&](const Kept& kept) { return kept.file == file; });
        if (kept_.size() == capacity) {
            kept_.erase(kept_.begin());
        }
        kept_.push_back({file, answer, until});
    }
    size_t size() const { return kept_.size(); }

  private:
    struct Kept {
        Sha256 file;
        Answer answer;
        base::UtcTime until;
    };
    std::vector<Kept> kept_;  // the latest used last
};

TEST_F(CloudCacheTest, AnswersAsANaiveOneOverManyRandomSteps) {
    constexpr size_t kCapacity = 20;
    CloudCache clever(kCapacity);
    NaiveCache naive;
    const base::RandomStream draws(1, base::Stream::kMutation);
    for (uint64_t step = 0; step < 20'000; ++step) {
        const Sha256 file = key(draws.below(40, step, 0));
        clock.now = in(static_cast<int64_t>(draws.below(3, step, 1)));
        if (draws.below(2, step, 2) == 0) {
            const base::UtcTime until = in(static_cast<int64_t>(draws.below(100, step, 3)));
            const auto score = static_cast<uint8_t>(draws.below(101, step, 4));
            clever.keep(file, score, until);
            naive.keep(file, score, until, kCapacity);
        } else {
            ASSERT_EQ(clever.find(file, clock), naive.find(file, clock.now)) << step;
        }
        ASSERT_EQ(clever.size(), naive.size()) << step;
    }
}

}  // namespace
}  // namespace firebreak::endpoint::reputation
