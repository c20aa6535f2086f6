#include "models/series_view.h"

#include <algorithm>
#include <iterator>

namespace firebreak::models {

namespace {

using Place = Steps::const_iterator;

// Of the points of one column, in order.
void keep_shape(Place first, Place past, Steps& out) {
    const auto by_value = [](const record::Point& a, const record::Point& b) {
        return a.value < b.value;
    };
    const auto [low, high] = std::minmax_element(first, past, by_value);
    Place kept[] = {first, low, high, std::prev(past)};
    std::ranges::sort(kept);
    for (const Place place : std::ranges::subrange(kept, std::unique(kept, std::end(kept)))) {
        out.push_back(*place);
    }
}

}  // namespace

std::optional<double> value_at(const Steps& steps, base::SimTime at) {
    const auto after = std::ranges::upper_bound(steps, at, {}, &record::Point::at);
    return after == steps.begin() ? std::nullopt : std::optional(std::prev(after)->value);
}

Steps view(const Steps& steps, base::SimTime begin, base::SimTime end, size_t columns) {
    Steps out;
    Place at = std::ranges::upper_bound(steps, begin, {}, &record::Point::at);
    const Place past = std::ranges::upper_bound(at, steps.end(), end, {}, &record::Point::at);
    if (at != steps.begin()) {
        out.push_back({begin, std::prev(at)->value});
    }
    const int64_t span = end.seconds - begin.seconds;
    const auto count = static_cast<int64_t>(columns);
    const auto column = [&](const record::Point& point) {
        return std::min((point.at.seconds - begin.seconds) * count / span, count - 1);
    };
    while (at != past) {
        const int64_t here = column(*at);
        const Place next = std::partition_point(
            at, past, [&](const auto& point) { return column(point) == here; });
        keep_shape(at, next, out);
        at = next;
    }
    if (!out.empty() && out.back().at < end) {
        out.push_back({end, out.back().value});
    }
    return out;
}

double highest(const Steps& steps) {
    double most = 0;
    for (const record::Point& point : steps) {
        most = std::max(most, point.value);
    }
    return most;
}

}  // namespace firebreak::models
