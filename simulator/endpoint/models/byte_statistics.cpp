#include "endpoint/models/byte_statistics.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace firebreak::endpoint::models {

namespace {

using base::ByteView;

using Counts = std::array<uint32_t, 256>;

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

double window_entropy(ByteView window) {
    const std::vector<double>& weight = weights();
    double sum = 0;
    for (const uint32_t count : counts_of(window)) {
        sum += weight[count];
    }
    const double total = static_cast<double>(window.size());
    return std::max(0.0, std::log2(total) - sum / total);
}

}  // namespace

void Histogram::add(ByteView bytes) {
    // Counts of 32 bits are enough for a gigabyte at a time.
    constexpr size_t kAtOnce = size_t{1} << 30;
    for (; !bytes.empty(); bytes = bytes.subspan(std::min(kAtOnce, bytes.size()))) {
        const ByteView some = bytes.first(std::min(kAtOnce, bytes.size()));
        const Counts counts = counts_of(some);
        for (size_t value = 0; value < 256; ++value) {
            counts_[value] += counts[value];
        }
        total_ += some.size();
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
    uint64_t products = 0, equal = 0, in_text = 0, run = 0;
    const auto end_run = [&] {
        in_text += run >= kTextRun ? run : 0;
        run = 0;
    };
    for (size_t i = 0; i < bytes.size(); ++i) {
        if (is_printable(bytes[i])) {
            ++run;
        } else {
            end_run();
        }
        if (i > 0) {
            products += uint64_t{bytes[i - 1]} * bytes[i];
            equal += bytes[i - 1] == bytes[i] ? 1 : 0;
        }
    }
    end_run();
    const double pairs = static_cast<double>(bytes.size() - 1);
    const double spread = histogram.deviation() * histogram.deviation();
    const double together =
        static_cast<double>(products) / pairs - histogram.mean() * histogram.mean();
    Sequence sequence;
    sequence.correlation = spread < 1e-9 ? 0 : std::clamp(together / spread, -1.0, 1.0);
    sequence.repeats = static_cast<double>(equal) / pairs;
    sequence.text = static_cast<double>(in_text) / static_cast<double>(bytes.size());
    return sequence;
}

Windows windows_of(ByteView bytes) {
    Windows all;
    double sum = 0, squares = 0, dense = 0, windows = 0;
    for (size_t at = 0; at < bytes.size(); at += kWindow) {
        const ByteView window = bytes.subspan(at, std::min(kWindow, bytes.size() - at));
        if (at > 0 && window.size() < kLeastWindow) {
            break;
        }
        const double entropy = window_entropy(window);
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
