#include "fleet/population.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

namespace firebreak::fleet {

using base::RandomStream;
using base::Stream;

std::vector<uint32_t> shares(uint32_t total, const std::vector<double>& weights) {
    const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
    std::vector<uint32_t> counts(weights.size());
    std::vector<std::pair<double, size_t>> remainders;
    uint32_t given = 0;
    for (size_t i = 0; i < weights.size(); ++i) {
        const double exact = total * weights[i] / sum;
        counts[i] = static_cast<uint32_t>(std::floor(exact));
        given += counts[i];
        remainders.emplace_back(counts[i] - exact, i);  // ascending: largest remainder first
    }
    std::sort(remainders.begin(), remainders.end());
    for (size_t k = 0; given < total; ++k, ++given) {
        ++counts[remainders[k % remainders.size()].second];
    }
    return counts;
}

Population::Population(uint64_t seed, const std::vector<SegmentSpec>& segments,
                       std::vector<OnlinePattern> personas, uint32_t first_hour, SetId initial)
    : patterns_(std::move(personas)),
      first_hour_(first_hour),
      jitter_(seed, Stream::kPollJitter),
      online_(seed, Stream::kOnline) {
    const RandomStream shuffle(seed, Stream::kPersona);
    const RandomStream phases(seed, Stream::kPollPhase);
    const RandomStream tenants(seed, Stream::kTenant);
    size_t total = 0;
    for (const SegmentSpec& segment : segments) {
        total += segment.endpoints;
    }
    set_.assign(total, initial.value);
    tenant_.resize(total);
    phase_.resize(total);
    persona_.resize(total);

    Row row = 0;
    for (const SegmentSpec& segment : segments) {
        first_.push_back(row);
        const Row begin = row;
        const std::vector<uint32_t> counts = shares(segment.endpoints, segment.persona_weights);
        for (size_t p = 0; p < counts.size(); ++p) {
            std::fill_n(persona_.begin() + row, counts[p], static_cast<uint8_t>(p));
            row += counts[p];
        }
        for (Row i = row; i > begin + 1; --i) {  // Fisher-Yates
            const Row j = begin + static_cast<Row>(shuffle.below(i - begin, i));
            std::swap(persona_[i - 1], persona_[j]);
        }
        for (Row i = begin; i < row; ++i) {
            // One uniform draw in each of n equal parts of the hour: ascending by construction.
            const double part = (i - begin) + phases.unit(i);
            phase_[i] = static_cast<uint16_t>(
                std::min<double>(part * kPollPeriod_s / segment.endpoints, kPollPeriod_s - 1));
            tenant_[i] =
                segment.first_tenant + static_cast<uint32_t>(tenants.below(segment.tenants, i));
        }
    }
    first_.push_back(row);
}

size_t Population::segment_of(Row row) const {
    return static_cast<size_t>(std::upper_bound(first_.begin(), first_.end(), row) -
                               first_.begin()) -
           1;
}

bool Population::online(Row row, base::SimTime at) const {
    const auto hour = static_cast<uint64_t>(at.seconds / 3600);
    const float chance = patterns_[persona_[row]][(first_hour_ + hour) % 168];
    return chance >= 1 || online_.unit(row, hour) < static_cast<double>(chance);
}

base::SimTime Population::next_online(Row row, base::SimTime at, base::SimTime end) const {
    while (at < end && !online(row, at)) {
        at = {(at.seconds / 3600 + 1) * 3600};
    }
    return std::min(at, end);
}

base::SimTime Population::after_online(Row row, base::SimTime at, int64_t online_s,
                                       base::SimTime end) const {
    while (at < end) {
        const base::SimTime next_hour{(at.seconds / 3600 + 1) * 3600};
        if (online(row, at)) {
            const int64_t left = (next_hour - at).seconds;
            if (online_s < left) {
                return std::min(at + base::Duration{online_s}, end);
            }
            online_s -= left;
        }
        at = next_hour;
    }
    return end;
}

uint64_t Population::due_polls(size_t segment, base::SimTime from, base::SimTime to,
                               std::span<const uint8_t> idle, std::vector<Due>& due) const {
    const auto phase_begin = phase_.begin() + begin(segment);
    const auto phase_end = phase_.begin() + end(segment);
    const auto row_at = [&](int64_t phase) {
        const auto wanted = static_cast<uint16_t>(std::clamp<int64_t>(phase, 0, kPollPeriod_s));
        return static_cast<Row>(std::lower_bound(phase_begin, phase_end, wanted) - phase_.begin());
    };
    uint64_t polls = 0;
    const int64_t hour = from.seconds / kPollPeriod_s;
    // The chance of being online in this hour, by persona, as what 53 random bits must stay below:
    // the same comparison as online() makes, once for all rows.
    std::array<uint64_t, 256> online_below{};
    for (size_t p = 0; p < patterns_.size(); ++p) {
        const double chance = patterns_[p][(first_hour_ + static_cast<uint64_t>(hour)) % 168];
        online_below[p] = static_cast<uint64_t>(std::ceil(std::min(chance, 1.0) * 0x1.0p53));
    }
    // Polls of the hour before may have been delayed into this slice. Theirs are the last phases of
    // the hour, so this hour's go first to keep rows ascending.
    for (const int64_t k : {hour, hour - 1}) {
        const int64_t hour_start = k * kPollPeriod_s;
        if (k < 0) {
            continue;
        }
        const Row last = row_at(to.seconds - hour_start);
        polls += last - row_at(from.seconds - hour_start);
        for (Row row = row_at(from.seconds - hour_start - kPollJitter_s); row < last; ++row) {
            if (idle[set_[row]] != 0 || (online_.bits(row, static_cast<uint64_t>(hour)) >> 11) >=
                                            online_below[persona_[row]]) {
                continue;
            }
            const auto delay = static_cast<int64_t>(
                jitter_.below(kPollJitter_s + 1, row, static_cast<uint64_t>(k)));
            const base::SimTime at{hour_start + phase_[row] + delay};
            if (at >= from && at < to) {
                due.push_back({row, at});
            }
        }
    }
    return polls;
}

}  // namespace firebreak::fleet
