// What a model sees of a file: numbers that say how the file is built and how its bytes are spread.
// Content says something about what to look for, and models are content: so what a feature means
// never changes, and whoever adds or changes one raises the version and has models trained anew.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/bytes.h"

namespace firebreak::endpoint::models {

inline constexpr uint32_t kFeatureSetVersion = 1;

// In the order in which models get them. Entropies are Shannon's, in bits per byte, 0 to 8, and 0
// of nothing; shares are 0 to 1, and 0 of nothing. A window is 4,096 bytes; a last one of fewer
// than 1,024 counts only where it is the first. Sections are a PE's sections or an ELF's segments
// that are loaded, the first 128 of either. Names of sections are nowhere in here: whoever packs a
// program gives them any.
enum class Feature : uint32_t {
    // Of the whole file, whatever it is.
    kLogSize,              // log2(1 + bytes)
    kEntropy,              // of all bytes
    kMeanByte,             // over 255
    kByteSpread,           // standard deviation over 127.5
    kZeros,                // share of bytes that are 0
    kPrintable,            // share that is ASCII 0x20 to 0x7e, tab, line feed, carriage return
    kText,                 // share that stands in runs of 6 or more such bytes
    kHighBytes,            // share from 0x80
    kUnevenness,           // log10(1 + chi-square per byte against all 256 values alike)
    kNeighbours,           // correlation of a byte with the next, -1 to 1
    kRepeats,              // share of bytes that equal the one before
    kWindowEntropyMean,    //
    kWindowEntropyMost,    //
    kWindowEntropyLeast,   //
    kWindowEntropySpread,  // standard deviation
    kDenseWindows,         // share of windows with an entropy of 7.8 or more; random bytes: 7.95
    // Of its headers; 0 if it is neither PE nor ELF.
    kIsPe,
    kIsElf,
    kIsWide,               // PE32+, ELF64
    kLogSections,          // log2(1 + how many)
    kExecutableShare,      // bytes of sections that may run, of the file's
    kWritableShare,        // that may be written to
    kWritableCode,         // how many sections may be both, at most 16
    kHollowSections,       // share of sections that have room in memory and no bytes in the file
    kLogMemoryRatio,       // log2((1 + bytes in memory) / (1 + bytes in the file)) of sections,
                           // -32 to 32
    kSectionEntropyMost,   //
    kSectionEntropyLeast,  // of sections with bytes
    kCodeEntropy,          // of all sections together that may run
    kDataEntropy,          // of all others together
    kCodeZeros,            // share of bytes that are 0 in sections that may run
    kCodeCommon,           // share of the 8 bytes that are most frequent in x86 code beside 0:
                           // 0x48 0x8b 0x89 0x83 0xe8 0xff 0x0f 0x24
    kEntryEntropy,         // of the section that the entry point lies in
    kEntryInLast,          // 1: that section is the last one, of several
    kEntryWritable,        // 1: it may be written to
    kOverlayShare,         // bytes behind all that headers account for
    kOverlayEntropy,       //
    kLogLibraries,         // log2(1 + libraries that it imports from)
    kLogFunctions,         // log2(1 + functions that it imports; ELF: through its linkage table)
    kResources,            // share that a PE's resources have
    kRelocations,          // 1: it can be moved
    kCount,
};

inline constexpr uint32_t kFeatureCount = static_cast<uint32_t>(Feature::kCount);
using FeatureVector = std::array<float, kFeatureCount>;

std::string_view to_text(Feature feature);  // "code_entropy"

// Of any bytes at all; all finite. Linear in the bytes: sections that overlap, so that together
// they have more bytes than the file, are read until as many as the file has are used up. Equal
// bytes give equal features.
FeatureVector features_of(base::ByteView bytes);

}  // namespace firebreak::endpoint::models
