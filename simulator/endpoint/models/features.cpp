#include "endpoint/models/features.h"

#include <algorithm>
#include <cmath>

#include "endpoint/models/byte_statistics.h"
#include "endpoint/models/executable_layout.h"

namespace firebreak::endpoint::models {

namespace {

using base::ByteView;

constexpr std::array<uint8_t, 8> kCommonInCode = {0x48, 0x8b, 0x89, 0x83, 0xe8, 0xff, 0x0f, 0x24};

// The vector under construction.
class Features {
  public:
    void set(Feature feature, double value) {
        values_[static_cast<size_t>(feature)] = static_cast<float>(value);
    }
    void set_share(Feature feature, uint64_t part, uint64_t whole) {
        set(feature, whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole));
    }
    void set_log(Feature feature, uint64_t count) {
        set(feature, std::log2(1 + static_cast<double>(count)));
    }
    const FeatureVector& values() const { return values_; }

  private:
    FeatureVector values_{};
};

double share_of(const Histogram& histogram, bool (*belongs)(uint8_t)) {
    double share = 0;
    for (unsigned value = 0; value < 256; ++value) {
        if (belongs(static_cast<uint8_t>(value))) {
            share += histogram.share(static_cast<uint8_t>(value));
        }
    }
    return share;
}

void add_bytes(ByteView bytes, Features& features) {
    Histogram histogram;
    const Windows windows = windows_of(bytes, histogram);
    features.set_log(Feature::kLogSize, bytes.size());
    features.set(Feature::kEntropy, histogram.entropy());
    features.set(Feature::kMeanByte, histogram.mean() / 255);
    features.set(Feature::kByteSpread, histogram.deviation() / 127.5);
    features.set(Feature::kZeros, histogram.share(0));
    features.set(Feature::kPrintable,
                 share_of(histogram, [](uint8_t value) { return is_printable(value); }));
    features.set(Feature::kHighBytes,
                 share_of(histogram, [](uint8_t value) { return value >= 0x80; }));
    features.set(Feature::kUnevenness, std::log10(1 + histogram.unevenness()));
    const Sequence sequence = sequence_of(bytes, histogram);
    features.set(Feature::kText, sequence.text);
    features.set(Feature::kNeighbours, sequence.correlation);
    features.set(Feature::kRepeats, sequence.repeats);
    features.set(Feature::kWindowEntropyMean, windows.mean);
    features.set(Feature::kWindowEntropyMost, windows.most);
    features.set(Feature::kWindowEntropyLeast, windows.least);
    features.set(Feature::kWindowEntropySpread, windows.deviation);
    features.set(Feature::kDenseWindows, windows.dense);
}

// One for each section; empty ones where sections overlap so much that there is no time for them.
std::vector<Histogram> histograms_of(const ExecutableLayout& layout, size_t file_bytes) {
    std::vector<Histogram> all(layout.sections.size());
    size_t left = file_bytes;
    for (size_t i = 0; i < all.size(); ++i) {
        const ByteView bytes = layout.sections[i].bytes;
        if (bytes.size() <= left) {
            all[i].add(bytes);
            left -= bytes.size();
        }
    }
    return all;
}

void add_sections(const ExecutableLayout& layout, size_t file_bytes, Features& features) {
    uint64_t executable = 0, writable = 0, both = 0, hollow = 0;
    double in_memory = 1, in_file = 1;
    for (const LayoutSection& section : layout.sections) {
        executable += section.executable ? section.bytes.size() : 0;
        writable += section.writable ? section.bytes.size() : 0;
        both += section.executable && section.writable ? 1 : 0;
        hollow += section.bytes.empty() && section.memory_size > 0 ? 1 : 0;
        in_memory += static_cast<double>(section.memory_size);
        in_file += static_cast<double>(section.bytes.size());
    }
    features.set_log(Feature::kLogSections, layout.sections.size());
    features.set_share(Feature::kExecutableShare, std::min(executable, file_bytes), file_bytes);
    features.set_share(Feature::kWritableShare, std::min(writable, file_bytes), file_bytes);
    features.set(Feature::kWritableCode, static_cast<double>(std::min<uint64_t>(both, 16)));
    features.set_share(Feature::kHollowSections, hollow, layout.sections.size());
    features.set(Feature::kLogMemoryRatio, std::clamp(std::log2(in_memory / in_file), -32.0, 32.0));
}

void add_contents(const ExecutableLayout& layout, const std::vector<Histogram>& histograms,
                  Features& features) {
    Histogram code, data;
    double most = 0, least = 8;
    for (size_t i = 0; i < histograms.size(); ++i) {
        if (histograms[i].total() == 0) {
            continue;
        }
        (layout.sections[i].executable ? code : data).add(histograms[i]);
        most = std::max(most, histograms[i].entropy());
        least = std::min(least, histograms[i].entropy());
    }
    double common = 0;
    for (const uint8_t value : kCommonInCode) {
        common += code.share(value);
    }
    features.set(Feature::kSectionEntropyMost, most);
    features.set(Feature::kSectionEntropyLeast, std::min(least, most));
    features.set(Feature::kCodeEntropy, code.entropy());
    features.set(Feature::kDataEntropy, data.entropy());
    features.set(Feature::kCodeZeros, code.share(0));
    features.set(Feature::kCodeCommon, common);
    if (layout.entry_section) {
        const size_t entry = *layout.entry_section;
        const bool last = entry > 0 && entry + 1 == histograms.size();
        features.set(Feature::kEntryEntropy, histograms[entry].entropy());
        features.set(Feature::kEntryInLast, last ? 1 : 0);
        features.set(Feature::kEntryWritable, layout.sections[entry].writable ? 1 : 0);
    }
}

void add_surroundings(const ExecutableLayout& layout, size_t file_bytes, Features& features) {
    Histogram overlay;
    overlay.add(layout.overlay);
    features.set(Feature::kIsPe, layout.pe ? 1 : 0);
    features.set(Feature::kIsElf, layout.pe ? 0 : 1);
    features.set(Feature::kIsWide, layout.wide ? 1 : 0);
    features.set_share(Feature::kOverlayShare, layout.overlay.size(), file_bytes);
    features.set(Feature::kOverlayEntropy, overlay.entropy());
    features.set_log(Feature::kLogLibraries, layout.libraries);
    features.set_log(Feature::kLogFunctions, layout.functions);
    features.set_share(Feature::kResources, layout.resource_bytes, file_bytes);
    features.set(Feature::kRelocations, layout.relocations ? 1 : 0);
}

constexpr std::array<std::string_view, kFeatureCount> kNames = {
    "log_size",
    "entropy",
    "mean_byte",
    "byte_spread",
    "zeros",
    "printable",
    "text",
    "high_bytes",
    "unevenness",
    "neighbours",
    "repeats",
    "window_entropy_mean",
    "window_entropy_most",
    "window_entropy_least",
    "window_entropy_spread",
    "dense_windows",
    "is_pe",
    "is_elf",
    "is_wide",
    "log_sections",
    "executable_share",
    "writable_share",
    "writable_code",
    "hollow_sections",
    "log_memory_ratio",
    "section_entropy_most",
    "section_entropy_least",
    "code_entropy",
    "data_entropy",
    "code_zeros",
    "code_common",
    "entry_entropy",
    "entry_in_last",
    "entry_writable",
    "overlay_share",
    "overlay_entropy",
    "log_libraries",
    "log_functions",
    "resources",
    "relocations",
};

}  // namespace

std::string_view to_text(Feature feature) {
    const size_t index = static_cast<size_t>(feature);
    return index < kNames.size() ? kNames[index] : "unknown";
}

FeatureVector features_of(ByteView bytes) {
    Features features;
    add_bytes(bytes, features);
    if (const auto layout = layout_of(bytes)) {
        add_sections(*layout, bytes.size(), features);
        add_contents(*layout, histograms_of(*layout, bytes.size()), features);
        add_surroundings(*layout, bytes.size(), features);
    }
    return features.values();
}

}  // namespace firebreak::endpoint::models
