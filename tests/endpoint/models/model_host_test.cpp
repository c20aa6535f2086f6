#include "endpoint/models/model_host.h"

#include <dlfcn.h>
#include <gmock/gmock.h>

#include <fstream>

#include "endpoint/models/samples.h"
#include "support/paths.h"

namespace firebreak::endpoint::models {
namespace {

using base::Bytes;
using base::Code;

// Puts a model of the build into a slot; the refusal's text, or "".
std::string put(ModelHost& host, const std::string& payload, const std::string& model) {
    const auto refusal =
        host.load(payload, test::model_path(model).string(), test::model_bytes(model));
    return refusal ? std::string(to_text(refusal->code)) + ": " + base::to_text(refusal->evidence)
                   : "";
}

ModelHost packed_in_both_slots(uint64_t telemetry_interval) {
    ModelHost host(telemetry_interval);
    EXPECT_EQ(put(host, "packed.live.so", "packed"), "");
    EXPECT_EQ(put(host, "packed.telemetry.so", "packed-next"), "");
    return host;
}

const FeatureVector& packed_features() {
    static const FeatureVector features = features_of(test::encrypted_program(0));
    return features;
}

TEST(ModelHost, ScoresInBothSlotsAndActsOnTheLiveOneAlone) {
    const ModelHost host = packed_in_both_slots(1);
    const std::vector<SlotScore> scores = host.score(packed_features(), 0);
    ASSERT_EQ(scores.size(), 2u);
    EXPECT_EQ(scores[0].payload.slot, Slot::kLive);
    EXPECT_EQ(scores[0].version, "1.0.0");
    EXPECT_TRUE(scores[0].detected);
    EXPECT_EQ(scores[1].payload.slot, Slot::kTelemetry);
    EXPECT_EQ(scores[1].version, "1.1.0");
    EXPECT_GT(scores[1].score, 0.9);
    EXPECT_FALSE(scores[1].detected);
}

TEST(ModelHost, HasTelemetryScoreEveryNthFile) {
    const ModelHost host = packed_in_both_slots(10);
    for (uint64_t file = 0; file < 30; ++file) {
        EXPECT_EQ(host.score(packed_features(), file).size(), file % 10 == 0 ? 2u : 1u) << file;
    }
}

TEST(ModelHost, GivesTheSameScoreToTheSameFile) {
    const ModelHost host = packed_in_both_slots(1);
    const auto first = host.score(packed_features(), 0);
    (void)host.score(features_of(test::plain_program(1)), 0);
    const auto again = host.score(packed_features(), 0);
    EXPECT_EQ(first[0].score, again[0].score);
    EXPECT_EQ(first[1].score, again[1].score);
}

TEST(ModelHost, KeepsTheLiveScoreWhenTelemetryFails) {
    ModelHost host(1);
    ASSERT_EQ(put(host, "not-a-number.telemetry.so", "not-a-number"), "");
    ASSERT_EQ(put(host, "packed.live.so", "packed"), "");
    const auto scores = host.score(packed_features(), 0);
    ASSERT_EQ(scores.size(), 2u);
    ASSERT_TRUE(scores[0].refusal.has_value());
    EXPECT_EQ(scores[0].refusal->code, Code::kModelScoreInvalid);
    EXPECT_EQ(base::to_text(scores[0].refusal->evidence),
              "problem: a score that is not 0 to 1; model: not-a-number; version: 1.0.0; "
              "score: nan");
    EXPECT_TRUE(scores[1].detected);
}

TEST(ModelHost, RefusesNamesThatAreNoModelsOrTaken) {
    ModelHost host(1);
    EXPECT_EQ(put(host, "packed.live.so", "packed"), "");
    EXPECT_THAT(
        put(host, "packed.live.so", "packed-next"),
        testing::HasSubstr("problem: this slot has been loaded before; payload: packed.live.so"));
    EXPECT_THAT(put(host, "packed.so", "packed"), testing::HasSubstr("not a model: `packed.so`"));
    EXPECT_THAT(put(host, "other.live.so", "packed"),
                testing::HasSubstr("calls itself otherwise than its payload; payload: "
                                   "other.live.so; model: packed"));
    EXPECT_EQ(host.score(packed_features(), 0).size(), 1u);
}

TEST(Model, IsRefusedByTheLinkersWordsWhereTheyAreAllThereIs) {
    // Judged as good, and then not there to be loaded.
    const auto loaded = Model::load("/nowhere/packed.so", test::model_bytes("packed"));
    const auto* refusal = std::get_if<ModelRefusal>(&loaded);
    ASSERT_NE(refusal, nullptr);
    EXPECT_EQ(refusal->code, Code::kModelMalformed);
    EXPECT_THAT(base::to_text(refusal->evidence),
                testing::HasSubstr("its words: /nowhere/packed.so"));
}

// A file whose bytes are refused never reaches the linker: it could run code.
TEST(Model, IsNotLoadedWhenItsBytesAreRefused) {
    const std::string path = test::model_path("exports-nothing").string();
    EXPECT_TRUE(std::holds_alternative<ModelRefusal>(
        Model::load(path, test::model_bytes("exports-nothing"))));
    EXPECT_EQ(dlopen(path.c_str(), RTLD_NOW | RTLD_NOLOAD), nullptr);
}

// Writes `packed` with a change in its description, and loads that.
template <class Change>
std::string after_change(Change change) {
    const firebreak::test::TemporaryFolder folder;
    test::Library library(test::model_bytes("packed"));
    const Bytes original = library.bytes();
    const std::string name = "packed";
    // The description: its version, its size, then its name.
    const Bytes pattern = {
        1, 0, 0, 0, sizeof(firebreak_model_description), 0, 0, 0, 'p', 'a', 'c', 'k', 'e', 'd', 0};
    const auto at = std::search(original.begin(), original.end(), pattern.begin(), pattern.end());
    EXPECT_NE(at, original.end());
    change(library.at<firebreak_model_description>(static_cast<uint64_t>(at - original.begin())));
    const std::string path = (folder.path() / "changed.so").string();
    std::ofstream(path, std::ios::binary) << base::text_of(library.bytes());
    const auto loaded = Model::load(path, library.bytes());
    const auto* refusal = std::get_if<ModelRefusal>(&loaded);
    return refusal == nullptr
               ? "accepted"
               : std::string(to_text(refusal->code)) + ": " + base::to_text(refusal->evidence);
}

TEST(Model, IsRefusedWhenItsDescriptionBreaksTheContract) {
    using Description = firebreak_model_description;
    const std::string abi = "model's interface is not the one that is known: problem: ";
    EXPECT_EQ(after_change([](Description&) {}), "accepted");
    EXPECT_EQ(after_change([](Description& it) { it.abi_version = 0; }),
              abi + "version of the interface; is: 0; wanted: 1");
    EXPECT_EQ(after_change([](Description& it) { it.description_bytes += 8; }),
              abi + "bytes of the description; is: 112; wanted: 104");
    EXPECT_EQ(after_change([](Description& it) { it.feature_count = 39; }),
              abi + "number of features; is: 39; wanted: 40");
    EXPECT_EQ(after_change([](Description& it) { it.feature_set_version = 2; }),
              abi + "version of features; is: 2; wanted: 1");
    EXPECT_EQ(after_change([](Description& it) { it.reserved = 1; }),
              abi + "reserved number; is: 1; wanted: 0");
    for (const float threshold : {0.0f, -1.0f, 1.5f, NAN}) {
        EXPECT_THAT(after_change([&](Description& it) { it.threshold = threshold; }),
                    testing::StartsWith(abi + "the threshold"));
    }
    const std::string text = abi + "name or version is not printable text that a zero ends";
    EXPECT_EQ(after_change([](Description& it) { it.name[0] = 0; }), text + "; room: 32");
    EXPECT_EQ(after_change([](Description& it) { it.name[2] = '\n'; }), text + "; room: 32");
    EXPECT_EQ(after_change([](Description& it) { it.name[31] = 'x'; }), text + "; room: 32");
    EXPECT_EQ(after_change([](Description& it) { std::fill_n(it.model_version, 32, 'x'); }),
              text + "; room: 32");
}

}  // namespace
}  // namespace firebreak::endpoint::models
