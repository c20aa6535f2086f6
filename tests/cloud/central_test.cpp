#include "cloud/central.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace firebreak::cloud {
namespace {

using base::Channel;

// What a Central hands over, in its order.
struct Inbox {
    std::vector<std::pair<Signal, uint32_t>> got;

    void receive(Central& from, base::SimTime end) {
        from.receive(
            end, [&](const Signal& signal, uint32_t count) { got.emplace_back(signal, count); });
    }
};

TEST(Central, HandsOverSignalsWhenTheyArriveInOrderAndCounted) {
    Central central(3);
    const Signal late{{200}, {0}, {1}, Channel::kCrashReport};
    const Signal early{{100}, {1}, {}, Channel::kAlert};
    central.send(late);
    central.send(early);
    central.send(early);
    Inbox inbox;
    inbox.receive(central, {100});
    EXPECT_TRUE(inbox.got.empty()) << "what arrives at 100 is not there before 100";
    inbox.receive(central, {101});
    ASSERT_EQ(inbox.got.size(), 1u);
    EXPECT_EQ(inbox.got[0], std::pair(early, 2u));
    inbox.receive(central, {1000});
    ASSERT_EQ(inbox.got.size(), 2u);
    EXPECT_EQ(inbox.got[1], std::pair(late, 1u));
    inbox.receive(central, {2000});
    EXPECT_EQ(inbox.got.size(), 2u);
}

TEST(Central, TakesManySignalsAtOnceAndKeepsChannelsGroupsAndReleasesApart) {
    Central central(1);
    central.send({{100}, {0}, {0}, Channel::kTelemetry}, 500);
    central.send({{100}, {0}, {0}, Channel::kTelemetry}, 70);
    central.send({{100}, {0}, {0}, Channel::kSupportCall}, 3);
    central.send({{100}, {1}, {0}, Channel::kTelemetry}, 4);
    central.send({{100}, {0}, {1}, Channel::kTelemetry}, 5);
    Inbox inbox;
    inbox.receive(central, {101});
    std::vector<uint32_t> counts;
    for (const auto& [signal, count] : inbox.got) {
        counts.push_back(count);
    }
    EXPECT_EQ(counts, (std::vector<uint32_t>{570, 3, 5, 4}));
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
