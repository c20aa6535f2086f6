#include "endpoint/models/features.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <rapidcheck/gtest.h>  // after gtest.h, which it does not include

#include <cmath>
#include <set>

#include "base/random.h"
#include "endpoint/executables/little_endian.h"
#include "endpoint/executables/make_pe.h"
#include "endpoint/models/byte_statistics.h"
#include "endpoint/models/executable_layout.h"
#include "endpoint/models/samples.h"

namespace firebreak::endpoint::models {
namespace {

using base::Bytes;
using executables::NewPe;

float of(const FeatureVector& features, Feature feature) {
    return features[static_cast<size_t>(feature)];
}

float of(const Bytes& bytes, Feature feature) {
    return of(features_of(bytes), feature);
}

Bytes random_bytes(size_t size) {
    const base::RandomStream stream(3, base::Stream::kMutation);
    Bytes bytes(size);
    for (size_t i = 0; i < size; ++i) {
        bytes[i] = static_cast<uint8_t>(stream.bits(i));
    }
    return bytes;
}

Bytes all_values(size_t times) {
    Bytes bytes;
    for (size_t i = 0; i < 256 * times; ++i) {
        bytes.push_back(static_cast<uint8_t>(i));
    }
    return bytes;
}

TEST(Features, HaveNamesThatDiffer) {
    std::set<std::string_view> names;
    for (uint32_t i = 0; i < kFeatureCount; ++i) {
        names.insert(to_text(static_cast<Feature>(i)));
    }
    EXPECT_EQ(names.size(), kFeatureCount);
    EXPECT_FALSE(names.contains("unknown"));
    EXPECT_EQ(to_text(Feature::kRelocations), "relocations");
    EXPECT_EQ(to_text(Feature::kCount), "unknown");
}

TEST(Features, OfNothingAreZero) {
    EXPECT_EQ(features_of({}), FeatureVector{});
}

TEST(Features, MeasureHowBytesAreSpread) {
    const Bytes even = all_values(32);  // 8 KiB
    EXPECT_FLOAT_EQ(of(even, Feature::kLogSize), std::log2(8193.0f));
    EXPECT_FLOAT_EQ(of(even, Feature::kEntropy), 8);
    EXPECT_FLOAT_EQ(of(even, Feature::kMeanByte), 0.5);
    EXPECT_FLOAT_EQ(of(even, Feature::kByteSpread), std::sqrt(65535.0f / 12) / 127.5f);
    EXPECT_FLOAT_EQ(of(even, Feature::kZeros), 1.0f / 256);
    EXPECT_FLOAT_EQ(of(even, Feature::kHighBytes), 0.5);
    EXPECT_FLOAT_EQ(of(even, Feature::kPrintable), 98.0f / 256);
    EXPECT_FLOAT_EQ(of(even, Feature::kText), 95.0f / 256);  // tab and line feeds stand alone
    EXPECT_FLOAT_EQ(of(even, Feature::kUnevenness), 0);
    EXPECT_GT(of(even, Feature::kNeighbours), 0.9);
    EXPECT_FLOAT_EQ(of(even, Feature::kRepeats), 0);
    EXPECT_FLOAT_EQ(of(even, Feature::kWindowEntropyMean), 8);
    EXPECT_FLOAT_EQ(of(even, Feature::kWindowEntropySpread), 0);
    EXPECT_FLOAT_EQ(of(even, Feature::kDenseWindows), 1);
}

TEST(Features, TellEmptyWindowsFromDenseOnes) {
    Bytes bytes = all_values(16);
    bytes.resize(2 * kWindow);            // the second one all zeros
    bytes.resize(2 * kWindow + 1023, 7);  // too short to count
    EXPECT_FLOAT_EQ(of(bytes, Feature::kWindowEntropyMost), 8);
    EXPECT_FLOAT_EQ(of(bytes, Feature::kWindowEntropyLeast), 0);
    EXPECT_FLOAT_EQ(of(bytes, Feature::kWindowEntropyMean), 4);
    EXPECT_FLOAT_EQ(of(bytes, Feature::kWindowEntropySpread), 4);
    EXPECT_FLOAT_EQ(of(bytes, Feature::kDenseWindows), 0.5);
    bytes.push_back(7);
    EXPECT_FLOAT_EQ(of(bytes, Feature::kDenseWindows), 1.0f / 3);
}

TEST(Features, FindTextAndRepeats) {
    const std::string text = "a plain sentence\n";
    EXPECT_FLOAT_EQ(of(base::bytes_of(text), Feature::kText), 1);
    EXPECT_FLOAT_EQ(of(base::bytes_of("short"), Feature::kText), 0);  // a run of five
    EXPECT_FLOAT_EQ(of(Bytes(1000, 9), Feature::kRepeats), 1);
    EXPECT_FLOAT_EQ(of(Bytes(1000, 9), Feature::kNeighbours), 0);
    EXPECT_NEAR(of(random_bytes(1u << 20), Feature::kNeighbours), 0, 0.01);
}

// One section that runs, of zeros; one of all values; and an overlay.
TEST(Features, DescribeAProgramAndItsSections) {
    NewPe program;
    program.sections = {{".text", Bytes(512)}, {".data", all_values(6)}};
    Bytes bytes = executables::make_pe(program).value();
    const size_t size = bytes.size() + 1024;
    bytes.resize(size, 0x41);
    const FeatureVector features = features_of(bytes);
    const auto share = [&](size_t part) {
        return static_cast<float>(part) / static_cast<float>(size);
    };
    EXPECT_EQ(of(features, Feature::kIsPe), 1);
    EXPECT_EQ(of(features, Feature::kIsElf), 0);
    EXPECT_EQ(of(features, Feature::kIsWide), 1);
    EXPECT_FLOAT_EQ(of(features, Feature::kLogSections), std::log2(3.0f));
    EXPECT_FLOAT_EQ(of(features, Feature::kExecutableShare), share(512));
    EXPECT_FLOAT_EQ(of(features, Feature::kWritableShare), share(1536));
    EXPECT_EQ(of(features, Feature::kWritableCode), 0);
    EXPECT_FLOAT_EQ(of(features, Feature::kSectionEntropyMost), 8);
    EXPECT_FLOAT_EQ(of(features, Feature::kSectionEntropyLeast), 0);
    EXPECT_FLOAT_EQ(of(features, Feature::kCodeEntropy), 0);
    EXPECT_FLOAT_EQ(of(features, Feature::kDataEntropy), 8);
    EXPECT_FLOAT_EQ(of(features, Feature::kCodeZeros), 1);
    EXPECT_FLOAT_EQ(of(features, Feature::kEntryEntropy), 0);
    EXPECT_EQ(of(features, Feature::kEntryInLast), 0);
    EXPECT_FLOAT_EQ(of(features, Feature::kOverlayShare), share(1024));
    EXPECT_FLOAT_EQ(of(features, Feature::kOverlayEntropy), 0);
}

TEST(Features, SeeSectionsThatAreWrittenToAndRun) {
    NewPe program;
    program.sections = {{".text", Bytes(512, 0x48)}};
    Bytes bytes = executables::make_pe(program).value();
    EXPECT_FLOAT_EQ(of(bytes, Feature::kCodeCommon), 1);
    const size_t flags = 64 + 24 + 240 + 36;  // behind DOS, COFF and optional header
    executables::put_at(bytes, flags, 0xe0000020, 4);
    EXPECT_EQ(of(bytes, Feature::kWritableCode), 1);
    EXPECT_EQ(of(bytes, Feature::kEntryWritable), 1);
}

// Of the build, and of the linker that made it.
TEST(Features, DescribeTheModelThatTheBuildMade) {
    const Bytes bytes = test::model_bytes("packed");
    const FeatureVector features = features_of(bytes);
    EXPECT_EQ(of(features, Feature::kIsElf), 1);
    EXPECT_EQ(of(features, Feature::kIsWide), 1);
    EXPECT_EQ(of(features, Feature::kRelocations), 1);
    EXPECT_FLOAT_EQ(of(features, Feature::kLogLibraries), std::log2(1.0f + 1));  // libm
    EXPECT_FLOAT_EQ(of(features, Feature::kLogFunctions), std::log2(1.0f + 1));  // expf
    EXPECT_EQ(of(features, Feature::kOverlayShare), 0);
    EXPECT_EQ(of(features, Feature::kWritableCode), 0);
}

// A header with two libraries, three functions and one.
TEST(Features, CountWhatAPeImports) {
    Bytes imports(256);
    constexpr uint32_t kAddress = 0x2000;  // of the second section
    using executables::put_at;
    put_at(imports, 0, kAddress + 100, 4);
    put_at(imports, 16, kAddress + 200, 4);
    put_at(imports, 20 + 16, kAddress + 140, 4);  // without names: by addresses
    for (const size_t at : {100, 108, 116, 140}) {
        put_at(imports, at, 0x1234, 8);
    }
    NewPe program;
    program.sections = {{".text", Bytes(512)}, {".idata", imports}};
    Bytes bytes = executables::make_pe(program).value();
    put_at(bytes, 64 + 24 + 112 + 8, kAddress, 4);  // the directory of imports
    put_at(bytes, 64 + 24 + 112 + 12, 60, 4);
    const auto layout = layout_of(bytes);
    ASSERT_TRUE(layout.has_value());
    EXPECT_EQ(layout->libraries, 2u);
    EXPECT_EQ(layout->functions, 4u);
}

// Every section the whole file: as many bytes to look at as the file has, squared.
TEST(Features, AreLinearForSectionsThatOverlap) {
    NewPe program;
    for (int i = 0; i < 96; ++i) {
        program.sections.push_back({"x", Bytes(1)});
    }
    Bytes bytes = executables::make_pe(program).value();
    bytes.resize(1u << 20, 0x55);
    constexpr size_t kSectionTable = 64 + 24 + 240;
    for (size_t i = 0; i < 96; ++i) {
        executables::put_at(bytes, kSectionTable + i * 40 + 16, bytes.size(), 4);
        executables::put_at(bytes, kSectionTable + i * 40 + 20, 0, 4);
    }
    const auto layout = layout_of(bytes);
    ASSERT_TRUE(layout.has_value());
    ASSERT_EQ(layout->sections.size(), 96u);
    // The first one uses up all there is time for: the others count as empty.
    Histogram whole;
    whole.add(bytes);
    EXPECT_FLOAT_EQ(of(bytes, Feature::kDataEntropy), static_cast<float>(whole.entropy()));
    EXPECT_FLOAT_EQ(of(bytes, Feature::kSectionEntropyLeast), static_cast<float>(whole.entropy()));
}

Bytes any_file() {
    const auto start = *rc::gen::inRange(0, 4);
    Bytes bytes = start == 0   ? *rc::gen::arbitrary<Bytes>()
                  : start == 1 ? test::plain_program(*rc::gen::inRange<size_t>(0, 100))
                  : start == 2 ? test::encrypted_program(*rc::gen::inRange<size_t>(0, 100))
                               : test::model_bytes("packed");
    for (int changes = *rc::gen::inRange(0, 20); changes > 0 && !bytes.empty(); --changes) {
        const size_t end = std::min<size_t>(bytes.size(), 1024);  // headers
        bytes[*rc::gen::inRange<size_t>(0, end)] = *rc::gen::element<uint8_t>(0, 1, 0x7f, 0xff);
    }
    return bytes;
}

RC_GTEST_PROP(FeaturesProperty, OfAnyBytesAreFiniteWithinTheirRangesAndTheSameAgain, ()) {
    const Bytes bytes = any_file();
    const FeatureVector features = features_of(bytes);
    RC_ASSERT(features == features_of(Bytes(bytes)));
    for (const float value : features) {
        RC_ASSERT(std::isfinite(value));
    }
    for (const Feature share :
         {Feature::kZeros, Feature::kPrintable, Feature::kText, Feature::kHighBytes,
          Feature::kRepeats, Feature::kDenseWindows, Feature::kExecutableShare,
          Feature::kHollowSections, Feature::kCodeZeros, Feature::kCodeCommon,
          Feature::kOverlayShare, Feature::kResources, Feature::kWritableShare}) {
        RC_ASSERT(of(features, share) >= 0 && of(features, share) <= 1);
    }
    for (const Feature entropy :
         {Feature::kEntropy, Feature::kWindowEntropyMean, Feature::kWindowEntropyLeast,
          Feature::kSectionEntropyMost, Feature::kSectionEntropyLeast, Feature::kCodeEntropy,
          Feature::kDataEntropy, Feature::kEntryEntropy, Feature::kOverlayEntropy}) {
        RC_ASSERT(of(features, entropy) >= 0 && of(features, entropy) <= 8);
    }
}

}  // namespace
}  // namespace firebreak::endpoint::models
