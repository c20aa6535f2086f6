#include "base/random.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <cmath>
#include <set>
#include <vector>

namespace firebreak::base {
namespace {

// The published outputs of SplitMix64 for the seed 1234567 (Rosetta Code, "Pseudo-random
// numbers/Splitmix64").
TEST(Mix64, IsSplitMix64) {
    constexpr std::array<uint64_t, 5> kPublished{6457827717110365317u, 3203168211198807973u,
                                                 9817491932198370423u, 4593380528125082431u,
                                                 16408922859458223821u};
    uint64_t state = 1234567;
    for (const uint64_t expected : kPublished) {
        EXPECT_EQ(mix64(state), expected);
        state += 0x9e3779b97f4a7c15u;
    }
}

// From an implementation in another language: recorded fingerprints rest on these.
TEST(RandomStream, HasGoldenValues) {
    const RandomStream persona(1, Stream::kPersona);
    EXPECT_EQ(persona.bits(0), 0xc965d6348c188782u);
    EXPECT_EQ(persona.bits(0, 1), 0xe6287f1141840b3eu);
    EXPECT_EQ(persona.bits(1), 0x3ea0a76395d91588u);
    const RandomStream jitter(42, Stream::kPollJitter);
    EXPECT_EQ(jitter.bits(8'499'999, 167), 0xde8a434c1a0eed6du);
    EXPECT_EQ(jitter.below(1000, 8'499'999, 167), 869u);
    EXPECT_DOUBLE_EQ(jitter.unit(8'499'999, 167), 0.8692972241206537);
    const RandomStream last(UINT64_MAX, Stream::kMutation);
    EXPECT_EQ(last.bits(UINT64_MAX, UINT64_MAX), 0x5ababf9610c69023u);
}

RC_GTEST_PROP(RandomStream, StaysInItsBounds, (uint64_t seed, uint64_t endpoint, uint64_t n)) {
    const RandomStream stream(seed, Stream::kOnline);
    const uint64_t bound = *rc::gen::suchThat<uint64_t>([](uint64_t b) { return b > 0; });
    RC_ASSERT(stream.below(bound, endpoint, n) < bound);
    RC_ASSERT(stream.below(1, endpoint, n) == 0u);
    const double unit = stream.unit(endpoint, n);
    RC_ASSERT(unit >= 0 && unit < 1);
    const double wait = stream.waiting_time(0.5, endpoint, n);
    RC_ASSERT(wait >= 0 && std::isfinite(wait));
    RC_ASSERT(RandomStream(seed, Stream::kOnline).bits(endpoint, n) == stream.bits(endpoint, n));
}

// Chi-square statistic of `draw` over 256 cells: mean 255, standard deviation 22.6. With a fixed
// seed the outcome is fixed too; 340 is about the one-in-4,000 quantile.
template <class Draw>
double chi_square(Draw draw) {
    constexpr int kDraws = 1 << 18;
    std::array<int, 256> counts{};
    for (uint64_t i = 0; i < kDraws; ++i) {
        ++counts.at(draw(i));
    }
    constexpr double kExpected = kDraws / 256.0;
    double sum = 0;
    for (const int count : counts) {
        sum += (count - kExpected) * (count - kExpected) / kExpected;
    }
    return sum;
}

TEST(RandomStream, IsUniformOverEndpointsAndOverDraws) {
    for (uint64_t seed = 0; seed < 4; ++seed) {
        const RandomStream stream(seed, Stream::kFaultShare);
        EXPECT_LT(chi_square([&](uint64_t i) { return stream.below(256, i); }), 340);
        EXPECT_LT(chi_square([&](uint64_t i) { return stream.below(256, 7, i); }), 340);
        EXPECT_LT(chi_square([&](uint64_t i) { return stream.bits(i, i) & 255; }), 340);
        EXPECT_LT(
            chi_square([&](uint64_t i) { return static_cast<size_t>(stream.unit(i, seed) * 256); }),
            340);
    }
}

// If two streams depended on each other, their draws would not fill 16 by 16 cells evenly.
TEST(RandomStream, IsIndependentOfOtherStreamsSeedsAndNeighbours) {
    const RandomStream one(5, Stream::kTenant);
    const RandomStream other(5, Stream::kPollPhase);
    const RandomStream next_seed(6, Stream::kTenant);
    const auto cell = [](uint64_t a, uint64_t b) { return (a >> 60) * 16 + (b >> 60); };
    EXPECT_LT(chi_square([&](uint64_t i) { return cell(one.bits(i), other.bits(i)); }), 340);
    EXPECT_LT(chi_square([&](uint64_t i) { return cell(one.bits(i), next_seed.bits(i)); }), 340);
    EXPECT_LT(chi_square([&](uint64_t i) { return cell(one.bits(i), one.bits(i + 1)); }), 340);
    EXPECT_LT(chi_square([&](uint64_t i) { return cell(one.bits(i), one.bits(i, 1)); }), 340);
}

TEST(RandomStream, GivesEveryStreamAndSmallSeedItsOwnDraws) {
    std::set<uint64_t> seen;
    for (uint64_t seed = 0; seed < 100; ++seed) {
        for (uint32_t stream = 1; stream <= 9; ++stream) {
            seen.insert(RandomStream(seed, static_cast<Stream>(stream)).bits(0));
        }
    }
    EXPECT_EQ(seen.size(), 900u);
}

TEST(RandomStream, DrawsWaitingTimesWithTheirRate) {
    const RandomStream stream(3, Stream::kTrigger);
    constexpr uint64_t kDraws = 200'000;
    double sum = 0;
    uint64_t longer_than_mean = 0;
    for (uint64_t i = 0; i < kDraws; ++i) {
        const double wait = stream.waiting_time(4, i);
        sum += wait;
        longer_than_mean += wait > 0.25 ? 1 : 0;
    }
    EXPECT_NEAR(sum / kDraws, 0.25, 0.25 * 0.01);  // standard error: 0.22%
    EXPECT_NEAR(static_cast<double>(longer_than_mean) / kDraws, std::exp(-1), 0.004);
}

}  // namespace
}  // namespace firebreak::base
