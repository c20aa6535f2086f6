#include "faults/fault.h"

#include <gtest/gtest.h>

#include <set>
#include <vector>

namespace firebreak::faults {
namespace {

constexpr FaultKind kAimed[] = {FaultKind::kBitFlip, FaultKind::kTruncate, FaultKind::kMissing,
                                FaultKind::kEndless, FaultKind::kInflate,  FaultKind::kSlow};
constexpr FaultTarget kTargets[] = {
    FaultTarget::kPayload,  FaultTarget::kPackage,  FaultTarget::kSignature,
    FaultTarget::kChain,    FaultTarget::kManifest, FaultTarget::kLength,
    FaultTarget::kEncoding, FaultTarget::kHead,     FaultTarget::kSet};

Fault aimed(FaultKind kind, FaultTarget target, std::optional<content::Feed> feed) {
    Fault fault;
    fault.kind = kind;
    fault.target = target;
    fault.feed = feed;
    return fault;
}

TEST(Fault, IsNamedInPlainWords) {
    Fault fault = aimed(FaultKind::kBitFlip, FaultTarget::kPayload, content::Feed::kDatasetA);
    fault.draw = 0x7c;
    EXPECT_EQ(fault.text(), "bit flip in the payload of DatasetA, draw 000000000000007c");
    fault.spot = Spot{12, 3};
    EXPECT_EQ(fault.text(), "bit flip in the payload of DatasetA, byte 12, bit 3");
    fault.kind = FaultKind::kTruncate;
    EXPECT_EQ(fault.text(), "truncation in the payload of DatasetA, byte 12");
    fault = aimed(FaultKind::kMissing, FaultTarget::kHead, std::nullopt);
    fault.own_edge = true;
    EXPECT_EQ(fault.text(), "missing head of every feed, on the endpoint's own edge");
    fault = {};
    fault.kind = FaultKind::kWrongClock;
    fault.shift = base::days(-1);
    EXPECT_EQ(fault.text(), "clock -86400 s");
}

// Each name is part of an assay's key: two faults of one name would share an outcome.
TEST(Fault, HasANameThatNoOtherFaultHas) {
    std::vector<Fault> faults;
    for (const FaultKind kind : kAimed) {
        for (const FaultTarget target : kTargets) {
            faults.push_back(aimed(kind, target, std::nullopt));
            faults.push_back(aimed(kind, target, content::Feed::kDatasetA));
            faults.push_back(aimed(kind, target, content::Feed::kBehavior));
        }
    }
    for (const FaultKind kind : {FaultKind::kBlackHole, FaultKind::kStateLost,
                                 FaultKind::kStoreFull, FaultKind::kStoreReadOnly}) {
        faults.push_back(aimed(kind, FaultTarget::kPayload, std::nullopt));
    }
    faults.push_back(aimed(FaultKind::kBlackHole, FaultTarget::kPayload, content::Feed::kDatasetA));
    for (const base::Duration shift : {base::days(1), base::days(-1), base::Duration{86401}}) {
        faults.push_back(aimed(FaultKind::kWrongClock, FaultTarget::kPayload, std::nullopt));
        faults.back().shift = shift;
    }
    for (const char* served : {"the head of 09:00", "the head of 10:00"}) {
        faults.push_back(aimed(FaultKind::kServe, FaultTarget::kPayload, std::nullopt));
        faults.back().served = served;
    }
    faults.push_back(aimed(FaultKind::kBitFlip, FaultTarget::kPayload, std::nullopt));
    faults.back().draw = 1;

    std::set<std::string> names;
    for (Fault& fault : faults) {
        for (const bool own_edge : {false, true}) {
            fault.own_edge = own_edge;
            EXPECT_TRUE(names.insert(fault.text()).second) << fault.text() << " is taken";
        }
    }
    EXPECT_EQ(names.size(), 2 * faults.size());
}

}  // namespace
}  // namespace firebreak::faults
