#include "endpoint/models/model_slots.h"

#include <gmock/gmock.h>

#include "support/result_matchers.h"

namespace firebreak::endpoint::models {
namespace {

using content::Manifest;
using testing::ElementsAre;
using testing::IsEmpty;

base::Digest digest(uint8_t first) {
    base::Digest digest;
    digest.bytes[0] = first;
    return digest;
}

// Payloads by name; the number stands for their bytes.
Manifest package(const std::vector<std::pair<std::string, uint8_t>>& payloads) {
    Manifest manifest;
    manifest.feed = content::Feed::kMLModels;
    for (const auto& [name, bytes] : payloads) {
        manifest.payloads.push_back({name, 1000, digest(bytes)});
    }
    return manifest;
}

TEST(PayloadName, SaysModelAndSlot) {
    ASSERT_OK_AND(const ModelPayload live, parse_payload_name("packed.live.so"));
    EXPECT_EQ(live, (ModelPayload{"packed", Slot::kLive}));
    ASSERT_OK_AND(const ModelPayload telemetry, parse_payload_name("a-1.telemetry.so"));
    EXPECT_EQ(telemetry, (ModelPayload{"a-1", Slot::kTelemetry}));
    EXPECT_EQ(payload_name(telemetry), "a-1.telemetry.so");
    EXPECT_TRUE(content::is_payload_name(payload_name(live)));
}

TEST(PayloadName, IsRefusedInAnyOtherShape) {
    for (const std::string name :
         {"", "packed.so", "packed.live", "packed.live.so.1", ".live.so", "Packed.live.so",
          "a/b.live.so", "../x.live.so", "packed.Live.so", "a.b.live.so",
          "a-name-of-thirty-two-characters-x.live.so"}) {
        EXPECT_ERROR(parse_payload_name(name), "name it <model>.live.so");
    }
    EXPECT_TRUE(parse_payload_name(std::string(31, 'a') + ".live.so").ok());
}

TEST(Promotion, IsOfTheVeryBytesThatWereInTheTelemetrySlot) {
    const Manifest before = package({{"packed.live.so", 1}, {"packed.telemetry.so", 2}});
    EXPECT_THAT(promoted_from_telemetry(before, package({{"packed.live.so", 2}})),
                ElementsAre("packed"));
    EXPECT_THAT(promoted_from_telemetry(
                    before, package({{"packed.live.so", 2}, {"packed.telemetry.so", 3}})),
                ElementsAre("packed"));
    EXPECT_THAT(promoted_from_telemetry(before, package({{"packed.live.so", 3}})), IsEmpty());
}

TEST(Promotion, IsNotOfAnotherModelNorOfWhatWasLiveAlready) {
    const Manifest before = package(
        {{"a.live.so", 1}, {"a.telemetry.so", 1}, {"b.telemetry.so", 2}, {"c.telemetry.so", 3}});
    EXPECT_THAT(promoted_from_telemetry(before, package({{"a.live.so", 1}})), IsEmpty());
    EXPECT_THAT(promoted_from_telemetry(before, package({{"a.live.so", 2}})), IsEmpty());
    EXPECT_THAT(promoted_from_telemetry(before, before), IsEmpty());
    EXPECT_THAT(promoted_from_telemetry(
                    before, package({{"b.live.so", 2}, {"c.live.so", 3}, {"notes.txt", 2}})),
                ElementsAre("b", "c"));
}

}  // namespace
}  // namespace firebreak::endpoint::models
