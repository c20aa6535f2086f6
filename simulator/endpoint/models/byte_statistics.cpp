#include "endpoint/models/byte_statistics.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace firebreak::endpoint::models {

namespace {

using base::ByteView;

// Four tables, so that equal bytes in a row do not wait for one another's count.
Counts counts_of(ByteView bytes) {
    std::array<Counts, 4> lanes{};
    size_t at = 0;
    for (; at + 4 <= bytes.size(); at += 4) {
        ++lanes[0][bytes[at]];
        ++lanes[1][bytes[at + 1]];
        ++lanes[2][bytes[at + 2]];
        ++lanes[3][bytes[at + 3]];
    }
    for (; at < bytes.size(); ++at) {
        ++lanes[0][bytes[at]];
    }
    for (size_t value = 0; value < 256; ++value) {
        lanes[0][value] += lanes[1][value] + lanes[2][value] + lanes[3][value];
    }
    return lanes[0];
}

// n log2 n for n up to a window's size: its entropy is then a sum of look-ups.
const std::vector<double>& weights() {
    static const std::vector<double> table = [] {
        std::vector<double> all(kWindow + 1);
        for (size_t n = 1; n < all.size(); ++n) {
            all[n] = static_cast<double>(n) * std::log2(static_cast<double>(n));
        }
        return all;
    }();
    return table;
}

double entropy_of(const Counts& counts, size_t window_bytes) {
    const std::vector<double>& weight = weights();
    double sum = 0;
    for (const uint32_t count : counts) {
        sum += weight[count];
    }
    const double total = static_cast<double>(window_bytes);
    return std::max(0.0, std::log2(total) - sum / total);
}

constexpr size_t kBlock = 4096;  // so small that sums of products fit into 32 bits

struct Pairs {
    uint64_t products = 0;
    uint64_t equal = 0;
};

// In blocks, and without a branch, so that the compiler makes vectors of it.
Pairs pairs_of(ByteView bytes) {
    Pairs pairs;
    for (size_t begin = 1; begin < bytes.size(); begin += kBlock) {
        const size_t end = std::min(begin + kBlock, bytes.size());
        uint32_t products = 0, equal = 0;
        for (size_t i = begin; i < end; ++i) {
            products += uint32_t{bytes[i - 1]} * bytes[i];
            equal += bytes[i - 1] == bytes[i] ? 1 : 0;
        }
        pairs.products += products;
        pairs.equal += equal;
    }
    return pairs;
}

// Bytes in runs of kTextRun printable ones or more. Without a branch: in data, none is predicted.
uint64_t text_in(ByteView bytes) {
    static constexpr std::array<uint64_t, 256> kPrintable = [] {
        std::array<uint64_t, 256> masks{};
        for (size_t value = 0; value < 256; ++value) {
            masks[value] = is_printable(static_cast<uint8_t>(value)) ? ~uint64_t{0} : 0;
        }
        return masks;
    }();
    uint64_t run = 0, in_text = 0;
    for (const uint8_t byte : bytes) {
        run = (run + 1) & kPrintable[byte];
        in_text += (run >= kTextRun ? 1u : 0u) + (run == kTextRun ? kTextRun - 1 : 0u);
    }
    return in_text;
}

}  // namespace

void Histogram::add(ByteView bytes) {
    // Counts of 32 bits are enough for a gigabyte at a time.
    constexpr size_t kAtOnce = size_t{1} << 30;
    for (; !bytes.empty(); bytes = bytes.subspan(std::min(kAtOnce, bytes.size()))) {
        const ByteView some = bytes.first(std::min(kAtOnce, bytes.size()));
        add(counts_of(some));
    }
}

void Histogram::add(const Counts& counts) {
    for (size_t value = 0; value < 256; ++value) {
        counts_[value] += counts[value];
        total_ += counts[value];
    }
}

void Histogram::add(const Histogram& other) {
    for (size_t value = 0; value < 256; ++value) {
        counts_[value] += other.counts_[value];
    }
    total_ += other.total_;
}

double Histogram::share(uint8_t value) const {
    return total_ == 0 ? 0 : static_cast<double>(counts_[value]) / static_cast<double>(total_);
}

double Histogram::entropy() const {
    double bits = 0;
    for (size_t value = 0; value < 256; ++value) {
        if (counts_[value] > 0) {
            const double p = share(static_cast<uint8_t>(value));
            bits -= p * std::log2(p);
        }
    }
    return std::clamp(bits, 0.0, 8.0);
}

double Histogram::mean() const {
    double sum = 0;
    for (size_t value = 0; value < 256; ++value) {
        sum += static_cast<double>(value) * share(static_cast<uint8_t>(value));
    }
    return sum;
}

double Histogram::deviation() const {
    const double middle = mean();
    double sum = 0;
    for (size_t value = 0; value < 256; ++value) {
        const double away = static_cast<double>(value) - middle;
        sum += away * away * share(static_cast<uint8_t>(value));
    }
    return std::sqrt(sum);
}

double Histogram::unevenness() const {
    if (total_ == 0) {
        return 0;
    }
    double sum = 0;
    for (size_t value = 0; value < 256; ++value) {
        const double away = share(static_cast<uint8_t>(value)) - 1.0 / 256;
        sum += away * away * 256;
    }
    return sum;
}

Sequence sequence_of(ByteView bytes, const Histogram& histogram) {
    if (bytes.size() < 2) {
        return {};
    }
    const Pairs found = pairs_of(bytes);
    const double pairs = static_cast<double>(bytes.size() - 1);
    const double spread = histogram.deviation() * histogram.deviation();
    const double together =
        static_cast<double>(found.products) / pairs - histogram.mean() * histogram.mean();
    Sequence sequence;
    sequence.correlation = spread < 1e-9 ? 0 : std::clamp(together / spread, -1.0, 1.0);
    sequence.repeats = static_cast<double>(found.equal) / pairs;
    sequence.text = static_cast<double>(text_in(bytes)) / static_cast<double>(bytes.size());
    return sequence;
}

Windows windows_of(ByteView bytes, Histogram& whole) {
    Windows all;
    double sum = 0, squares = 0, dense = 0, windows = 0;
    for (size_t at = 0; at < bytes.size(); at += kWindow) {
        const ByteView window = bytes.subspan(at, std::min(kWindow, bytes.size() - at));
        const Counts counts = counts_of(window);
        whole.add(counts);
        if (at > 0 && window.size() < kLeastWindow) {
            break;
        }
        const double entropy = entropy_of(counts, window.size());
        all.most = std::max(all.most, entropy);
        all.least = at == 0 ? entropy : std::min(all.least, entropy);
        sum += entropy;
        squares += entropy * entropy;
        dense += entropy >= kDense ? 1 : 0;
        ++windows;
    }
    if (windows > 0) {
        all.mean = sum / windows;
        all.deviation = std::sqrt(std::max(0.0, squares / windows - all.mean * all.mean));
        all.dense = dense / windows;
    }
    return all;
}

}  // namespace firebreak::endpoint::models
