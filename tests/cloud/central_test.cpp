#include "cloud/central.h"

#include <gtest/gtest.h>

namespace firebreak::cloud {
namespace {

TEST(Central, HandsOverSignalsWhenTheyArriveInOrderAndCounted) {
    Central central(3);
    const Signal late{{200}, {0}, {1}, SignalKind::kCrashReport};
    const Signal early{{100}, {1}, {}, SignalKind::kAlert};
    central.send(late);
    central.send(early);
    central.send(early);
    std::vector<std::pair<Signal, uint32_t>> got;
    const auto keep = [&](const Signal& signal, uint32_t count) {
        got.emplace_back(signal, count);
    };
    central.receive({100}, keep);
    EXPECT_TRUE(got.empty()) << "what arrives at 100 is not there before 100";
    central.receive({101}, keep);
    ASSERT_EQ(got.size(), 1u);
    EXPECT_EQ(got[0], std::pair(early, 2u));
    central.receive({1000}, keep);
    ASSERT_EQ(got.size(), 2u);
    EXPECT_EQ(got[1], std::pair(late, 1u));
    central.receive({2000}, keep);
    EXPECT_EQ(got.size(), 2u);
}

TEST(Central, CountsTenantsThatWereAlertedOnce) {
    Central central(3);
    EXPECT_EQ(central.tenants_alerted(), 0u);
    central.alert_tenant(2);
    central.alert_tenant(2);
    central.alert_tenant(0);
    EXPECT_EQ(central.tenants_alerted(), 2u);
}

}  // namespace
}  // namespace firebreak::cloud
